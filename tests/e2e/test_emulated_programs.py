"""Programs on an emulated terminal, on a host without ptys: the same screens as on a kernel pty, as root and as a user."""

import os
import re

import pytest
from kit import need, need_program
from kit.emulated import assert_same_as_kernel
from kit.screen import Screen

BASH = ["bash", "--norc", "--noprofile", "-i"]
PROMPT = re.compile(r"\$ ?$")


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def uid(request):
    need(request.param or os.getuid() == 0, "root")
    return request.param


def shell(*lines):
    """A dialogue: each line is typed, and the screen compared when the prompt is back."""

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        for number, line in enumerate(lines):
            screen.line(f"{line}; echo end{number}''")
            screen.wait_for(re.compile(rf"^ *end{number}\n\$$", re.MULTILINE))
            yield screen.wait_still(0.1)

    return dialogue


def test_stty_and_tty(uid):
    assert_same_as_kernel(BASH, shell("stty -a", "stty size", "tty", "test -t 0 && echo yes", "stty -echo; stty echo",
                                      "stty raw; stty -a | head -3; stty sane", "stty -a | grep -o iutf8"),
                          more=[(re.compile("-iutf8"), "iutf8")], uid=uid, size=(100, 40))


def test_where_the_terminal_is_not(uid):
    assert_same_as_kernel(BASH, shell("tty </dev/null", "ls --color=auto / | head -1", "cat </dev/null", "setsid -w tty",
                                      "setsid -w sh -c 'echo x >/dev/tty'", "env -i /usr/bin/tty", "echo to tty >/dev/tty",
                                      "stty size </dev/tty", "test -c /dev/tty; echo $?", "test -c /dev/stdin; echo $?",
                                      "stat -L -c '%F %t' /dev/tty"), uid=uid)


