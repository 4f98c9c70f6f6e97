"""A native door with someone who may come in: keys, and clients that use them."""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from .screen import Screen
from .server import Server, farpty_binary, serve
from .wait import GENEROUS


MEETING = threading.Lock()  # over a known_hosts file, between threads of a test


def config_folder(server: Server) -> Path:
    """~/.config/farpty of the server's user, who is the client's user too."""
    folder = server.home / ".config" / "farpty"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (server.home / ".config").chmod(0o700)
    return folder


def make_key(server: Server, name: str = "id_ed25519") -> Path:
    path = config_folder(server) / name
    subprocess.run([farpty_binary(), "keygen", "-f", str(path)], env=server.environment, check=True, stdout=subprocess.PIPE,
                   timeout=GENEROUS)
    return path


def authorize(server: Server, key: Path, options: str = "") -> None:
    file = config_folder(server) / "authorized_keys"
    line = key.with_name(key.name + ".pub").read_text()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as text:
        text.write(f"{options} {line}" if options else line)


@contextlib.contextmanager
def native_server(*arguments: str, options: str = "", **more: object) -> Iterator[Server]:
    """A server with a native door, and a key in its user's files that may come in."""
    with serve(*arguments, listen=("farpty://127.0.0.1:0",), **more) as server:
        authorize(server, make_key(server), options)
        yield server


def target(server: Server, address: tuple[str, int] | None = None) -> str:
    host, port = address or server.address("farpty")
    return f"{host}:{port}"


def introduce(server: Server, address: tuple[str, int]) -> None:
    """Makes `address`, a proxy of the server, a host that the client has met. Sockets' numbers come again: it may have."""
    file = config_folder(server) / "known_hosts"
    name = "[{}]:{}".format(*address)
    with MEETING:
        if not file.exists():
            assert execute(server, "true").returncode == 0
        lines = [line.split(" ", 1) for line in file.read_text().splitlines()]
        if name not in (known for known, _ in lines):
            with file.open("a") as text:
                text.write(f"{name} {lines[0][1]}\n")


def execute(server: Server, *command: str, stdin: bytes = b"", flags: Sequence[str] = (),
            to: str | None = None, patience: float = GENEROUS) -> subprocess.CompletedProcess[bytes]:
    """`farpty exec HOST -- COMMAND` to its end."""
    return subprocess.run([farpty_binary(), "exec", "--accept-new", *flags, to or target(server), "--", *command],
                          env=server.environment, input=stdin, capture_output=True, timeout=patience, check=False)


def farpty(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([farpty_binary(), *words], env=server.environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=GENEROUS, check=False)


def sessions(server: Server) -> list[dict]:
    return json.loads(farpty(server, "ls", "--accept-new", "--json", target(server)).stdout)["sessions"]


@contextlib.contextmanager
def client(server: Server, command: str, *words: str, flags: Sequence[str] = (), size: tuple[int, int] = (80, 24)) -> Iterator[Screen]:
    with Screen([farpty_binary(), command, "--accept-new", *flags, target(server), *words], environment=server.environment,
                size=size) as screen:
        yield screen


def written(server: Server) -> int:
    """Bytes that the one session's program has written."""
    done = farpty(server, "ps", "--json")
    return json.loads(done.stdout)["servers"][0]["sessions"][0]["out"]
