"""Dialling out: a desk (`farpty listen` on a terminal that a test reads) and hosts that dial in (`farpty run --to`)."""

import contextlib
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .screen import Screen
from .server import base_environment, farpty_binary
from .wait import GENEROUS, wait_until

LINE = re.compile(rb"FARPTY_TOKEN=([-_A-Za-z0-9]{32}) farpty run --to (farpty://([^ ]+):(\d+)) -- bash")
SHELL = ("bash", "--norc", "--noprofile", "-i")


@dataclass
class Desk:
    screen: Screen
    home: Path
    environment: dict[str, str]  # of everything of this user
    token: str
    address: tuple[str, int]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the desk's user, to its end."""
        return subprocess.run([farpty_binary(), *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=GENEROUS, check=False)

    def wait_hosts(self, *states: str) -> None:
        """Until `farpty ls` shows hosts in these states, in order."""
        def shown() -> list[str]:
            return re.findall(r"^\d+ +\S+ +(\w+)", self.run("ls").stdout, re.MULTILINE)
        wait_until(lambda: shown() == list(states), f"hosts that are {states}", describe=lambda: self.run("ls"))


@contextlib.contextmanager
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="farpty-test-") as folder:
        (Path(folder) / "run").mkdir(mode=0o700)
        yield Path(folder)


@contextlib.contextmanager
def desk(*flags: str, on: str = "farpty://127.0.0.1:0", size: tuple[int, int] = (120, 24)) -> Iterator[Desk]:
    """`size`: wide enough that the printed line does not wrap."""
    with home() as folder:
        variables = base_environment(folder)
        with Screen([farpty_binary(), "listen", "--on", on, *flags], environment=variables, size=size) as screen:
            screen.wait_for("Ctrl-C ends this")
            found = LINE.search(screen.raw)
            yield Desk(screen, folder, variables, found[1].decode(), (found[3].decode(), int(found[4])))


@contextlib.contextmanager
def host(at: Desk, *program: str, address: tuple[str, int] | None = None, token: str | None = None, flags: Sequence[str] = (),
         prefix: Sequence[str] = (), environment: dict[str, str] | None = None,
         ended: bool = True) -> Iterator[subprocess.Popen[bytes]]:
    """`farpty run --to DESK -- PROGRAM` over there: another user's home. At the end it must have ended by itself, or, without
    `ended`, it is ended."""
    where = address or at.address
    with home() as folder:
        variables = base_environment(folder) | {"FARPTY_TOKEN": token or at.token} | (environment or {})
        command = [*prefix, farpty_binary(), "run", *flags, "--to", f"farpty://{where[0]}:{where[1]}", "--", *(program or SHELL)]
        process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, cwd=folder)
        try:
            yield process
            if ended:
                process.wait(GENEROUS)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(GENEROUS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            assert process.stdout is not None
            process.stdout.close()


def said(process: subprocess.Popen[bytes]) -> str:
    """What a host has said that has ended."""
    process.wait(GENEROUS)
    assert process.stdout is not None
    return process.stdout.read().decode(errors="replace")


def environ_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
