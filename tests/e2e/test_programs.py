"""Programs that make full use of a terminal: the same dialogue on a plain local pty and through farpty, screen by screen.

Each comes in by farpty's own client and by one of the others, so that all have their turn; with FARPTY_CLIENTS=all by all.
"""

import re
import subprocess

import pytest
from kit import Screen, assert_same_screens, need_program

SHELL = ("bash", "--norc", "--noprofile", "-i")
NUMBERS = (re.compile(r"\d+(?:[.,:]\d+)*"), "N")
BLANKS = (re.compile(r"[ \t]+"), " ")
COMMAS = (re.compile(r"([,:]) *(?=N)"), r"\1 ")


def test_bash_with_job_control():
    def dialogue(screen: Screen):
        screen.wait_for("$ ")
        screen.line("sleep 1000")
        screen.wait_foreground("sleep")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n\$ ?$"))
        screen.line("jobs; bg %1")
        screen.wait_for(re.compile(r"sleep 1000 &\n\$ ?$"))
        screen.line("fg")
        screen.wait_foreground("sleep")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$$"))
        yield "an interrupted job"
        screen.send("echo wrod")
        screen.key("Left", "Left", "Left", "Delete")
        screen.send("o")
        screen.key("Delete")
        screen.send("r")
        screen.wait_for("echo word")
        yield "a line edited by readline"
        screen.key("Enter")
        screen.wait_for(re.compile(r"\nword\n\$ ?$"))  # while the command runs, the terminal itself echoes what is typed
        screen.key("Up", "Up", "C-a")
        screen.wait_for(re.compile(r"\n\$ fg$"))
        yield "a line of the history"
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$\s*$"))
        screen.line("stty -a | head -n 1; exit 3")
        assert screen.wait_exit() == 3
        yield "the end"

    assert_same_screens(SHELL, dialogue, clients=("farpty-raw", "netcat"))


def test_vim():
    def dialogue(screen: Screen):
        screen.wait_for("~")
        yield "an empty buffer"
        screen.send("iThe first line\rand a second\x1b")
        screen.wait_for("and a second")
        screen.send("kdwyyp:set number\r")
        screen.wait_for("3 and a second")
        yield "edited"
        screen.send(":split\r/second\r")
        screen.wait_for(lambda screen: screen.text.count("3 and a second") == 2)
        yield "two windows"
        screen.send("\x1b:qa!\r")
        assert screen.wait_exit() == 0
        yield "the screen from before"

    vim = (need_program("vim"), "--cmd", "set shortmess+=I", "-u", "NONE", "-i", "NONE", "-n")
    assert_same_screens(vim, dialogue, clients=("farpty-raw", "farpty-telnet"))


def test_less():
    def dialogue(screen: Screen):
        screen.wait_for("1\n2\n3")
        yield "the first page"
        screen.send(" ")
        screen.wait_for("46")
        yield "the second page"
        screen.send("/500\r")
        screen.wait_for("500")
        yield "found"
        screen.send("G")
        screen.wait_for("1000\n")
        yield "the end of the file"
        screen.send("q")
        assert screen.wait_exit() == 0
        yield "the screen from before"

    assert_same_screens(("sh", "-c", "seq 1000 > numbers; exec less numbers"), dialogue, clients=("farpty-raw", "busybox"))


def test_top():
    def dialogue(screen: Screen):
        screen.wait_for(re.compile(r"PID +USER"))
        yield "the first screen"
        screen.send("1")
        screen.wait_for("%Cpu0")
        yield "a processor a line"
        screen.send("h")
        screen.wait_for("Help for Interactive Commands")
        yield "help"
        screen.send("q")
        screen.wait_for(re.compile(r"PID +USER"))
        screen.send("q")
        assert screen.wait_exit() == 0

    with subprocess.Popen(["sleep", "1000"]) as shown:  # the same on every side, at any time
        try:
            assert_same_screens(("top", "-p", str(shown.pid), "-d", "1000"), dialogue, clients=("farpty-raw", "plink"),
                                more=(NUMBERS, BLANKS, COMMAS))
        finally:
            shown.kill()


