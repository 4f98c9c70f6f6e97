"""The kit's terminal, tested on a plain local pty."""

import signal
import termios

from kit import Screen, wait_until


def test_shows_types_and_resizes():
    with Screen(["bash", "--norc", "--noprofile", "-i"], environment={"PS1": "> ", "TERM": "xterm", "PATH": "/usr/bin:/bin"}) as screen:
        screen.wait_for(">")
        screen.line("stty size; echo o''k")
        screen.wait_for("24 80\nok")
        screen.resize(100, 30)
        screen.line("clear; stty size")
        screen.wait_for("30 100")
        screen.line("exit 7")
        assert screen.wait_exit() == 7


def test_answers_a_position_report_and_a_dumb_one_does_not():
    ask = r"""stty raw -echo; printf '\033[6n'; IFS= read -r -d R answer; stty sane; printf 'got %q\n' "$answer" """
    with Screen(["bash", "-c", ask]) as screen:
        screen.wait_for(r"got $'\E[1;1'")
    with Screen(["bash", "-c", ask], answers=False) as screen:
        screen.wait_still()
        assert "got" not in screen.text


def test_hides_string_sequences_also_when_cut_in_two():
    with Screen(["bash", "-c", r"printf 'a\033]0;ti'; read -r; printf 'tle\007b\033P+q544e\033\\c\n'"]) as screen:
        screen.wait_for("a")
        screen.line("")
        screen.wait_for("bc")
        assert "title" not in screen.text and "544e" not in screen.text


def test_secondary_attributes_are_not_answered_with_the_primary_ones():
    ask = r"""stty raw -echo; printf '\033[>'; printf 'c\033[>4;2m\033[c'; IFS= read -r -d c answer; stty sane; printf 'got %q\n' "$answer" """
    with Screen(["bash", "-c", ask + "; read -t 0 && echo more || echo no more"]) as screen:
        screen.wait_for(r"got $'\E[?6'" + "\nno more")


def test_cursor_keys_are_those_of_the_mode():
    ask = r"""stty raw -echo; printf '\033[?1hready'; IFS= read -r -n 3 key; stty sane; printf 'got %q\n' "$key" """
    with Screen(["bash", "-c", ask]) as screen:
        screen.wait_for("ready")
        screen.key("Down")
        screen.wait_for(r"got $'\EOB'")


def test_end_hangs_the_program_up():
    with Screen(["sleep", "1000"]) as screen:
        assert screen.attributes()[3] & termios.ECHO
        assert screen.window_size() == (80, 24)
        wait_until(lambda: screen.foreground() == screen.process.pid, "the program to be in the foreground")
    assert screen.process.returncode == -signal.SIGHUP
