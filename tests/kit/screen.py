"""A terminal that a test types on and reads: a local pty with a program on it, rendered by pyte.

It answers what a real terminal answers (cursor position, device attributes), so size probes and vim see one. What pyte does
not know is taken out before it (FOREIGN). `raw` keeps every byte for tests of the stream.
"""

import contextlib
import fcntl
import itertools
import os
import re
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Callable, Sequence

import pyte

from .processes import default_signals, descendants
from .wait import GENEROUS, wait_until

KEYS = {
    "Enter": "\r", "Tab": "\t", "Escape": "\x1b", "Backspace": "\x7f", "Space": " ",
    "Up": "\x1b[A", "Down": "\x1b[B", "Right": "\x1b[C", "Left": "\x1b[D", "Home": "\x1b[H", "End": "\x1b[F",
    "PageUp": "\x1b[5~", "PageDown": "\x1b[6~", "Delete": "\x1b[3~", "F1": "\x1bOP", "F10": "\x1b[21~",
}
CURSOR_KEY_MODE = 1 << 5  # DECCKM in pyte's words: private modes are shifted by 5
FOREIGN = re.compile(rb"\x1b[\]P_^X].*?(?:\x07|\x1b\\)|\x1b\[[>=<][0-9;:]*[@-~]", re.DOTALL)
"""What pyte would print or take for something else: strings (OSC, DCS), and control sequences of xterm's own, such as the
secondary device attributes, which it would answer with the primary ones."""
OPEN_END = re.compile(rb"\x1b(?:[\]P_^X][^\x07\x1b]*\x1b?|\[[>=<]?[0-9;:]*)?\Z", re.DOTALL)
"""A sequence of which the rest has not come yet."""


def _begin() -> None:
    """In the child: the terminal is its controlling one, and no signal is ignored."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    default_signals()


def key_bytes(name: str) -> bytes:
    """`Enter`, `Up`, `C-c`, `M-x`, ..."""
    if name.startswith("C-") and len(name) == 3:
        return bytes([ord(name[2].upper()) ^ 0x40])
    if name.startswith("M-"):
        return b"\x1b" + name[2:].encode()
    return KEYS[name].encode()


class _Emulator(pyte.Screen):
    """pyte's screen, with its answers (write_process_input) sent to the program."""

    def __init__(self, columns: int, lines: int, answer: Callable[[bytes], None]) -> None:
        self._answer = answer
        super().__init__(columns, lines)

    def write_process_input(self, data: str) -> None:
        self._answer(data.encode())

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        """pyte does not know that CSI ? 4 m, from vim, is a question and no rendition."""
        if not private:
            super().select_graphic_rendition(*attributes)