def test_tmux():
    need_program("tmux")

    def dialogue(screen: Screen):
        screen.wait_for(re.compile(r"^> *$", re.MULTILINE))
        yield "one pane"
        screen.line("echo first pa''ne")
        screen.wait_for("first pane")
        screen.key("C-b")
        screen.send('"')
        screen.wait_for(re.compile(r"─{20}[^─\n]*\n> *$", re.MULTILINE))
        screen.line("sh -c 'echo second pa\"\"ne; exec sleep 1000'")  # what writes is in the foreground
        screen.wait_for("second pane")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n> *$", re.MULTILINE))
        screen.line("jobs")
        screen.wait_for(lambda screen: screen.text.count("Stopped") == 2)
        yield "two panes, job control inside"
        screen.key("C-b")
        screen.send("d")
        screen.wait_for(re.compile(r"detached.*\n\$ *$"))
        screen.line("tmux -L farpty attach")
        screen.wait_for(lambda screen: "second pane" in screen.text and "detached" not in screen.text)
        yield "attached again"
        screen.key("C-b")
        screen.send(":")
        screen.wait_for(re.compile(r"^:", re.MULTILINE))
        screen.send("kill-server\r")
        screen.wait_for(re.compile(r"server exited\]?\n\$ *$"))
        yield "the screen from before"
        screen.line("exit 4")
        assert screen.wait_exit() == 4

    start = "echo \"PS1='> ' exec bash --norc --noprofile -i\" > inner; echo 'set -g automatic-rename off; set -g default-command \"sh ./inner\"' > conf; " \
            "export TMUX_TMPDIR=$PWD; tmux -L farpty -f conf; PS1='$ ' exec bash --norc --noprofile -i"
    host = (re.compile(r'"[^"\n]*" TIME \S+'), '"HOST" TIME DATE')
    assert_same_screens(("sh", "-c", start), dialogue, clients=("farpty-raw", "inetutils"), more=(host,))


def test_bastet():
    program = need_program("bastet")

    def dialogue(screen: Screen):
        screen.wait_for("Play! (normal version)")
        yield "the menu"
        screen.key("Down")
        yield "the next entry"
        screen.key("Down", "Down", "Down")
        yield "the last entry, which is Quit"
        screen.key("Enter")
        assert screen.wait_exit() == 0

    assert_same_screens((program,), dialogue, clients=("farpty-raw", "netcat"))


def test_python():
    def dialogue(screen: Screen):
        screen.wait_for(">>> ")
        screen.line("for i in range(3):")
        screen.wait_for("... ")
        screen.line("    print(i * 7)")
        screen.wait_for("7)\n...")  # typed before it, the line's end would be echoed twice
        screen.line("")
        screen.wait_for("14\n>>>")
        screen.send("import o")
        screen.key("C-u")
        screen.line("import time; print('sle'+'eps', flush=True); time.sleep(1000)")
        screen.wait_for(re.compile(r"^sleeps", re.MULTILINE))
        screen.key("C-c")
        screen.wait_for(re.compile(r"KeyboardInterrupt\n>>>$"))
        yield "a loop and an interrupt"
        screen.line("import getpass; getpass.getpass()")
        screen.wait_for("Password:")
        screen.line("secret")
        screen.wait_for(re.compile(r"'secret'\n>>>$"))
        screen.line("input('name? ')")
        screen.wait_for("name?")
        screen.line("me")
        screen.wait_for(re.compile(r"'me'\n>>>$"))
        yield "a password and a question"
        screen.key("C-d")
        assert screen.wait_exit() == 0

    assert_same_screens(("/usr/bin/python3", "-q"), dialogue, clients=("farpty-raw", "inetutils-8bit"))


@pytest.mark.parametrize("text", ["Grüße, 世界, 🙂 e\u0301", "\t|tab\x1b[31mred\x1b[0m\x1b]0;title\x07|"], ids=["utf-8", "control"])
def test_characters(text):
    def dialogue(screen: Screen):
        screen.wait_for("done")
        yield "the text"
        screen.line("ünï")
        screen.wait_for("got")
        yield "typed"
        assert screen.wait_exit() == 0

    script = 'printf "%s\\ndone\\n" "$1"; read -r line; echo "got ${#line} $line"'
    assert_same_screens(("bash", "-c", script, "-", text), dialogue, clients=("farpty-raw", "netcat", "inetutils-8bit"))
