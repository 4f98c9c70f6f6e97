"""`farpty run --terminal emulated` as on a host without pseudoterminals, and the same program on a kernel pty beside it."""

import contextlib
import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .compare import Dialogue, normalise, play
from .need import need
from .paths import built
from .screen import Screen
from .server import base_environment, farpty_binary


def as_user(uid: int, argv: Sequence[str]) -> list[str]:
    """The command, run as this user."""
    if uid == os.getuid():
        return list(argv)
    need(os.getuid() == 0, "root, to test as another user")
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *argv]


def emulated_command(argv: Sequence[str], *flags: str) -> list[str]:
    return [built("noptyrun"), farpty_binary(), "run", "--terminal", "emulated", *flags, "--", *argv]


@contextlib.contextmanager
def home_of(uid: int) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="farpty-test-") as folder:
        os.chown(folder, uid, uid)
        yield Path(folder)


@contextlib.contextmanager
def emulated(argv: Sequence[str], *flags: str, uid: int = os.getuid(), size: tuple[int, int] = (80, 24),
             environment: dict[str, str] | None = None) -> Iterator[Screen]:
    """The program on an emulated terminal, shown on a terminal that a test reads and types on."""
    with home_of(uid) as home:
        variables = base_environment(home) | (environment or {})
        command = as_user(uid, emulated_command(argv, *flags))
        with Screen(command, size=size, environment=variables, cwd=str(home)) as screen:
            yield screen


def assert_same_as_kernel(argv: Sequence[str], dialogue: Dialogue, *, uid: int = os.getuid(),
                          size: tuple[int, int] = (80, 24), environment: dict[str, str] | None = None, more=()) -> None:
    """Plays `dialogue` with `argv` on a kernel pty and on an emulated terminal, and compares the screens."""
    screens = []
    for command in (list(argv), emulated_command(argv)):
        with home_of(uid) as home:
            variables = base_environment(home) | {"HISTFILE": "/dev/null", "TMUX_TMPDIR": str(home)} | (environment or {})
            with Screen(as_user(uid, command), size=size, environment=variables, cwd=str(home)) as screen:
                moments = play(screen, dialogue)
            screens.append([(normalise(text.replace(str(home), "HOME"), more), cursor) for text, cursor in moments])
    near, far = screens
    assert len(far) == len(near), f"{len(far)} moments emulated, {len(near)} on a kernel pty"
    for number, ((far_text, far_cursor), (near_text, near_cursor)) in enumerate(zip(far, near, strict=True)):
        difference = "\n".join(difflib.unified_diff(near_text.split("\n"), far_text.split("\n"), "kernel", "emulated"))
        assert far_text == near_text, f"moment {number} differs:\n{difference}"
        assert far_cursor == near_cursor, f"moment {number}: cursor {far_cursor} emulated, {near_cursor} on a kernel pty"
