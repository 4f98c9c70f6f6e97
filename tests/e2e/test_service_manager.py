"""What a service manager and the server say to each other: sockets handed over, READY=1, RELOADING=1, STOPPING=1.

The manager is played here, after sd_listen_fds(3) and sd_notify(3); `make deb` has the units read by systemd-analyze.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.server import base_environment, farpty_binary

PATIENCE = 30.0


class Manager:
    """Listens for notifications; starts the server with a raw door on a unix socket that it has bound itself."""

    def __init__(self, directory: Path) -> None:
        self.door = directory / "door.socket"
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.door))
        self.listening.listen()
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(str(directory / "notify.socket"))
        self.notified.settimeout(PATIENCE)
        self.environment = base_environment(directory) | {
            "NOTIFY_SOCKET": str(directory / "notify.socket"), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "raw"}
        self.server: subprocess.Popen[bytes] | None = None

    def start(self, *arguments: str) -> None:
        # The shell is there to know its own pid, which is the server's after exec, and to put the socket at 3.
        fd = self.listening.fileno()
        script = f'exec 3<&{fd}; [ {fd} = 3 ] || exec {fd}<&-; LISTEN_PID=$$ exec "$@"'
        self.server = subprocess.Popen(
            ["bash", "-c", script, "bash", farpty_binary(), "serve", *arguments],
            env=self.environment, pass_fds=[fd], stdin=subprocess.DEVNULL)

    def told(self) -> list[str]:
        return self.notified.recv(4096).decode().split("\n")

    def talk(self, text: bytes) -> bytes:
        """What the program behind the door says to `text` and end-of-file."""
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(PATIENCE)
            peer.connect(str(self.door))
            peer.sendall(text)
            peer.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: peer.recv(4096), b""))


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    if manager.server is not None:
        manager.server.kill()
        manager.server.wait()
    manager.listening.close()
    manager.notified.close()


def test_serves_the_socket_that_it_was_given_and_says_how_it_stands(manager: Manager, tmp_path: Path) -> None:
    config = tmp_path / "farpty.toml"
    config.write_text("")
    manager.start("--config", str(config), "--no-tty", "--", "sh", "-c", "tr a-z A-Z")
    assert manager.server is not None
    assert "READY=1" in manager.told()
    assert manager.talk(b"hello\n") == b"HELLO\n"

    manager.server.send_signal(signal.SIGHUP)
    assert any(word.startswith("RELOADING=1") for word in manager.told())
    assert "READY=1" in manager.told()

    manager.server.terminate()
    assert "STOPPING=1" in manager.told()
    assert manager.server.wait(PATIENCE) == 0
    assert manager.door.exists()  # it is the manager's, for the next activation


def test_sessions_do_not_inherit_the_managers_words(manager: Manager) -> None:
    manager.start("--no-tty", "--", "sh", "-c", "env; ls -l /proc/self/fd | grep -c socket")
    assert "READY=1" in manager.told()
    said = manager.talk(b"").decode()
    assert "LISTEN_" not in said and "NOTIFY_SOCKET" not in said
    assert said.endswith("\n0\n")  # sockets among its descriptors


def test_an_unknown_protocol_name_is_refused_with_a_hint(manager: Manager) -> None:
    manager.environment["LISTEN_FDNAMES"] = "gopher"
    manager.start()
    assert manager.server is not None
    assert manager.server.wait(PATIENCE) != 0


def test_without_a_manager_nothing_is_inherited(tmp_path: Path) -> None:
    """LISTEN_PID of somebody else: descriptor 3 is not a door."""
    environment = base_environment(tmp_path) | {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "raw"}
    server = subprocess.Popen([farpty_binary(), "serve", "--listen", "raw://127.0.0.1:0"], env=environment,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert server.stderr is not None
        line = b""
        while b"listening" not in line:
            line = server.stderr.readline()
            assert line
    finally:
        server.terminate()
        assert server.wait(PATIENCE) == 0
        server.stderr.close()
