"""Shells on a terminal of ours, on a host without ptys: line editing, job control, signals; the same screens as on a kernel pty."""

import re

import pytest
from kit import Screen, need_program
from kit.emulated import assert_same_as_kernel, wait_running
from kit.shells import BASH, PROMPT, UNTIL_STOPPED, continued, prompt_after, shell

UP, LEFT, END, HOME = "\x1b[A", "\x1b[D", "\x1b[F", "\x1b[H"


def test_settings(uid):
    assert_same_as_kernel(BASH, shell("stty -a", "stty size", "tty", "test -t 0 && echo yes", "stty -echo; stty echo",
                                      "stty raw; stty -a | head -3; stty sane", "stty -a | grep -o iutf8"),
                          more=[(re.compile("-iutf8"), "iutf8")], uid=uid, size=(100, 40))


def test_where_the_terminal_is_not(uid):
    assert_same_as_kernel(BASH, shell("tty </dev/null", "ls --color=auto / | head -1", "cat </dev/null", "setsid -w tty",
                                      "setsid -w sh -c 'echo x >/dev/tty'", "env -i /usr/bin/tty", "echo to tty >/dev/tty",
                                      "stty size </dev/tty", "test -c /dev/tty; echo $?", "test -c /dev/stdin; echo $?",
                                      "stat -L -c '%F %t' /dev/tty", "test -r /dev/tty -a -w /dev/tty -a ! -x /dev/tty; echo $?",
                                      "chmod 600 $(tty) && chown $(id -u) $(tty); echo $?", "yes | head -3", "setsid -w bash -c 'test -t 0; echo $?'",
                                      "setsid -w bash -c 'stty size; read x </dev/tty'"), uid=uid, size=(80, 50))


