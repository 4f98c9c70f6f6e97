"""A snapshot and the stream after it equal the uninterrupted stream, on pyte, wherever the stream is cut.

    FARPTY_CUTS=1 /usr/bin/python3 -m pytest -q tests/screens      # at every byte, half an hour: `make snapshots`

Recordings of real programs (record.py) are cut; at the cut a fresh emulator, which has been through something else, is given
what Screen::redraw() gives, then the rest. It must look and behave as one that has seen all: cells with their colours, cursor,
modes, margins, character sets, tab stops. pyte knows no alternate screen; it is given one here.
"""

import contextlib
import copy
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from kit.paths import ROOT, farpty_path
from kit.screen import FOREIGN, OPEN_END
from wcwidth import wcwidth

DATA = Path(__file__).resolve().parent / "data"
COLUMNS, ROWS = 80, 24
STEP = int(os.environ.get("FARPTY_CUTS", "211"))
"""Bytes from cut to cut; a prime, so that cuts fall everywhere in sequences and rows."""
SCREENS = {47, 1047, 1049}
ORDINARY = b"\x1b)B"
"""pyte begins with line drawing in G1, a terminal with ASCII."""
ELSEWHERE = (
    b"\x1b[?1049h\x1b[44;1mother\x1b[5;9r\x1b[?6h\x1b[4h\x1b[20h\x1b(0\x0e\x1b[?7l\x1b[?25l\x1b[?2004h\x1b[?1h\x1b[3g\x1b[3;3Hx\x1b]0;un"
)
"""The viewer's terminal was in the middle of something when the snapshot came."""


class Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


class Emulator(pyte.Screen):
    """pyte's screen with an alternate one beside it, and what else these programs use that it does not know."""

    def __init__(self) -> None:
        self.beneath = None
        self.saved = [None, None]
        super().__init__(COLUMNS, ROWS)
        self._stream, self._held = Stream(self), b""
        self.play(ORDINARY)

    def play(self, output: bytes) -> None:
        output = FOREIGN.sub(b"", self._held + output)
        end = OPEN_END.search(output)
        self._held = output[end.start() :] if end else b""
        self._stream.feed(output[: end.start()] if end else output)

    def in_ground(self, output: bytes) -> bool:
        """Whether after `output` no sequence or character has begun."""
        tail = output[-3:]
        broken = tail.decode(errors="ignore").encode() != tail and tail[-1] >= 0x80
        return not self._held and not broken

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        if not top and not bottom:  # pyte takes CSI r for CSI 0 r and keeps the bottom
            self.margins = None
            self.cursor_position()
        else:
            super().set_margins(top, bottom)

    def scroll_up(self, count: int | None = None, scroll: str = "delete_lines") -> None:
        at = self.cursor.x, self.cursor.y
        self.cursor.y = self.margins.top if self.margins else 0
        getattr(self, scroll)(count)
        self.cursor.x, self.cursor.y = at

    def scroll_down(self, count: int | None = None) -> None:
        self.scroll_up(count, "insert_lines")

    def save_cursor(self) -> None:
        super().save_cursor()
        self.saved[self.beneath is not None] = self.savepoints.pop()

    def restore_cursor(self) -> None:
        if saved := self.saved[self.beneath is not None]:
            self.savepoints.append(copy.deepcopy(saved))
            modes = self.mode.copy()
            super().restore_cursor()
            self.mode = modes ^ ((modes ^ self.mode) & {pyte.modes.DECOM})  # DECAWM is not a part of it (xterm: DECRC)
        else:
            self.reset_mode(pyte.modes.DECOM)
            self.cursor_position()

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        if private:  # xterm is asked for its key modifiers with CSI ? m
            return
        known, rest = [], list(attributes)
        while rest:
            code = rest.pop(0)
            if code in (38, 48):
                count = {5: 2, 2: 4}.get(rest[0] if rest else 0, 0)
                known += [code, *rest[:count]]
                del rest[:count]
            elif 90 <= code < 98 or 100 <= code < 108:  # bright, which pyte takes for bright and bold
                known += [38 if code < 98 else 48, 5, 8 + code % 10]
            else:
                known.append(code)
        super().select_graphic_rendition(*known)

    @contextlib.contextmanager
    def _erasing(self) -> Iterator[None]:
        """What is erased takes the background (terminfo: bce), and from pyte the whole pen."""
        pen, self.cursor.attrs = self.cursor.attrs, self.default_char._replace(bg=self.cursor.attrs.bg)
        yield
        self.cursor.attrs = pen

    def erase_in_line(self, *which: int, **how: bool) -> None:
        with self._erasing():
            super().erase_in_line(*which, **how)

    def erase_in_display(self, *which: int, **how: bool) -> None:
        with self._erasing():
            super().erase_in_display(*which, **how)

    def erase_characters(self, count: int | None = None) -> None:
        with self._erasing():
            super().erase_characters(count)

    def set_mode(self, *modes: int, **which: bool) -> None:
        ours = SCREENS & set(modes) if which.get("private") else set()
        if ours and self.beneath is None:
            if 1049 in ours:
                self.save_cursor()
            self.beneath, self.buffer = self.buffer, copy.copy(self.buffer)
            self.buffer.clear()
        super().set_mode(*(mode for mode in modes if mode not in ours), **which)

    def reset_mode(self, *modes: int, **which: bool) -> None:
        ours = SCREENS & set(modes) if which.get("private") else set()
        if ours and self.beneath is not None:
            self.buffer, self.beneath = self.beneath, None
        if 1049 in ours:
            self.restore_cursor()
        super().reset_mode(*(mode for mode in modes if mode not in ours), **which)

    def state(self) -> dict:
        """All of it that can be seen, now or later."""
        whole = self.margins in (None, (0, ROWS - 1))
        return {
            "cells": cells(self.buffer),
            "beneath": self.beneath and cells(self.beneath),
            "cursor": (self.cursor.x, self.cursor.y, self.cursor.attrs, self.cursor.hidden),
            "modes": self.mode,
            "margins": None if whole else tuple(self.margins),
            "charsets": (self.charset, self.g0_charset, self.g1_charset),
            "tabs": self.tabstops - {0},  # where a tab never goes
        }


