"""What those see who look at one native session: the screen of who types there, at once, after an absence, on terminals of other
sizes and over slow paths.
"""

import os
import signal

import pytest

from kit import DelayProxy, Screen, need_program, wait_until
from kit.emulator import Emulator, differences
from kit.native import client, farpty, native_server, sessions, target, written
from kit.server import Server, farpty_binary

SHELL = ("--", "bash", "--norc", "--noprofile", "-i")
CLEAR = "printf '\\033[H\\033[2J'; "
"""What a client says before a session begins is on its own terminal only."""


class Shown:
    """All that a client's terminal has been given, on an emulator that tells all of its state."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.emulator, self.played = screen, Emulator(*screen.size), 0

    def state(self) -> dict:
        while self.screen.pump(0):
            pass
        self.emulator.play(self.screen.raw[self.played:])
        self.played = len(self.screen.raw)
        return self.emulator.state()


def wait_alike(one: Shown, other: Shown) -> None:
    wait_until(lambda: not differences(one.state(), other.state()), "two terminals to show the same",
               describe=lambda: f"{differences(one.state(), other.state())}\n--- the one:\n{one.screen.text}\n--- the other:\n{other.screen.text}")


def viewers(server: Server) -> int:
    return sessions(server)[0]["viewers"]


# --- of the same size

PROGRAMS = {
    "vim": ("seq 1 300 | sed s/$/word/ > text; exec vim -u NONE -N -c 'set nu hls ruler' text",
            [("", "1word"), ("/77\r", "77word"), (":vsplit\r", "77word"), ("G", "300word"), ("ihello\x1b", "hello")]),
    "less": ("seq 1 300 | sed s/$/word/ > text; exec less -N text",
             [("", "1word"), (" ", "30word"), ("/77\r", "77word"), ("G", "300word")]),
    "htop": ("exec htop -d 100", [("", "F10"), ("t", "F10"), ("\x1b[B", "F10"), ("h", "Released under")]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_who_attaches_sees_what_who_was_there_sees(name):
    need_program(name)
    program, steps = PROGRAMS[name]
    with native_server("--", "sh", "-c", CLEAR + program) as server, client(server, "connect", flags=("--name", "work")) as first:
        there = Shown(first)
        for keys, text in steps:
            first.send(keys)
            first.wait_for(text)
            # Anew at each step: what it sees is a snapshot, and then the stream of the next step.
            with client(server, "attach", "work", flags=("--read-only",)) as second:
                second.wait_for(text)
                wait_alike(there, Shown(second))
                if (keys, text) == steps[-1]:
                    break
                second.send("\r~d")
                assert second.wait_exit() == 0


def said(screen: Screen, text: str) -> None:
    """Waits until our own line has shown a text; it may have gone again meanwhile."""
    screen.wait_for(lambda one: text.encode() in one.raw)


def test_after_an_absence_the_screen_is_that_of_who_stayed():
    program = CLEAR + ("echo re''ady; until [ -e go ]; do sleep 0.05; done; seq 1 3000; printf '\\033[?1049h\\033[2J\\033[?2004h\\033[5;9Hdrawn'; "
                       "seq 1 3000; printf '\\033[?25l\\033[44;1m do''ne\\033[10;20r\\033[12;3H'; read x")
    with native_server("--", "bash", "-c", program) as server, client(server, "connect", flags=("--name", "work")) as first:
        first.wait_for("ready")
        with client(server, "attach", "work", flags=("--read-only",)) as stays:
            stays.wait_for("ready")
            first.send("~d")
            assert first.wait_exit() == 0
            (server.home / "go").touch()
            stays.wait_for("done")
            with client(server, "attach", "work") as back:
                back.wait_for("done")
                wait_alike(Shown(stays), Shown(back))
                back.line("")
                assert back.wait_exit() == 0


def test_beyond_the_log_comes_a_redraw_and_a_line_that_names_what_was_skipped_and_goes():
    program = CLEAR + "echo re''ady; until [ -e go ]; do sleep 0.05; done; seq 1 40000; printf 'do''ne'; read x"
    with native_server("--retain", "64K", "--", "bash", "-c", program) as server, DelayProxy(server.address("farpty")) as proxy:
        command = [farpty_binary(), "connect", "--accept-new", "--name", "work", target(server, proxy.address)]
        with Screen(command, environment=server.environment) as cut:
            cut.wait_for(lambda screen: screen.raw.endswith(b"ready\r\n"))
            with client(server, "attach", "work", flags=("--read-only",)) as stays:
                stays.wait_for("ready")
                before = written(server)
                proxy.tell("refuse on")
                proxy.tell("cut")
                wait_until(lambda: viewers(server) == 1, "the server to know that the path is lost")
                (server.home / "go").touch()
                stays.wait_for("done")
                skipped = written(server) - before
                assert skipped > 200_000
                proxy.tell("refuse off")
                line = f"farpty: {skipped} bytes of output were skipped"
                said(cut, line)
                # It stands on what was redrawn.
                at_that_moment = Emulator(*cut.size)
                at_that_moment.play(cut.raw[:cut.raw.index(line.encode()) + len(line)])
                assert at_that_moment.display[-1].rstrip() == line
                assert any("40000" in row for row in at_that_moment.display)
                wait_alike(Shown(stays), Shown(cut))  # it has gone without a trace
                assert "farpty:" not in cut.text
                cut.line("")
                assert cut.wait_exit() == 0


# --- of other sizes

def fits(looker: Screen, writer: Screen) -> bool:
    """Whether the one shows a part of what the other shows, with its cursor in the same place of it, and dots beside it."""
    for screen in (looker, writer):
        while screen.pump(0):
            pass
    columns, rows = min(looker.size[0], writer.size[0]), min(looker.size[1], writer.size[1])
    left, top = (there - here for here, there in zip(looker.cursor, writer.cursor, strict=True))
    if left < 0 or top < 0 or left + columns > writer.size[0] or top + rows > writer.size[1]:
        return False
    for y, line in enumerate(looker.emulator.display):
        wanted = writer.emulator.display[top + y][left:left + columns] if y < rows else ""
        if line != wanted + "." * (looker.size[0] - len(wanted)):
            return False
    return True


def wait_fits(looker: Screen, writer: Screen) -> None:
    wait_until(lambda: fits(looker, writer), f"{looker.size} to show a part of {writer.size}",
               describe=lambda: f"{looker.cursor}, {writer.cursor}:\n{looker.text}\n--- of\n{writer.text}")


def test_on_terminals_of_other_sizes_it_is_cropped_or_has_dots_beside_it():
    with native_server(*SHELL) as server, client(server, "connect", flags=("--name", "work"), size=(60, 16)) as writer:
        writer.wait_for("$ ")
        looks = ("--read-only",)
        with client(server, "attach", "work", flags=looks, size=(90, 30)) as larger, \
             client(server, "attach", "work", flags=looks, size=(30, 8)) as smaller:
            writer.line("clear; seq 100 300; echo {1..40}; echo re''ady")
            for screen in (writer, larger, smaller):
                screen.wait_for("ready")
            for looker in (larger, smaller):
                wait_fits(looker, writer)
            writer.line("seq 1 200 > text; vim -u NONE -N -c 'set ruler' text")
            writer.wait_for("1,1")
            for keys, text in (("/123\r", "123,1"), ("A and a line that is longer than the small one is wide", "INSERT"), ("\x1b0", "123,1")):
                writer.send(keys)
                writer.wait_for(text)
                for looker in (larger, smaller):
                    wait_fits(looker, writer)
            # The writer's window changes: for one of them it fits now, the other one's part is another.
            writer.resize(90, 30)
            wait_until(lambda: sessions(server)[0]["columns"] == 90, "the session to have the writer's size")
            writer.send("gg/150\r")
            writer.wait_for("150,1")
            for looker in (larger, smaller):
                wait_fits(looker, writer)
            # The windows of those who look on change.
            larger.resize(50, 40)
            smaller.resize(90, 30)
            for looker in (larger, smaller):
                wait_fits(looker, writer)
            assert farpty(server, "kill", target(server), "work").returncode == 0


def test_the_pen_takes_the_size_along():
    with native_server(*SHELL) as server, client(server, "connect", flags=("--name", "work"), size=(60, 16)) as first:
        first.wait_for("$ ")
        with client(server, "attach", "work", size=(40, 10)) as second:
            said(first, "somebody else has the pen")
            second.line("clear; echo si''ze $(stty size)")
            second.wait_for("size 10 40")
            first.wait_for("size 10 40")
            wait_fits(first, second)  # when our own line has gone, too
            first.send("\r~w")
            said(first, "you have the pen")
            said(second, "somebody else has the pen")
            wait_until(lambda: (sessions(server)[0]["columns"], sessions(server)[0]["rows"]) == (60, 16), "the first one's size to hold")
            first.line("clear; echo si''ze $(stty size)")
            first.wait_for("size 16 60")
            second.wait_for("size 16 60")
            wait_fits(second, first)
            first.line("exit")
            for screen in (first, second):
                assert screen.wait_exit() == 0


# --- who looks on costs nothing

@pytest.mark.parametrize("size", [(80, 24), (50, 12)])
def test_who_does_not_keep_up_is_moved_forward_and_slows_nobody(size):
    with native_server(*SHELL) as server, client(server, "connect", flags=("--name", "work")) as writer:
        writer.wait_for("$ ")
        with client(server, "attach", "work", flags=("--read-only",), size=size) as looker:
            writer.line("clear; echo re''ady")
            looker.wait_for("ready")
            os.kill(looker.process.pid, signal.SIGSTOP)
            shown = len(looker.raw)
            writer.line("seq 1 110000; echo do''ne")
            writer.wait_for("done")  # while the other one reads nothing
            total = written(server)
            assert total > 700_000
            os.kill(looker.process.pid, signal.SIGCONT)
            looker.wait_for("done")
            assert len(looker.raw) - shown < total / 2  # most of it was never sent
            if size == (80, 24):
                wait_alike(Shown(writer), Shown(looker))
            else:
                wait_fits(looker, writer)
            writer.line("exit")
            for screen in (writer, looker):
                assert screen.wait_exit() == 0


class Reporting(Screen):
    """A terminal that answers in its own way when it is asked what it is (DA1), and remembers that it was."""

    asked = 0
    name = b""

    def _answer(self, data: bytes) -> None:
        if data.startswith(b"\x1b[?"):
            self.asked += 1
            data = b"\x1b[?" + self.name + b"c"
        super()._answer(data)


def test_only_the_writers_terminal_answers_queries():
    program = ("stty raw -echo; printf ready; until [ -e go ]; do sleep 0.05; done; printf '\\033[c'; "
               "IFS= read -r -d Q got; stty sane; printf 'got <%q>' \"$got\"; read x")
    with native_server("--", "bash", "-c", program) as server:
        words = ("--accept-new", target(server))
        with Reporting([farpty_binary(), "connect", "--name", "work", *words], environment=server.environment) as looker:
            looker.wait_for("ready")
            with Reporting([farpty_binary(), "attach", *words, "work"], environment=server.environment) as writer:
                looker.name, writer.name = b"111", b"222"
                said(looker, "somebody else has the pen")
                (server.home / "go").touch()
                for screen in (looker, writer):
                    screen.wait_for(lambda one: one.asked)
                looker.send("\r~d")  # behind its answer
                assert looker.wait_exit() == 0
                writer.send("Q")
                writer.wait_for("got <")
                assert "got <$'\\E[?222c'>" in writer.text
                writer.line("")
                assert writer.wait_exit() == 0
