"""The same dialogue on a plain local pty and through farpty, and the two screens side by side.

A dialogue is a function that takes a Screen, types, waits, and yields the moments at which the screens must be equal.
What legitimately differs (process ids, times, tty names) is replaced before the comparison; nothing else is.
"""

import contextlib
import difflib
import re
from collections.abc import Callable, Iterator, Sequence

from .screen import Screen
from .server import Server, base_environment, farpty_binary, serve

Dialogue = Callable[[Screen], Iterator[object]]

DIFFERENCES = [
    (re.compile(r"/dev/pts/\d+|\bpts/\d+"), "TTY"),
    (re.compile(r"\b\d{1,2}:\d\d(:\d\d)?(\.\d+)?\b"), "TIME"),
    (re.compile(r"^(\[\d+\][-+ ]*) *\d+", re.MULTILINE), r"\1 PID"),
]


def normalise(text: str, more: Sequence[tuple[re.Pattern[str], str]] = ()) -> str:
    for pattern, replacement in [*DIFFERENCES, *more]:
        text = pattern.sub(replacement, text)
    return text


def play(screen: Screen, dialogue: Dialogue) -> list[tuple[str, tuple[int, int]]]:
    """The snapshots at the dialogue's moments."""
    return [screen.snapshot() for _ in dialogue(screen)]


def connect_command(url: str, *flags: str) -> list[str]:
    return [farpty_binary(), "connect", *flags, url]


@contextlib.contextmanager
def connected(server: Server, *flags: str, scheme: str = "raw", size: tuple[int, int] = (80, 24)) -> Iterator[Screen]:
    """`farpty connect` to a server, on a terminal of its own."""
    url = next(url for url in server.urls if url.startswith(scheme))
    with Screen(connect_command(url, *flags), size=size, environment=server.environment) as screen:
        yield screen


def assert_same_screens(argv: Sequence[str], dialogue: Dialogue, *, serve_flags: Sequence[str] = (), scheme: str = "raw",
                        size: tuple[int, int] = (80, 24), environment: dict[str, str] | None = None,
                        more: Sequence[tuple[re.Pattern[str], str]] = ()) -> None:
    """Plays `dialogue` with `argv` on a plain local pty and through `farpty serve` and `farpty connect`."""
    with serve(*serve_flags, "--", *argv, listen=[f"{scheme}://127.0.0.1:0"], environment=environment) as server:
        with connected(server, scheme=scheme, size=size) as screen:
            far = play(screen, dialogue)
        server.wait_idle()
        local_environment = base_environment(server.home) | (environment or {})
        with Screen(argv, size=size, environment=local_environment, cwd=str(server.home)) as screen:
            near = play(screen, dialogue)
    assert len(far) == len(near), f"{len(far)} moments through farpty, {len(near)} on a local pty"
    for number, ((far_text, far_cursor), (near_text, near_cursor)) in enumerate(zip(far, near, strict=True)):
        far_text, near_text = normalise(far_text, more), normalise(near_text, more)
        difference = "\n".join(difflib.unified_diff(near_text.split("\n"), far_text.split("\n"), "local pty", "farpty"))
        assert far_text == near_text, f"moment {number} differs:\n{difference}"
        assert far_cursor == near_cursor, f"moment {number}: cursor {far_cursor} through farpty, {near_cursor} locally"