def test_an_empty_environment(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("env -i PS1='> ' bash --norc --noprofile -i")
        screen.wait_for(re.compile(r"^>$", re.MULTILINE))
        screen.line("tty; env -i stty size; env -i cat")
        wait_running(screen, "cat")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n>$"))
        yield
        screen.line("fg")
        continued(screen, "env -i cat")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n>$"))
        screen.line("exit")
        screen.wait_for(prompt_after("exit"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_line_editing_by_the_shell(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("echo one two; touch some-file some-folk")
        screen.wait_for(prompt_after("one two"))
        yield
        screen.send(f"{UP}{HOME}# {END}\x17\x7f\x7f")  # word and character rubbed out
        yield
        screen.send("\x15echo wörld" + LEFT * 4 + "\x7fo" + "\x05 e" + "x" * 100 + "\x01\x1bf\x0b\x19")
        yield
        screen.send("\x15ls some-f\t")
        yield
        screen.send("\t\t")
        screen.wait_for("some-folk")
        yield
        screen.send("i\t\r")
        screen.wait_for(prompt_after("some-file"))
        yield
        screen.send("\x12touch")  # incremental search
        screen.wait_for("reverse-i-search")
        yield
        screen.send("\x07")
        yield
        screen.send("\x15half a line")
        screen.wait_for(re.compile(r"half a line$"))  # an interrupt drops what nobody has read
        yield
        screen.key("C-c")
        screen.wait_for(prompt_after(r"half a line\^C"))
        yield
        screen.line("bind 'set editing-mode vi'; PS2='> '")
        screen.wait_for(prompt_after("PS2='> '"))
        for line in ("for x in 1 2; do", "echo v$x", "done"):
            screen.line(line)
            screen.wait_for(re.compile(re.escape(line) + r"\n>$" if line != "done" else "v1"))
        screen.wait_for(prompt_after("v1\nv2"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_job_control(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("cat")
        wait_running(screen, "cat")
        screen.line("typed")
        screen.wait_for("typed\ntyped")
        yield
        screen.key("C-z")
        screen.wait_for(prompt_after(r"Stopped +cat"))
        yield
        screen.line("jobs; fg")
        screen.wait_for(re.compile(r"fg\n.*\ncat$"))
        screen.line("again")
        screen.wait_for("again\nagain")
        screen.key("C-d")
        screen.wait_for(prompt_after("again\nagain"))
        yield
        screen.line("sleep 1000")
        wait_running(screen, "sleep")
        screen.key("C-c")
        screen.wait_for(prompt_after(r"\^C"))
        screen.line("echo $?; sleep 1000")
        wait_running(screen, "sleep")
        screen.key("C-\\")
        screen.wait_for(prompt_after(r"\^\\Quit.*"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_background_readers_and_writers(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(f"(read x; echo got $x) & {UNTIL_STOPPED}")
        screen.wait_for(prompt_after(r"Stopped.*"))
        screen.line("jobs")
        screen.wait_for(prompt_after(r"Stopped(.*\n)+.*Stopped.*"))
        yield
        screen.line("fg")
        screen.wait_for(re.compile(r"fg\n.*got \$x *\)$"))
        screen.line("line")
        screen.wait_for(prompt_after("got line"))
        yield
        screen.line(f"clear; stty tostop; (echo from the background) & {UNTIL_STOPPED}")
        screen.wait_for(prompt_after(r"Stopped.*"))
        screen.line("jobs; stty -tostop; fg")
        screen.wait_for(prompt_after("\nfrom the background"))
        yield
        screen.line(f"clear; stty -echoprt -echoke & {UNTIL_STOPPED}")  # settings belong to the foreground too
        screen.wait_for(prompt_after(r"Stopped.*"))
        # A disowned job: whether a shell that waited for one tells of its end, too, depends on who is faster.
        screen.line("fg; (until test -e told; do :; done; trap '' TTOU; stty echoprt; echo allowed; touch ended) & disown; touch told; "
                    "until test -e ended; do :; done; stty -a | grep -o -- '-*echo[pk].*'; stty -echoprt echoke")
        screen.wait_for(prompt_after(r"echoprt.*-echoke.*"))
        yield

    more = [(re.compile(r"^.*(?:Terminated|Done|Stopped).*$", re.MULTILINE), "JOB")]
    assert_same_as_kernel(BASH, dialogue, uid=uid, more=more)


ORPHAN = r"""
import os, sys, termios, time
leader = os.getpid()
if os.fork() == 0:
    os.setpgid(0, 0)
    if os.fork():
        os._exit(0)
    while os.getpgid(os.getppid()) == os.getpgid(0) or os.getsid(os.getppid()) == os.getsid(0):
        time.sleep(0.001)  # until nobody is left who could continue this group
    said = []
    for what in (lambda: os.read(0, 1), lambda: termios.tcsetattr(0, termios.TCSANOW, termios.tcgetattr(0)),
                 lambda: termios.tcflush(0, termios.TCIFLUSH), lambda: os.tcsetpgrp(0, os.getpgid(0)), lambda: os.write(1, b"writes\n")):
        try:
            what()
            said.append("done")
        except (OSError, termios.error) as error:
            said.append(os.strerror(error.args[0]))
    os.write(1, ("; ".join(said) + "\n").encode())
    os._exit(0)
os.read(0, 1)
"""


def test_a_group_that_nobody_can_continue_is_refused(uid):
    def dialogue(screen: Screen):
        screen.wait_for("writes")
        screen.wait_for("; done")
        yield

    assert_same_as_kernel(["/usr/bin/python3", "-c", ORPHAN], dialogue, uid=uid)


def test_line_editing_by_the_terminal(uid):
    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.line("wrong\x7f\x7f\x7f\x7f\x7fri\x17one grüße\x7f\x7f two\x17three\x16\x03\tx\x7f\x7f")
        screen.wait_for(re.compile(r"three\^C\$$", re.MULTILINE))  # cat has answered
        yield
        screen.send("gone\x15kept \x12")
        yield
        screen.send("\x04\x04")
        yield
        screen.send("\x04")
        screen.wait_for("kept end")
        yield

    script = "stty iutf8; echo ready; cat -A; echo end; exec sleep 1000"
    assert_same_as_kernel(["sh", "-c", script], dialogue, uid=uid)


def test_passwords(uid):
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


def test_the_window_follows(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("trap 'echo now $(stty size)' WINCH; echo set")
        screen.wait_for(prompt_after(r"\nset"))
        for columns, lines in [(70, 20), (120, 50), (80, 24)]:
            screen.resize(columns, lines)
            screen.wait_for(f"now {lines} {columns}")
            yield
        screen.line("clear; echo $COLUMNS $LINES")
        screen.wait_for(prompt_after("80 24"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_a_flood_can_be_interrupted(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("yes | head -3; yes")
        screen.wait_for("y\n" * 15)
        screen.key("C-c")
        screen.wait_for(lambda screen: screen.lines[screen.cursor[1]] == "$")
        screen.line("clear; echo $?")
        screen.wait_for(re.compile(r"^0\n\$$"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_output_is_held_by_a_key(uid):
    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.send("\x13")
        screen.line("held")
        yield
        screen.send("\x11")
        screen.wait_for("held\nHELD")
        yield

    assert_same_as_kernel(["sh", "-c", "echo ready; while read -r x; do echo HELD; done"], dialogue, uid=uid)


def test_dash(uid):
    need_program("dash")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("tty; cat")
        wait_running(screen, "cat")
        screen.key("C-z")
        screen.wait_for(prompt_after(r".*Stopped.*"))
        yield
        screen.line("jobs; fg")
        continued(screen, "cat")
        screen.key("C-c")
        screen.wait_for(prompt_after(r"\^C"))
        screen.line("echo $?; cat")
        wait_running(screen, "cat")
        screen.send("a line\r\x04")
        screen.wait_for(prompt_after("a line\na line"))
        yield

    assert_same_as_kernel(["dash", "-i"], dialogue, uid=uid)


def test_zsh(uid):
    need_program("zsh")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("touch some-file; tty; cat")
        wait_running(screen, "cat")
        screen.key("C-z")
        screen.wait_for(prompt_after(r".*suspended.*"))
        yield
        screen.line("jobs; fg")
        continued(screen, ".*continued +cat")
        screen.key("C-c")
        screen.wait_for(prompt_after(r"\^C"))
        yield
        screen.send(f"ls s\t{UP}{UP}{LEFT}{LEFT}x\x01echo 'ö' \x0b\r")
        screen.wait_for(prompt_after("ö"))
        yield
        screen.line("vared -p 'edit: ' -c x")
        screen.wait_for(re.compile("^edit:", re.MULTILINE))
        screen.line("given")
        screen.wait_for(prompt_after("edit: given"))
        screen.line("read -sk1 '?key: '; echo $REPLY $x")
        screen.wait_for(re.compile("^key:$", re.MULTILINE))
        screen.send("k")
        screen.wait_for(prompt_after("key: k given"))
        yield

    assert_same_as_kernel(["zsh", "-f", "-i"], dialogue, uid=uid, environment={"PROMPT": "$ ", "PROMPT_EOL_MARK": ""},
                          more=[(re.compile(r"^(zsh: \S+) +\d+", re.MULTILINE), r"\1 PID")])


@pytest.mark.parametrize("program", ["sh", "bash --norc --noediting"])
def test_a_script_on_standard_input(uid, program):
    """The shell reads its commands from the terminal, as cooked lines."""

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("echo first''; read x")
        screen.wait_for("\nfirst")
        screen.line("second")
        screen.wait_for(prompt_after("\nsecond"))
        screen.line("echo $x''third; exit 3")
        assert screen.wait_exit() == 3
        yield

    assert_same_as_kernel(["sh", "-c", f"exec {program} -s"], dialogue, uid=uid)
