"""The same dialogue on a plain local pty and through farpty, and the screens side by side.

A dialogue is a function that takes a Screen, types, waits, and yields the moments at which all screens must be equal. The
sides are played in step: at each moment all are waited for until their screens are the same and at rest, so that a slow
program is no difference. What legitimately differs (process ids, times, tty names) is replaced before the comparison;
nothing else is.
"""

import contextlib
import difflib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .clients import CLIENTS
from .screen import Screen
from .server import Server, base_environment, farpty_binary, serve
from .wait import wait_until

View = Callable[[str], str]
"""What of a screen's text is compared; yielded by a dialogue at a moment at which programs show what changes (top)."""
Dialogue = Callable[[Screen], Iterator[str | View | None]]
"""Yields a moment's name, for the message when it differs, or a view, or nothing."""

DIFFERENCES = [
    (re.compile(r"/dev/pts/\d+|\bpts/\d+"), "TTY"),
    (re.compile(r"\b\d{1,2}:\d\d(:\d\d)?(\.\d+)?\b"), "TIME"),
    (re.compile(r"^(\[\d+\][-+ ]*) *\d+", re.MULTILINE), r"\1 PID"),
]

QUIET = 0.05
"""Seconds without a byte from any side after which equal screens are taken to be at rest. If they are not, the next moment
tells."""

STAGE = r"""printf '\033c'; trap : INT QUIT; "$@"; status=$?; printf '\n[status %s]' "$status"; read -r line"""
"""A client says its own words before and after: the program begins on a fresh screen, and its end is held."""


def normalise(text: str, more: Sequence[tuple[re.Pattern[str], str]] = ()) -> str:
    for pattern, replacement in [*DIFFERENCES, *more]:
        text = pattern.sub(replacement, text)
    return text


def only(pattern: str) -> View:
    """The lines that match, where they stand, without the numbers in them."""
    wanted = re.compile(pattern)
    number = re.compile(r" *\d+(\.\d+)?")
    return lambda text: "\n".join(f"{n}: {number.sub(' N', line)}" for n, line in enumerate(text.split("\n"))
                                  if wanted.search(line))


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


class Side:
    """One of the terminals that are compared."""

    def __init__(self, name: str, screen: Screen, home: Path, dialogue: Dialogue,
                 more: Sequence[tuple[re.Pattern[str], str]]) -> None:
        self.name, self.screen, self.home, self.more = name, screen, home, more
        self.moments = dialogue(screen)
        self.view: View | None = None
        self.moment = ""

    def go_on(self) -> bool:
        """To the next moment of the dialogue; whether there is one."""
        try:
            for moment in self.moments:
                self.view = moment if callable(moment) else None
                self.moment = f" ({moment})" if isinstance(moment, str) else ""
                return True
        except AssertionError as failure:
            raise AssertionError(f"{self.name}: {failure}") from failure
        return False

    def picture(self) -> tuple[str, tuple[int, int], list[str]]:
        """Text, cursor, and what each line looks like."""
        text, cursor = self.screen.snapshot()
        text = normalise(text.replace(str(self.home), "HOME"), self.more)
        return (text, cursor, self.screen.looks()) if self.view is None else (self.view(text), (0, 0), [])


def assert_in_step(sides: Sequence[Side]) -> None:
    """Plays the dialogues to their ends; at each moment all screens must come to be those of the first side."""
    number = 0
    while True:
        on = [side.go_on() for side in sides]
        assert len(set(on)) == 1, f"after moment {number} there are more on some sides only: {on}"
        if not on[0]:
            return
        number += 1
        wait_until(lambda: _same(sides), f"moment {number}{sides[0].moment} to be the same on all sides",
                   describe=lambda: _difference(sides))


def _same(sides: Sequence[Side]) -> bool:
    for _ in range(2):  # and still so after some quiet
        while any([side.screen.pump(0) for side in sides]):
            pass
        if any(side.picture() != sides[0].picture() for side in sides):
            return False
        if not any([side.screen.pump(QUIET / len(sides)) for side in sides]):
            return True
    return False


def _difference(sides: Sequence[Side]) -> str:
    first = sides[0]
    text, cursor, looks = first.picture()
    said = [f"{first.name}, cursor {cursor}:\n{text}"]
    for side in sides[1:]:
        other, place, other_looks = side.picture()
        if (other, place, other_looks) != (text, cursor, looks):
            lines = [*difflib.unified_diff(text.split("\n"), other.split("\n"), first.name, side.name),
                     *difflib.unified_diff(looks, other_looks, f"{first.name}, looks", f"{side.name}, looks")]
            said.append(f"{side.name}, cursor {place}:\n" + "\n".join(lines))
    return "\n".join(said)


class StagedScreen(Screen):
    """A screen whose program runs on a STAGE: its end shows, and its terminal stays."""

    def wait_exit(self, **how: float) -> int:
        status = re.compile(r"^\[status (\d+)\]", re.MULTILINE)
        return int(status.search(self.wait_for(status, **how))[1])


def chosen_clients(usual: Sequence[str]) -> list[str]:
    """Those of a test, or of FARPTY_CLIENTS: names with commas between, or `all`."""
    names = os.environ.get("FARPTY_CLIENTS", ",".join(usual))
    return list(CLIENTS) if names == "all" else names.split(",")


def assert_same_screens(argv: Sequence[str], dialogue: Dialogue, *, clients: Sequence[str] = ("farpty-raw",),
                        more: Sequence[tuple[re.Pattern[str], str]] = ()) -> None:
    """Plays `dialogue` with `argv` on a plain local pty and through `farpty serve`, entered by each of these clients."""
    staged = ["sh", "-c", STAGE, "stage", *argv]
    clients = chosen_clients(clients)
    with contextlib.ExitStack() as stack:
        sides: dict[str, list[Side]] = {}  # by the program's TERM, the local one first
        for name in clients:
            client = CLIENTS[name]
            server = stack.enter_context(serve("--telnet-wait", "30s", "--", *staged, listen=[f"{client.door}://127.0.0.1:0"]))
            if client.term not in sides:
                home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="farpty-test-")))
                local = base_environment(home) | {"TERM": client.term}
                screen = stack.enter_context(StagedScreen(staged, environment=local, cwd=str(home)))
                sides[client.term] = [Side("local pty", screen, home, dialogue, more)]
            screen = stack.enter_context(StagedScreen(client.log_in(server), environment=server.environment))
            screen.programs_of = server.pid
            sides[client.term].append(Side(name, screen, server.home, dialogue, more))
        for alike in sides.values():
            assert_in_step(alike)
