"""`farpty run --terminal emulated` as on a host without pseudoterminals, and the same program on a kernel pty beside it."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from . import processes
from .compare import Dialogue, Side, assert_in_step
from .need import need
from .paths import built
from .screen import Screen
from .server import base_environment, farpty_binary
from .wait import wait_until

ABSENT, REFUSED = "absent", "refused"
"""How a host is without ptys: no such name, or permission denied."""


def as_user(uid: int, argv: Sequence[str]) -> list[str]:
    """The command, run as this user."""
    if uid == os.getuid():
        return list(argv)
    need(os.getuid() == 0, "root, to test as another user")
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *argv]


def emulated_command(argv: Sequence[str], *flags: str, mode: str = ABSENT) -> list[str]:
    host = [built("noptyrun"), "-r"] if mode == REFUSED else [built("noptyrun")]
    return [*host, farpty_binary(), "run", "--terminal", "emulated", *flags, "--", *argv]


@contextlib.contextmanager
def home_of(uid: int) -> Iterator[Path]:
    """A fresh home. What still runs in it at the end (a tmux server of a dialogue that failed) is ended, each by its pid."""
    with tempfile.TemporaryDirectory(prefix="farpty-test-") as folder:
        os.chown(folder, uid, uid)
        try:
            yield Path(folder)
        finally:
            for process in processes.with_environment("HOME", folder):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def emulated(argv: Sequence[str], *flags: str, uid: int = os.getuid(), size: tuple[int, int] = (80, 24),
             environment: dict[str, str] | None = None) -> Iterator[Screen]:
    """The program on an emulated terminal, shown on a terminal that a test reads and types on."""
    with home_of(uid) as home:
        variables = base_environment(home) | (environment or {})
        command = as_user(uid, emulated_command(argv, *flags))
        with Screen(command, size=size, environment=variables, cwd=str(home), owner=uid) as screen:
            yield screen


def wait_running(screen: Screen, name: str) -> None:
    """Waits until a program of this name runs on the screen: it has the terminal that its shell gave it."""
    def runs() -> bool:
        screen.pump(0)
        return any(process.name == name for process in processes.descendants(screen.process.pid))

    wait_until(runs, f"{name} to run", describe=lambda: screen.text)


def _prepare(home: Path, prepare: Callable[[Path], None], uid: int) -> None:
    os.chown(home, os.getuid(), os.getgid())
    prepare(home)
    for path in (home, *home.rglob("*")):
        os.lchown(path, uid, uid)


def assert_same_as_kernel(argv: Sequence[str], dialogue: Dialogue, *, uid: int = os.getuid(),
                          size: tuple[int, int] = (80, 24), environment: dict[str, str] | None = None, more=(),
                          prepare: Callable[[Path], None] | None = None) -> None:
    """Plays `dialogue` with `argv` on a kernel pty and on emulated terminals, without ptys in either way, and compares the
    screens. `prepare` fills each side's home."""
    commands = {"a kernel pty": list(argv)}
    for mode in (ABSENT, REFUSED):
        commands[f"an emulated terminal ({mode})"] = emulated_command(argv, mode=mode)
    with contextlib.ExitStack() as stack:
        sides = []
        for name, command in commands.items():
            home = stack.enter_context(home_of(uid))
            if prepare:
                _prepare(home, prepare, uid)
            variables = base_environment(home) | {"HISTFILE": "/dev/null", "TMUX_TMPDIR": str(home)} | (environment or {})
            screen = stack.enter_context(Screen(as_user(uid, command), size=size, environment=variables, cwd=str(home), owner=uid))
            sides.append(Side(name, screen, home, dialogue, more))
        assert_in_step(sides)
