"""An emulator that is judged by all of its state: pyte's screen with an alternate one beside it, and what else programs use
that pyte does not know. Two that were given the same stream, or one of them a redraw in the midst of it, must be equal.
"""

import contextlib
import copy
import re
from collections.abc import Iterator

import pyte
from wcwidth import wcwidth

from .screen import FOREIGN as UNKNOWN

FOREIGN = re.compile(UNKNOWN.pattern + rb"|\x1b\[[?>=<]?[0-9;:]*[ -/]+[@-~]", re.DOTALL)
"""And control sequences with intermediates, of which pyte prints the last byte."""
OPEN_END = re.compile(rb"\x1b(?:[\]P_^X][^\x07\x1b]*\x1b?|\[[?>=<]?[0-9;:]*[ -/]*)?\Z", re.DOTALL)
SCREENS = {47, 1047, 1049}
ORDINARY = b"\x1b)B"
"""pyte begins with line drawing in G1, a terminal with ASCII."""


class Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"scroll_up", "scroll_down"}


class Emulator(pyte.Screen):
    def __init__(self, columns: int = 80, rows: int = 24) -> None:
        self.beneath = None
        self.saved = [None, None]
        super().__init__(columns, rows)
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
            modes, hidden = self.mode.copy(), self.cursor.hidden
            super().restore_cursor()
            self.cursor.hidden = hidden  # nor is DECTCEM
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
        whole = self.margins in (None, (0, self.lines - 1))
        return {
            "cells": self._cells(self.buffer),
            "beneath": None if self.beneath is None else self._cells(self.beneath),
            "cursor": (self.cursor.x, self.cursor.y, self.cursor.attrs, self.cursor.hidden),
            "modes": self.mode,
            "margins": None if whole else tuple(self.margins),
            "charsets": (self.charset, self.g0_charset, self.g1_charset),
            "tabs": self.tabstops - {0},  # where a tab never goes
        }

    def _cells(self, buffer: dict) -> list[list[pyte.screens.Char]]:
        rows = [[buffer[y][x] for x in range(self.columns)] for y in range(self.lines)]
        for row in rows:
            for x, cell in enumerate(row):
                # The second half of a wide character whose first one was written over is blank; pyte leaves its mark there.
                if not cell.data and (x == 0 or not row[x - 1].data or wcwidth(row[x - 1].data[0]) != 2):
                    row[x] = cell._replace(data=" ")
        return rows


def differences(one: dict, other: dict) -> str:
    found = []
    for part in one:
        if one[part] == other[part]:
            continue
        if part in ("cells", "beneath") and one[part] and other[part]:
            found += [
                f"{part} {y},{x}: {cell} is {there}"
                for y, (row, others) in enumerate(zip(one[part], other[part], strict=True))
                for x, (cell, there) in enumerate(zip(row, others, strict=True))
                if cell != there
            ][:5]
        else:
            found.append(f"{part}: {one[part]} is {other[part]}")
    return "\n".join(found)