def test_job_control(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("cat")
        screen.wait_still(0.2)
        screen.line("typed")
        screen.wait_for("typed\ntyped")
        yield
        screen.key("C-z")
        screen.wait_for("Stopped")
        yield screen.wait_still(0.1)
        screen.line("jobs; fg")
        screen.wait_for(re.compile("fg\n.*\ncat", re.DOTALL))
        screen.wait_still(0.1)
        screen.line("again")
        screen.wait_for("again\nagain")
        screen.key("C-d")
        screen.wait_for(PROMPT)
        screen.line("sleep 1000")
        screen.wait_still(0.2)
        screen.key("C-c")
        screen.wait_for("^C\n$")
        yield
        screen.line("echo $?; (read x; echo got $x) & sleep 0.3")
        screen.wait_for(re.compile(r"sleep 0\.3\n(?:.*\n)*\[1\]\+.*\n\$$"))
        screen.line("jobs")
        screen.wait_for("Stopped")
        yield screen.wait_still(0.2)
        screen.line("fg")
        screen.wait_still(0.2)
        screen.line("line")
        screen.wait_for("got line")
        yield screen.wait_still(0.1)
        screen.line("stty tostop; (echo from the background) & sleep 0.30")
        screen.wait_for(re.compile(r"sleep 0\.30\n(?:.*\n)*\[1\]\+.*\n\$$"))
        screen.line("jobs; stty -tostop; fg")
        screen.wait_for("\nfrom the background")
        yield screen.wait_still(0.1)

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_line_editing_by_the_terminal(uid):
    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.wait_still(0.2)
        screen.line("wrong\x7f\x7f\x7f\x7f\x7fri\x17one grüße\x7f\x7f two\x17three\x16\x03\tx\x7f\x7f")
        screen.wait_still(0.1)
        yield
        screen.send("gone\x15kept \x12")
        yield screen.wait_still(0.1)
        screen.send("\x04\x04")
        yield screen.wait_still(0.1)
        screen.send("\x04")
        screen.wait_for("end")
        yield screen.wait_still(0.1)

    assert_same_as_kernel(["sh", "-c", "stty iutf8; echo ready; cat -A; echo end; exec sleep 1000"], dialogue, uid=uid)


def test_passwords(uid):
    need_program("python3")
    program = "read -s -p 'Password: ' x; echo; echo got $x; python3 -c 'import getpass; print(getpass.getpass())'; sleep 1000"

    def dialogue(screen: Screen):
        screen.wait_for("Password:")
        screen.line("secret")
        screen.wait_for("got secret\nPassword:")
        yield
        screen.line("other")
        screen.wait_for("other")
        yield

    assert_same_as_kernel(["bash", "-c", program], dialogue, uid=uid, environment={"PATH": "/usr/bin:/bin"})


def test_vim(uid):
    need_program("vim")

    def dialogue(screen: Screen):
        screen.wait_for("~")
        screen.send("ihello wörld\r\x1b50ox\x1b")
        screen.send("ggVGyp:set number\r")
        screen.wait_for("1 hello wörld")
        screen.send(":split\rGo€ end\x1b")
        screen.wait_for("€ end")
        screen.send("gg0:echo 'moment'\r")
        screen.wait_for(lambda screen: screen.lines[-1] == "moment")
        yield screen.wait_still()
        screen.send(":!stty size; tty | sed 's/[0-9]*$/N/'\r")
        screen.wait_for("Press ENTER")
        yield screen.wait_still()
        screen.send("\r\x1a")  # Ctrl-Z: vim has no shell above it here, it goes on
        screen.send(":q!\r:q!\r")

    assert_same_as_kernel(["vim", "-u", "NONE", "-n", "-c", "set encoding=utf-8 t_RV= t_u7="], dialogue, uid=uid)


def test_vim_from_a_shell_and_back(uid):
    need_program("vim")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("vim -u NONE -n -c 'set t_RV= t_u7='")
        screen.wait_for("~")
        screen.send("itext\x1b\x1a")
        screen.wait_for("Stopped")
        yield screen.wait_still()
        screen.line("fg")
        screen.wait_for(lambda screen: screen.lines[0] == "text")
        yield screen.wait_still()
        screen.send(":q!\r")
        screen.wait_for(PROMPT)
        yield screen.wait_still()

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_less(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("seq 1 1000 | less")
        screen.wait_for("23")
        yield screen.wait_still()
        screen.send("G")
        screen.wait_for("1000")
        yield screen.wait_still()
        screen.send("g/500\r")
        screen.wait_for("500")
        yield screen.wait_still()
        screen.send("q")
        screen.wait_for(PROMPT)
        yield screen.wait_still()

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_python(uid):
    def dialogue(screen: Screen):
        screen.wait_for(">>>")
        screen.line("import os, sys, termios, tty, pty")
        screen.line("os.isatty(0), os.ttyname(0) == os.ctermid(), os.get_terminal_size().lines, sys.stdin.line_buffering")
        screen.line("os.tcgetpgrp(0) == os.getpgrp(), os.tcgetattr(0) if 0 else len(termios.tcgetattr(0))")
        screen.line("tty.setcbreak(0); x = os.read(0, 1)")
        screen.wait_still(0.2)
        screen.send("y")
        screen.line("x")
        screen.wait_for("b'y'")
        yield screen.wait_still()
        screen.key("C-c")
        screen.wait_for("KeyboardInterrupt")
        yield screen.wait_still()
        screen.line("import curses; curses.wrapper(lambda w: (w.addstr(5, 5, 'curses'), w.getch()))")
        screen.wait_for("     curses")
        yield screen.wait_still()
        screen.send("q")
        screen.wait_for(re.compile(">>>$"))
        yield screen.wait_still()

    assert_same_as_kernel(["/usr/bin/python3", "-q"], dialogue, uid=uid, environment={"PYTHON_HISTORY": "/dev/null"})


def test_a_pair_inside(uid):
    """script, python's pty: programs that make terminals."""
    assert_same_as_kernel(BASH, shell("script -qc 'stty size; test -t 0 && echo tty' /dev/null", "script -qc 'exit 3' /dev/null; echo $?",
                                      "/usr/bin/python3 -c 'import pty; print(pty.spawn([\"sh\", \"-c\", \"test -t 1; echo $?\"]))'"),
                          uid=uid)


def test_tmux(uid):
    need_program("tmux")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("exec tmux -L test -f /dev/null new 'bash --norc --noprofile'")
        screen.wait_for(re.compile(r"^bash-5.*\n", re.MULTILINE))
        screen.line("PS1='$ '; test -t 0 && stty size; sleep 1000")
        screen.wait_for("23 80")
        screen.wait_still(0.2)
        screen.key("C-z")
        screen.wait_for("Stopped")
        screen.key("C-b")
        screen.send('"')
        screen.wait_for("─" * 80)
        screen.wait_for(lambda screen: screen.cursor[0] > 5)
        screen.line("PS1='$ '; clear; stty size")
        screen.wait_for("11 80")
        yield screen.wait_still(0.5)
        screen.line("exit")
        screen.wait_for(lambda screen: "───" not in screen.text)
        screen.line("fg")
        screen.wait_still(0.3)
        screen.key("C-c")
        screen.wait_for("^C")
        yield screen.wait_still(0.5)
        screen.line("exec tmux -L test kill-server")
        screen.wait_exit()

    more = [(re.compile(r'".*" TIME .*'), "STATUS"), (re.compile(r"\[0\] .*"), "STATUS")]
    assert_same_as_kernel(BASH, dialogue, uid=uid, more=more)


def test_the_window_follows(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("trap 'echo now $(stty size)' WINCH; echo set")
        screen.wait_for(re.compile(r"^set\n\$$", re.MULTILINE))
        for columns, lines in [(70, 20), (120, 50), (80, 24)]:
            screen.resize(columns, lines)
            screen.wait_for(f"now {lines} {columns}")
        yield screen.wait_still(0.2)

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_a_flood_can_be_interrupted(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("yes | head -3; yes")
        screen.wait_for("y\n" * 15)
        screen.key("C-c")
        screen.wait_for(lambda screen: screen.lines[screen.cursor[1]] == "$")
        screen.line("clear; echo $?")
        screen.wait_for("0\n$")
        yield screen.wait_still(0.2)

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_top(uid):
    need_program("top")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("top -d 0.3")
        screen.wait_for("PID")
        screen.send("q")
        screen.wait_for(PROMPT)
        screen.line("clear; stty -a | head -1")
        screen.wait_for("rows 24")
        yield screen.wait_still(0.2)

    assert_same_as_kernel(BASH, dialogue, uid=uid)
