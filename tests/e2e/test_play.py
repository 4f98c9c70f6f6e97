"""`farpty play`: what was recorded comes back, byte for byte and screen by screen."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from kit import RawPeer, Screen, serve, wait_until
from kit.emulated import home_of
from kit.processes import children
from kit.server import base_environment, farpty_binary

FOR_EVER = 10**6
"""Seconds between two events of which the second never comes in a test: what is waited for is never a matter of time."""


def write(path: Path, events: list, head: dict | None = None) -> Path:
    lines = [{"version": 2, "width": 80, "height": 24} | (head or {}), *events]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def tape(tmp_path):
    return tmp_path / "tape.cast"


def play(*arguments: object, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([farpty_binary(), "play", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False, **more)


def watch(tape: Path, *flags: str, size: tuple[int, int] = (80, 24)) -> Screen:
    return Screen([farpty_binary(), "play", *flags, str(tape)], size=size)


def test_without_a_terminal_all_comes_at_once(tape):
    write(tape, [[0, "o", "one\r\n"], [1, "i", "typed"], [FOR_EVER, "r", "90x30"], [2 * FOR_EVER, "o", "two \u00e9\r\n"],
                 [3 * FOR_EVER, "m", "marker"]])
    done = play(tape)
    assert (done.returncode, done.stdout, done.stderr) == (0, "one\r\ntwo \u00e9\r\n".encode(), b"")


def test_every_byte_of_a_recorded_session_comes_back(tmp_path):
    blob = bytes(range(256)) * 300 + os.urandom(100_000) + b"end"
    (tmp_path / "blob").write_bytes(blob)
    folder = tmp_path / "recordings"
    with serve("--record", str(folder), "--no-tty", "--", "cat", str(tmp_path / "blob")) as server:
        with RawPeer(server) as peer:
            assert peer.expect_end() == blob
        server.wait_idle()
        (file,) = folder.glob("*.cast")
        done = play(file)
        assert done.returncode == 0 and done.stdout == blob
        piped = subprocess.run(["bash", "-c", f"exec {farpty_binary()} play <(cat {file})"], stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=60, check=False)
        assert piped.stdout == blob, piped.stderr


def test_the_screen_is_that_of_the_session(tmp_path):
    """A full-screen program, recorded while somebody sits at it, and played on a terminal of the same size."""
    folder = tmp_path / "recordings"
    with home_of(os.getuid()) as home:
        (home / "text").write_text("".join(f"line {n} \u00e9\n" for n in range(200)))
        with Screen([farpty_binary(), "run", "--record", str(folder), "--", "less", "text"], environment=base_environment(home),
                    cwd=str(home)) as screen:
            screen.wait_for("line 22")
            screen.send("G")
            screen.wait_for("line 199")
            screen.wait_for(re.compile(r"\(END\)$"))
            shown, looks = screen.snapshot(), screen.looks()
            (file,) = folder.glob("*.cast")
            head, *events = file.read_text().splitlines()
            copy = tmp_path / "copy.cast"
            copy.write_text("\n".join([head, *events, json.dumps([FOR_EVER, "o", "\r\nnever"])]) + "\n")
            with watch(copy, "--speed", "1000") as player:
                player.wait_for(re.compile(r"\(END\)$"))
                player.wait_for(lambda player: (player.snapshot(), player.looks()) == (shown, looks))
                player.send("q")
                assert player.wait_exit() == 0
                # What less had switched on is off again.
                assert "\x1b[?1049l" in player.raw.decode(errors="replace")
            screen.send("q")
            screen.wait_exit()


def test_it_pauses_steps_and_goes_on(tape):
    write(tape, [[0, "o", "one "], [FOR_EVER, "o", "two "], [FOR_EVER + 1, "i", "x"], [FOR_EVER + 1, "o", "three "],
                 [2 * FOR_EVER, "o", "four "], [2 * FOR_EVER, "o", "five "], [3 * FOR_EVER, "o", "six"]])
    with watch(tape) as screen:
        screen.wait_for("one")
        screen.send(".")  # only while it pauses
        screen.send(" .")
        screen.wait_for("one two")
        assert "three" not in screen.text
        screen.send("..")
        screen.wait_for("three four")
        screen.send(" ")  # and what is due at the same moment comes by itself
        screen.wait_for("four five")
        assert "six" not in screen.text
        screen.send("q")
        assert screen.wait_exit() == 0


def test_it_ends_by_itself_and_cuts_pauses(tape):
    events = [[0, "o", "one "], [FOR_EVER, "o", "two "], [2 * FOR_EVER, "o", "three"]]
    with watch(write(tape, events), "--idle-limit", "0.01") as screen:
        assert screen.wait_exit() == 0
        assert screen.text == "one two three"
    with watch(write(tape, events, {"idle_time_limit": 0.01})) as screen:  # the recording's own
        assert screen.wait_exit() == 0
        assert screen.text == "one two three"
    with watch(write(tape, [[0, "o", "one "], [30, "o", "two"]]), "--speed", "1000") as screen:
        assert screen.wait_exit() == 0
        assert screen.text == "one two"


def test_it_seeks(tape):
    """Forward and back over events that are minutes apart; the screen is as it was at that moment."""
    write(tape, [[0, "o", "\x1b[2J\x1b[Hstart"], [100, "o", "\x1b[2J\x1b[H\x1b[7mhundred\x1b[m"], [104, "o", "+4"],
                 [200, "r", "100x30"], [200, "o", "\x1b[2J\x1b[Htwo hundred"], [FOR_EVER, "o", "never"]])
    right, left, up, down = "\x1b[C", "\x1b[D", "\x1b[A", "\x1b[B"
    with watch(tape) as screen:
        screen.wait_for("start")
        screen.send(" \x1b[H" + up * 2)
        screen.wait_for("hundred+4")
        assert screen.looks()[0].startswith("0-6 ")
        screen.send(left * 4)
        screen.wait_for(re.compile(r"^hundred$"))
        screen.send(".")
        screen.wait_for(re.compile(r"^hundred\+4$"))
        screen.send(up * 2)
        screen.wait_for("two hundred")
        screen.send(down)
        screen.wait_for(re.compile(r"^hundred\+4$"))
        screen.send("\x1b[H")
        screen.wait_for(re.compile(r"^start$"))
        screen.send(right * 20)
        screen.wait_for(re.compile(r"^hundred$"))
        screen.send("q")
        assert screen.wait_exit() == 0


def test_answers_of_the_terminal_are_no_keys(tape):
    """The recording asks the terminal what it is; the answers come on the way of the keys, and end or pause nothing."""
    write(tape, [[0, "o", "asked\x1b[c\x1b[6n\x1b[>c "], [0, "o", "and asked\x1b[6n "], [FOR_EVER, "o", "never"]])
    with watch(tape) as screen:
        screen.wait_for("and asked")
        screen.send("\x1b]10;rgb:q.q. q.\x1b\\\x1b[200~q .\x1b[201~")
        screen.send(" .")
        screen.wait_for("never")
        screen.send("q")
        assert screen.wait_exit() == 0


def test_the_terminal_is_as_it_was_after_ctrl_c_and_after_a_signal(tape):
    write(tape, [[0, "o", "\x1b[?1049h\x1b[?1000hinside"], [FOR_EVER, "o", "never"]])
    for how in ("key", "signal"):
        script = f"echo ready; read -r go; {farpty_binary()} play {tape}; echo status $?; read -r wait"
        with Screen(["bash", "--norc", "-c", script]) as screen:
            screen.wait_for("ready")
            before = screen.attributes()
            screen.send("\r")
            screen.wait_for("inside")
            wait_until(lambda: screen.attributes()[3] != before[3], "raw mode")
            if how == "key":
                screen.send("\x03")
            else:
                (player,) = children(screen.process.pid)
                os.kill(player.pid, signal.SIGTERM)
            screen.wait_for(f"status {130 if how == 'key' else 128 + signal.SIGTERM}")
            assert screen.attributes() == before
            assert b"\x1b[?1049l" in screen.raw and b"\x1b[?1000l" in screen.raw


@pytest.mark.parametrize(("text", "message"), [
    ("", "it is empty"),
    ('{\n  "version": 1,\n', "line 1: it is no recording of a terminal"),
    ('{"version": 3, "term": {"cols": 80, "rows": 24}}\n', "version 3, and only version 2 is understood"),
    ('{"version": 1, "width": 80, "height": 24, "stdout": []}', "version 1, and only version 2 is understood"),
    ("\x7fELF\x00\x01\n", "no recording of a terminal"),
    ('{"version": 2, "width": 80, "height": 24}\n[0, "o", "fine"]\n[1, "o"]\n', "line 3: it is no event"),
])
def test_what_is_no_recording_is_told(tape, text, message):
    tape.write_text(text)
    done = play(tape)
    assert done.returncode == 1
    assert f"cannot play {tape}: " in done.stderr.decode() and message in done.stderr.decode()
    assert done.stdout == (b"fine" if "fine" in text else b"")


def test_a_recording_that_was_cut_short_is_played_to_its_end(tape):
    write(tape, [[0, "o", "one"]])
    with tape.open("a") as text:
        text.write('[1, "o", "tw')
    done = play(tape)
    assert (done.returncode, done.stdout) == (0, b"one") and b"ends in the middle of a line" in done.stderr


def test_wrong_usage(tape):
    assert play(tape).returncode == 1  # there is none
    assert b"no such file" in play(tape).stderr
    write(tape, [])
    assert play("--speed", "0", tape).returncode not in (0, 1)
    assert play("--idle-limit", "-1", tape).returncode not in (0, 1)
    assert play().returncode not in (0, 1)
