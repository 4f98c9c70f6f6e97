"""--probe-size: the raw door learns the real size from the terminal, and a dumb peer never notices."""

import re

from kit import RawPeer, netcat_on_a_terminal, pipe_to_netcat, serve

BASH = ("--", "bash", "--norc", "--noprofile", "-i")
QUESTION = re.compile(rb"\x1b7\x1b\[\d+;\d+H\x1b\[6n\x1b8")


def test_sets_the_size_after_the_first_keystroke_and_swallows_the_report():
    with serve(*BASH) as server, netcat_on_a_terminal(server, size=(101, 33)) as screen:
        screen.wait_for("$ ")
        assert not QUESTION.search(screen.raw)
        screen.line("")
        screen.wait_for(lambda screen: QUESTION.search(screen.raw))
        screen.line("stty size")
        screen.wait_for("stty size")
        screen.wait_for("33 101")
        assert "33;101R" not in screen.text and "^[" not in screen.text
        screen.line("exit")
        screen.wait_for("back with 0")


def test_a_dumb_peers_typing_is_never_eaten():
    """It never answers, and even what looks like the beginning of a report arrives."""
    program = "import os, tty; tty.setraw(0); os.write(1, b'ready')\n" \
              "while data := os.read(0, 100): os.write(1, b'<' + data.hex().encode() + b'>')"
    with serve("--probe-size", "yes", "--", "/usr/bin/python3", "-c", program) as server, RawPeer(server) as peer:
        peer.expect("ready")
        sent = b""
        for piece in (b"a", b"\x1b[", b"12;", b"x", b"\x1b", b"[A", b"\x1b[5;5", b"\x03", b"end"):
            peer.send(piece)
            sent += piece

            def typed() -> bytes:
                return b"".join(bytes.fromhex(part.decode()) for part in re.findall(rb"<([0-9a-f]*)>", peer.received))

            while typed() != sent:
                assert peer.pump(30), f"typed {sent!r}, arrived {typed()!r}"


def test_a_report_is_swallowed_once():
    """Its pieces are the unit test's: the rest of one is waited for a moment only."""
    program = "import os, tty; tty.setraw(0); os.write(1, b'ready')\n" \
              "while data := os.read(0, 100): os.write(1, b'<' + data.hex().encode() + b'>')"
    with serve("--probe-size", "yes", "--", "/usr/bin/python3", "-c", program) as server, RawPeer(server) as peer:
        peer.expect("ready")
        peer.send(b"a")
        peer.expect(QUESTION.pattern)
        peer.expect(b"<61>")
        peer.send(b"\x1b[40;132Rb")
        peer.expect(b"<62>")
        peer.send(b"\x1b[40;132R")  # a second one is the program's own business
        peer.expect(b"1b5b34303b31333252")


def test_a_script_never_sees_the_question():
    """Never if that first read holds a newline or end-of-file."""
    with serve(*BASH) as server:
        assert not QUESTION.search(pipe_to_netcat(server, b"echo hi\nexit\n"))
        assert not QUESTION.search(pipe_to_netcat(server, b""))


def test_no_question_for_a_program_that_is_no_interactive_shell():
    """Default on for interactive shells, off for the rest."""
    with serve("--", "cat") as server, RawPeer(server) as peer:
        peer.send(b"x")
        peer.expect("x")
        peer.send(b"\ry\r")
        peer.expect(r"y\r\n.*y\r\n")
        assert not QUESTION.search(peer.received)
