"""Inside gVisor, whose ptys are refused: an emulated terminal there, as root and as a user; the same screens as on a kernel pty
of this machine. gVisor has no pidfd_open(2), no seccomp listener and no wake-up of a writer whose reader took the last byte."""

import re

import pytest
from kit import Screen, farpty_binary, need_program
from kit.gvisor import assert_same_in_gvisor, emulated_in_gvisor, gvisor, need_gvisor
from kit.shells import BASH, JOB, PROMPT, UNTIL_STOPPED, continued, prompt_after, shell


@pytest.fixture(autouse=True)
def _runs_here():
    need_gvisor()


def test_what_is_told(uid):
    assert_same_in_gvisor(BASH, shell("tty | sed 's/[0-9]*$//'", "stty size", "stty -a", "test -t 0 && test -t 2 && echo yes",
                                      "echo to tty >/dev/tty", "stty size </dev/tty", "tty </dev/null", "setsid -w tty",
                                      "yes | head -3"), uid=uid, size=(100, 60),
                          more=[(re.compile("-iutf8"), "iutf8")])  # ours is on where the locale says so


def test_job_control(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(JOB)
        screen.wait_for("\njob")
        screen.line("typed")
        screen.wait_for("typed\ntyped")
        yield
        screen.key("C-z")
        screen.wait_for(prompt_after("Stopped.*"))
        yield
        screen.line("jobs; fg")
        continued(screen, "sh -c .*cat\"")
        screen.key("C-c")
        screen.wait_for(prompt_after(r"\^C"))
        yield
        screen.line(f"s=$?; clear; echo $s; {JOB}")
        screen.wait_for("130\njob")
        screen.key("C-\\")
        screen.wait_for(prompt_after(r"\^\\Quit.*"))
        yield
        screen.line(f"s=$?; clear; echo $s; {JOB}; exit 5")
        screen.wait_for("131\njob")
        screen.key("C-d")
        assert screen.wait_exit() == 5

    assert_same_in_gvisor(BASH, dialogue, uid=uid)


def test_lines_that_are_typed_ahead(uid):
    """None of their bytes is lost where readline and the terminal take turns in reading."""
    lines = 40

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.send("".join(f"echo $(({n} * 7))x\r" for n in range(lines)) + "clear; echo en''d\r")
        screen.wait_for(prompt_after("^end"))
        said = screen.raw.replace(b"\r", b"")
        assert re.findall(rb"(\d+)x\n", said) == [str(n * 7).encode() for n in range(lines)], said
        yield

    assert_same_in_gvisor(BASH, dialogue, uid=uid)


def test_line_editing(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("echo one two; touch some-file")
        screen.wait_for(prompt_after("one two"))
        screen.send("\x1b[A\x01\x04\x04\x04\x04printf\x05 wörld\x7f\x7fd\r")  # a line of before, mended
        screen.wait_for(re.compile("printf one two.*\n.*\\$"))
        screen.send("\x15clear; echo some-\t\r")
        screen.wait_for(prompt_after("^some-file"))
        yield
        screen.line("clear; echo ready''; cat >there; cat -A there")
        screen.wait_for(re.compile("^ready$", re.MULTILINE))
        screen.line("wrong\x7f\x7f\x7f\x7f\x7fri\x17one two\x17three")
        screen.send("\x04")
        screen.wait_for(prompt_after(r"one three\$"))
        yield

    assert_same_in_gvisor(BASH, dialogue, uid=uid)


def test_passwords(uid):
    program = "read -s -p 'Password: ' x; echo; echo got $x; exec /usr/bin/python3 -c 'import getpass; print(getpass.getpass())'"

    def dialogue(screen: Screen):
        screen.wait_for("Password:")
        screen.line("secret")
        screen.wait_for("got secret\nPassword:")
        yield
        screen.line("other")
        screen.wait_for("other")
        yield

    assert_same_in_gvisor(["bash", "-c", program], dialogue, uid=uid)


def test_the_window_size(uid):
    def dialogue(screen: Screen):
        screen.wait_for("now 20 70\n20 70")
        yield

    script = "trap 'echo now $(stty size)' WINCH; stty cols 70 rows 20; stty size; exec sleep 1000"
    assert_same_in_gvisor(["bash", "-c", script], dialogue, uid=uid)


def test_vim(uid):
    need_program("vim")

    def dialogue(screen: Screen):
        screen.wait_for("~")
        screen.send("ihello wörld\r\x1b20ox\x1b")
        screen.send("ggVGyp:set number\r")
        screen.wait_for("1 hello wörld")
        yield
        screen.send(":!stty size\r")
        screen.wait_for("Press ENTER")
        yield
        screen.send("\r:qa!\r")
        assert screen.wait_exit() == 0

    assert_same_in_gvisor(["vim", "-u", "NONE", "-n", "-c", "set encoding=utf-8 t_RV= t_u7="], dialogue, uid=uid)


def test_terminals_that_programs_make(uid):
    need_program("tmux")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("script -q -c 'PS1=\\> bash --norc --noprofile -i' /dev/null")
        screen.wait_for(re.compile(r"^>$", re.MULTILINE))
        screen.line(f"stty size; {JOB}")
        screen.wait_for(re.compile("^job$", re.MULTILINE))
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n>$"))
        yield
        screen.line("fg")
        continued(screen, "sh -c .*cat\"")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n>$"))
        screen.line("exit 4")
        screen.wait_for(prompt_after("exit"))
        yield
        screen.line("clear; tmux -L test -f /dev/null new 'stty size; read x; echo got $x; read x'")
        screen.wait_for("23 80")
        screen.line("typed")
        screen.wait_for("got typed")
        screen.line("")
        screen.wait_for(prompt_after(r"\[exited\]"))
        yield

    assert_same_in_gvisor(BASH, dialogue, uid=uid)


def test_background_readers(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(f"(read x; echo got $x) & {UNTIL_STOPPED}")
        screen.wait_for(prompt_after(r"Stopped.*"))
        screen.line("fg")
        screen.wait_for(re.compile(r"fg\n.*got \$x *\)$"))
        screen.line("line")
        screen.wait_for(prompt_after("got line"))
        screen.line("clear; yes")
        screen.wait_for("y\n" * 15)
        screen.key("C-c")
        screen.wait_for(lambda screen: screen.lines[screen.cursor[1]] == "$")
        screen.line("clear; echo $?")
        screen.wait_for(re.compile(r"^0\n\$$"))
        yield

    assert_same_in_gvisor(BASH, dialogue, uid=uid)


def test_a_static_program_is_told_of_once():
    need_program("busybox", "busybox-static")
    with gvisor(emulated_in_gvisor(BASH), uid=0) as screen:
        screen.wait_for(PROMPT)
        screen.line("clear; busybox tty; busybox tty; echo status $?")
        screen.wait_for("status 1")
        assert screen.unwrapped.count("sees no terminal") == 1, screen.text


def test_gvisors_own_terminals_are_taken():
    with gvisor([farpty_binary(), "doctor"], uid=0, ptys=True, size=(130, 50)) as screen:
        assert screen.wait_exit() == 0
        assert re.search("^chosen +kernel$", screen.text, re.MULTILINE), screen.text
        assert re.search("^gVisor +yes$", screen.text, re.MULTILINE), screen.text