class Screen:
    """A program on a terminal of its own. Use as a context manager: the end hangs the terminal up and reaps the program."""

    def __init__(self, argv: Sequence[str], *, size: tuple[int, int] = (80, 24), environment: dict[str, str] | None = None,
                 cwd: str | None = None, answers: bool = True, owner: int | None = None) -> None:
        """`size` is columns, lines. `answers=False` is a dumb terminal: reports are never sent. `owner`: whose it is, as
        login(1) gives it to its user."""
        self.size = size
        self.raw = b""
        self._pending = b""
        self._answers = answers
        self.ended = False  # the terminal's far end is closed
        self.emulator = _Emulator(*size, self._answer)
        self._stream = pyte.ByteStream(self.emulator)
        self.master, slave = os.openpty()
        os.set_inheritable(slave, False)
        if owner is not None:
            os.fchown(slave, owner, -1)
        self._set_size()
        self.process = subprocess.Popen(list(argv), stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=cwd,
                                        start_new_session=True, preexec_fn=_begin)
        self.programs_of = self.process.pid  # the root of what runs here; the server's where this is a client of one
        self.tty = os.ttyname(slave)
        # Kept open, so that the terminal's settings can be read after the program's end.
        self.slave = slave

    # -- what the program sees

    def send(self, data: str | bytes) -> None:
        view = memoryview(data.encode() if isinstance(data, str) else data)
        while view:
            self.pump(0)
            _, writable, _ = select.select([], [self.master], [], 0.05)
            if writable:
                view = view[os.write(self.master, view[:1024]):]

    def line(self, text: str) -> None:
        self.send(text + "\r")

    def key(self, *names: str) -> None:
        """Presses keys. What a cursor key sends depends on the mode that the program has set so far (DECCKM)."""
        for name in names:
            keys = key_bytes(name)
            if CURSOR_KEY_MODE in self.emulator.mode and re.fullmatch(rb"\x1b\[[A-DFH]", keys):
                keys = b"\x1bO" + keys[-1:]
            self.send(keys)

    def resize(self, columns: int, lines: int) -> None:
        self.size = (columns, lines)
        self._set_size()
        self.emulator.resize(lines, columns)

    def _set_size(self) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", self.size[1], self.size[0], 0, 0))

    def _answer(self, data: bytes) -> None:
        if self._answers:
            os.write(self.master, data)

    # -- what the terminal shows

    def pump(self, timeout: float = 0.05) -> bool:
        """Reads what the program wrote, waiting up to `timeout` for it to begin. Whether anything came."""
        readable, _, _ = select.select([self.master], [], [], timeout)
        if not readable:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        if not data:
            self.ended = True
            return False
        self.raw += data
        self._render(data)
        return True

    def _render(self, data: bytes) -> None:
        data = FOREIGN.sub(b"", self._pending + data)
        cut = OPEN_END.search(data)
        self._pending = data[cut.start():] if cut else b""
        self._stream.feed(data[: cut.start()] if cut else data)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.emulator.display]

    @property
    def text(self) -> str:
        """The screen without trailing blanks and blank last lines."""
        return "\n".join(self.lines).rstrip()

    @property
    def unwrapped(self) -> str:
        """The screen as one line, for text that may stand where a line ends."""
        return "".join(self.emulator.display)

    @property
    def cursor(self) -> tuple[int, int]:
        """Column, line; from 0."""
        return self.emulator.cursor.x, self.emulator.cursor.y

    def snapshot(self) -> tuple[str, tuple[int, int]]:
        return self.text, self.cursor

    def looks(self) -> list[str]:
        """For each line the cells that do not look as by default: `columns colours and attributes`."""
        plain = self.emulator.default_char[1:]
        found = []
        for line in range(self.emulator.lines):
            row, runs = self.emulator.buffer[line], []
            for look, cells in itertools.groupby(range(self.emulator.columns), lambda column: row[column][1:]):
                columns = list(cells)
                if look != plain:
                    runs.append(f"{columns[0]}-{columns[-1]} " + " ".join(str(word) for word in look if word))
            found.append(", ".join(runs))
        return found

    def wait_for(self, what: "str | re.Pattern[str] | Callable[[Screen], object]", *, within: float = GENEROUS) -> str:
        """Waits until the screen holds a text, matches a pattern, or a predicate is true of it. Returns the screen's text."""
        if isinstance(what, str):
            # Blanks at a line's end count where they are asked for: a prompt is "$ ".
            name, seen = repr(what), lambda: what in self.text or what in "\n".join(self.emulator.display)
        elif isinstance(what, re.Pattern):
            name, seen = f"/{what.pattern}/", lambda: what.search(self.text)
        else:
            name, seen = getattr(what, "__name__", "a condition"), lambda: what(self)

        def look() -> bool:
            while not seen():
                if not self.pump(0):
                    return False
            return True

        wait_until(look, f"{name} on the screen", within=within,
                   describe=lambda: f"screen:\n{self.text}\n--- cursor {self.cursor}, last bytes {self.raw[-200:]!r}")
        return self.text

    def wait_raw(self, what: str, since: int = 0) -> None:
        """Waits until a text has been written behind so many bytes of `raw`: for what may have gone from the screen again."""
        self.wait_for(lambda screen: screen.raw.find(what.encode(), since) >= 0)

    def wait_still(self, quiet: float = 0.3) -> str:
        """Waits until nothing has come for `quiet` seconds: for screens whose last byte has no mark of its own."""
        wait_until(lambda: not self.pump(quiet), "the screen to be still")
        return self.text

    def wait_foreground(self, name: str) -> None:
        """Waits until a program of this name runs in the foreground of its terminal: the shell has let go of it."""

        def runs() -> bool:
            self.pump(0)
            return any(process.name == name and process.state not in "TZ" and process.group == process.foreground
                       for process in descendants(self.programs_of))

        wait_until(runs, f"{name} to run in the foreground", describe=lambda: self.text)

    # -- the terminal itself

    def attributes(self) -> list:
        """termios of the terminal, as tcgetattr gives it."""
        return termios.tcgetattr(self.slave)

    def window_size(self) -> tuple[int, int]:
        """Columns, lines, as the kernel has them."""
        lines, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(self.slave, termios.TIOCGWINSZ, bytes(8)))
        return columns, lines

    def foreground(self) -> int:
        """The foreground process group."""
        return struct.unpack("i", fcntl.ioctl(self.master, termios.TIOCGPGRP, bytes(4)))[0]

    # -- the end

    def wait_exit(self, *, within: float = GENEROUS) -> int:
        """Reads to the end of the program; its exit status (negative: the signal that killed it)."""

        def ended() -> bool:
            self.pump(0)
            return self.process.poll() is not None

        wait_until(ended, f"{self.process.args} to end", within=within, describe=lambda: self.text)
        while self.pump(0):
            pass
        return self.process.returncode

    def close(self) -> None:
        if self.slave >= 0:
            os.close(self.slave)
            self.slave = -1
        if self.master >= 0:
            os.close(self.master)  # hangs up
            self.master = -1
        try:
            self.process.wait(timeout=GENEROUS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self) -> "Screen":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
