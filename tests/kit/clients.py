"""The clients that a person may come with, each as the command that logs in at a server's door."""

from collections.abc import Callable
from typing import NamedTuple

from .need import need_program
from .peers import netcat
from .server import Server, farpty_binary


class Client(NamedTuple):
    door: str  # scheme of the door that it comes by
    command: Callable[[str, str], list[str]]  # of host and port
    term: str = "xterm-256color"  # what the program is told to run on

    def log_in(self, server: Server) -> list[str]:
        """The command; skips the test where the client is not installed."""
        host, port = server.address(self.door)
        return self.command(host, str(port))


def _farpty(scheme: str) -> Client:
    return Client(scheme, lambda host, port: [farpty_binary(), "connect", f"{scheme}://{host}:{port}"])


CLIENTS = {
    "farpty-raw": _farpty("raw"),
    "farpty-telnet": _farpty("telnet"),
    "netcat": Client("raw", lambda host, port: ["sh", "-c", f"stty raw -echo && {netcat()} {host} {port}; stty sane"]),
    "inetutils": Client("telnet", lambda host, port: [need_program("telnet", "inetutils-telnet"), host, port]),
    "inetutils-8bit": Client("telnet", lambda host, port: [need_program("telnet", "inetutils-telnet"), "-8", host, port]),
    "busybox": Client("telnet", lambda host, port: [need_program("busybox", "busybox-static"), "telnet", host, port]),
    # plink says what it is configured to be, not what it runs on.
    "plink": Client("telnet", lambda host, port: [need_program("plink", "putty-tools"), "-telnet", "-batch", "-P", port, host],
                    "xterm"),
}
TELNET_CLIENTS = ["inetutils", "inetutils-8bit", "busybox", "plink"]
