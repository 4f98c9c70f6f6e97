"""An sshd of the test's own, on loopback, which lets this user in by a key of the test's own."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .need import need
from .wait import wait_until


class Sshd:
    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.config = folder / "ssh_config"
        self.config.write_text(
            f"Host *\n  HostName 127.0.0.1\n  Port {port}\n  User {self.user}\n  IdentityFile {folder}/user\n  IdentitiesOnly yes\n"
            "  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n")


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port of loopback for a program that takes no port 0. It is bound and not listened at, so that the kernel gives it to
    nobody, and whoever asks for this one by number, with SO_REUSEADDR as every daemon does, gets it."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        return True
    return False


@contextlib.contextmanager
def running_sshd(folder: Path, environment: dict[str, str]) -> Iterator[Sshd]:
    """`folder` is the test's own; programs that ssh starts get `environment` on top of what sshd gives them."""
    program = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")
    need(program is not None and shutil.which("ssh") is not None, "sshd and ssh (openssh-server, openssh-client)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # compiled in; Debian's start script makes it
    folder.chmod(0o700)
    for key in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)], check=True)
    setenv = " ".join(f'"{name}={value}"' for name, value in environment.items())
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"PermitRootLogin prohibit-password\nPasswordAuthentication no\nPrintMotd no\nPrintLastLog no\nListenAddress 127.0.0.1\n"
        f"SetEnv {setenv}\n")
    with reserved_port() as port, (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-D", "-e", "-f", str(folder / "sshd_config"), "-p", str(port)],
                                   stdin=subprocess.DEVNULL, stderr=log)
        try:
            wait_until(lambda: process.poll() is not None or listens(port), "sshd to listen")
            assert process.poll() is None, f"sshd does not start: {(folder / 'log').read_text(errors='replace')}"
            yield Sshd(folder, port)
        finally:
            process.terminate()
            process.wait()
