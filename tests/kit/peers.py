"""Peers that speak to a raw door: a socket that expects, and real netcat on a terminal."""

import re
import select
import socket
import struct
import subprocess
from collections.abc import Sequence

from .need import need_program
from .screen import Screen
from .server import Server
from .wait import GENEROUS, wait_until

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST


class RawPeer:
    """A TCP connection to a raw door that remembers all it was sent. Use as a context manager."""

    def __init__(self, server: Server | tuple[str, int], *, unix: str | None = None) -> None:
        if unix is not None:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(GENEROUS)
            self.socket.connect(unix)
        else:
            address = server.address() if isinstance(server, Server) else server
            self.socket = socket.create_connection(address, timeout=GENEROUS)
        self.received = b""
        self.ended: str | None = None  # "end" or "reset"

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def line(self, text: str) -> None:
        self.send(text.encode() + b"\r")

    def half_close(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def pump(self, timeout: float = 0) -> bool:
        """Reads what has come; whether there was anything."""
        if self.ended or not select.select([self.socket], [], [], timeout)[0]:
            return False
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError:
            self.ended = "reset"
            return False
        if not data:
            self.ended = "end"
            return False
        self.received += data
        return True

    def expect(self, pattern: str | bytes, *, within: float = GENEROUS) -> re.Match[bytes]:
        """Waits until all that was received matches a regular expression somewhere."""
        wanted = re.compile(pattern.encode() if isinstance(pattern, str) else pattern, re.DOTALL)

        def seen() -> re.Match[bytes] | None:
            while not (match := wanted.search(self.received)):
                if not self.pump(0.02):
                    return None
            return match

        return wait_until(seen, f"{wanted.pattern!r} from the server", within=within,
                          describe=lambda: f"{self.ended or 'open'}, {self.received[-2000:]!r}")

    def expect_end(self, *, within: float = GENEROUS) -> bytes:
        """Reads to the end of the connection, which must be an orderly one; all that was received."""

        def ended() -> str | None:
            while self.pump(0.02):
                pass
            return self.ended

        wait_until(ended, "the connection to end", within=within, describe=lambda: self.received[-2000:])
        assert self.ended == "end", f"the connection was reset after {self.received[-2000:]!r}"
        return self.received

    def vanish(self) -> None:
        """Goes away with a reset, as a machine that lost power is noticed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.socket.close()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "RawPeer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def netcat() -> str:
    """OpenBSD's netcat, the one that has -N (half-close at end of input)."""
    return need_program("nc.openbsd", "netcat-openbsd")


def pipe_to_netcat(server: Server, data: bytes, flags: Sequence[str] = ("-N",)) -> bytes:
    """`printf DATA | nc -N HOST PORT`: what it prints when it ends by itself."""
    host, port = server.address()
    done = subprocess.run([netcat(), *flags, host, str(port)], input=data, stdout=subprocess.PIPE, timeout=3 * GENEROUS, check=False)
    assert done.returncode == 0, f"nc ends with status {done.returncode}"
    return done.stdout


def netcat_on_a_terminal(server: Server, **screen: object) -> Screen:
    """`stty raw -echo && nc HOST PORT; stty sane`, as a person types it."""
    host, port = server.address()
    command = f"stty raw -echo && {netcat()} {host} {port}; stty sane; echo back with $?"
    return Screen(["bash", "-c", command], environment=server.environment, **screen)