def cells(buffer: dict) -> list[list[pyte.screens.Char]]:
    rows = [[buffer[y][x] for x in range(COLUMNS)] for y in range(ROWS)]
    for row in rows:
        for x, cell in enumerate(row):
            # The second half of a wide character whose first one was written over is blank; pyte leaves its mark there.
            if not cell.data and (x == 0 or not row[x - 1].data or wcwidth(row[x - 1].data[0]) != 2):
                row[x] = cell._replace(data=" ")
    return rows


def redraws(recording: bytes, step: int, start: int) -> Iterator[bytes]:
    places = [farpty_path().parent, *sorted((ROOT / "build").glob("*"))]
    program = next(path for place in places if (path := place / "tests/screens/redraws").exists())
    command = [str(program), str(COLUMNS), str(ROWS), str(step), str(start)]
    written = subprocess.run(command, input=recording, stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(written):
        line = written.index(b"\n", at)
        end = line + 1 + int(written[at:line])
        yield written[line + 1 : end]
        at = end


def differences(one: dict, other: dict) -> str:
    found = []
    for part in one:
        if one[part] == other[part]:
            continue
        if part in ("cells", "beneath") and one[part] and other[part]:
            found += [
                f"{part} {y},{x}: {one[part][y][x]} is {other[part][y][x]}"
                for y in range(ROWS)
                for x in range(COLUMNS)
                if one[part][y][x] != other[part][y][x]
            ][:5]
        else:
            found.append(f"{part}: {one[part]} is {other[part]}")
    return "\n".join(found)


def check_cuts(recording: bytes, step: int, start: int = 0) -> int:
    uninterrupted = Emulator()
    uninterrupted.play(recording)
    wanted = uninterrupted.state()
    so_far, seen, count = Emulator(), 0, 0
    for cut, redraw in zip(range(start, len(recording) + 1, step), redraws(recording, step, start), strict=True):
        so_far.play(recording[seen:cut])
        seen = cut
        viewer = Emulator()
        viewer.play(ELSEWHERE)
        viewer.play(redraw)
        if so_far.in_ground(recording[:cut]):
            assert not (found := differences(so_far.state(), viewer.state())), f"at once, cut at byte {cut}:\n{found}"
        viewer.play(recording[cut:])
        assert not (found := differences(wanted, viewer.state())), f"in the end, cut at byte {cut}:\n{found}"
        count += 1
    return count


@pytest.mark.parametrize("name", ["vim", "less", "htop", "tmux"])
def test_snapshot_and_stream_equal_the_uninterrupted_stream(name):
    recording = (DATA / f"{name}.out").read_bytes()
    assert len(recording) > 5000
    assert check_cuts(recording, STEP) == len(recording) // STEP + 1
