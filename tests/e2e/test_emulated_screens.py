"""Full-screen programs on a terminal of ours, on a host without ptys: the same screens as on a kernel pty."""

import re
import subprocess
from pathlib import Path

from kit import Screen, need_program
from kit.compare import only
from kit.emulated import assert_same_as_kernel
from kit.shells import BASH, PROMPT, prompt_after

PAGE = """.TH PAGE 1 2024-01-01 farpty Tests
.SH NAME
page \\- something to read
.SH DESCRIPTION
""" + "".join(f".PP\nParagraph {n} of this page: {'words ' * 40}\n" for n in range(1, 40))


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
        yield
        screen.resize(100, 30)
        screen.wait_for(lambda screen: screen.lines[28].startswith("[No Name]"))
        screen.send(":echo &columns &lines\r")
        screen.wait_for("100 30")
        yield
        screen.send(":!stty size; tty | sed 's/[0-9]*$/N/'\r")
        screen.wait_for("Press ENTER")
        yield
        screen.send("\r:r !seq 3\r")
        screen.wait_for("3 more lines")
        yield
        screen.send(":qa!\r")
        assert screen.wait_exit() == 0

    assert_same_as_kernel(["vim", "-u", "NONE", "-n", "-c", "set encoding=utf-8 t_RV= t_u7="], dialogue, uid=uid)


def test_vim_from_a_shell_and_back(uid):
    need_program("vim")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("vim -u NONE -n -c 'set t_RV= t_u7='")
        screen.wait_for("~")
        screen.send("itext\x1b\x1a")
        screen.wait_for("Stopped")
        yield
        screen.line("fg")
        screen.wait_for(lambda screen: screen.lines[0] == "text")
        yield
        screen.send(":terminal bash --norc --noprofile\r")
        screen.wait_for(lambda screen: screen.lines[0] == "$")
        screen.line("tty; stty size; test -t 0 && echo is''one")
        screen.wait_for(re.compile("^isone$", re.MULTILINE))
        yield
        screen.line("exit")
        screen.wait_for("[finished]")
        screen.send(":q!\r:q!\r")
        screen.wait_for(PROMPT)
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_less(uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("seq 1 1000 | less")
        screen.wait_for("23")
        yield
        screen.send("G")
        screen.wait_for("1000")
        yield
        screen.send("g/500\r")
        screen.wait_for("500")
        yield
        screen.resize(60, 20)
        screen.wait_for(lambda screen: screen.lines[-1] == ":" and screen.lines[0] == "500")
        yield
        screen.send("\x1a")
        screen.wait_for(prompt_after("Stopped.*"))
        screen.line("fg")
        screen.wait_for(lambda screen: screen.lines[-1] == ":" and screen.lines[0] == "500")
        yield
        screen.send("!stty -a | head -1\r")
        screen.wait_for("!done")
        screen.send("\rq")
        screen.wait_for(PROMPT)
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_nano(uid):
    need_program("nano")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("nano --ignorercfiles --modernbindings --zap file 2>/dev/null || nano --ignorercfiles file")
        screen.wait_for("[ New File ]")
        yield
        screen.send("first linö\rsecond")
        screen.wait_for("second")
        yield
        screen.send("\x0f")
        screen.wait_for("File Name to Write: file")
        screen.send("\r")
        screen.wait_for("Wrote 2 lines")
        yield
        screen.send("\x18")
        screen.wait_for(PROMPT)
        screen.line("clear; cat file; stty -a | grep -o '.icanon'")
        screen.wait_for(prompt_after(".icanon"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_top(uid):
    need_program("top", "procps")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("top")
        screen.wait_for(re.compile(r"^ *PID USER .*COMMAND$", re.MULTILINE))
        yield only("PID")
        screen.send("1")  # the processors one by one
        screen.wait_for(re.compile(r"^%Cpu0 .*", re.MULTILINE))
        yield only("PID|%Cpu0")
        screen.send("u")  # a line is read
        screen.wait_for("Which user")
        screen.send("root\r")
        screen.wait_for(lambda screen: "Which user" not in screen.text)
        screen.send("q")
        screen.wait_for(PROMPT)
        screen.line("clear; stty -a | head -1; stty -a | grep -o '.icanon'")
        screen.wait_for(prompt_after(".*rows 24.*\n.icanon"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_htop(uid):
    need_program("htop")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("htop")
        screen.wait_for("F10Quit")
        screen.wait_for("PID")
        yield only(r"F10Quit|\bPID +USER")
        screen.send("\x1b[12~")  # F2
        screen.wait_for("Categories")
        yield only("Categories|F10Done")
        screen.send("\x1b[21~")
        screen.wait_for("F10Quit")
        screen.send("q")
        screen.wait_for(PROMPT)
        screen.line("clear; stty -a | grep -o '.icanon'")
        screen.wait_for(prompt_after(".icanon"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_man(uid):
    need_program("man", "man-db")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("man -l page.1")
        screen.wait_for("page - something to read")
        yield
        screen.send("G")
        screen.wait_for("(END)")
        yield
        screen.send("q")
        screen.wait_for(PROMPT)
        yield
        screen.line("man -l page.1 | head -4 | cat -A")
        screen.wait_for(prompt_after(r"page - something.*"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid, prepare=lambda home: (home / "page.1").write_text(PAGE))


def _repository(home: Path) -> None:
    author = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    for who in ("AUTHOR", "COMMITTER"):
        author |= {f"GIT_{who}_NAME": "A", f"GIT_{who}_EMAIL": "a@example.org", f"GIT_{who}_DATE": "2024-01-01T00:00:00Z"}
    subprocess.run(["sh", "-c", "git init -q . && for i in $(seq 40); do git commit -q --allow-empty -m \"commit $i\"; done"],
                   cwd=home, env=author, check=True)


def test_git_log(uid):
    need_program("git")

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("git log")
        screen.wait_for("commit 40")
        screen.wait_for(lambda screen: b"\x1b[33m" in screen.raw)  # coloured, for it is a terminal
        yield
        screen.send("/commit 20\r")
        screen.wait_for(lambda screen: screen.lines[0].endswith("commit 20"))
        yield
        screen.send("q")
        screen.wait_for(PROMPT)
        screen.line("clear; git log --oneline -3; git log --oneline -1 | cat -A")
        screen.wait_for(re.compile(r"commit 40\$\n\$$"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid, prepare=_repository)


def test_python_and_curses(uid):
    def dialogue(screen: Screen):
        def line(text: str, answer: str) -> None:
            """What is typed while a line runs is echoed by whoever has the terminal then: its prompt is waited for."""
            screen.line(text)
            screen.wait_for(re.compile(answer + r"\n>>>$"))

        screen.wait_for(">>>")
        line("import curses, os, pty, sys, termios, tty", "termios, tty")
        line("os.isatty(0), os.ttyname(0) == os.ctermid(), os.get_terminal_size().lines", r"\(True, False, 24\)")
        line("os.tcgetpgrp(0) == os.getpgrp(), os.tcgetattr(0) if 0 else len(termios.tcgetattr(0))", r"\(True, 7\)")
        line("sys.stdin.line_buffering, sys.stdout.line_buffering", ".*")
        yield
        screen.line("tty.setcbreak(0); print('type', flush=True); x = os.read(0, 1)")
        screen.wait_for(re.compile(r"^type$", re.MULTILINE))
        screen.send("y")
        screen.wait_for(re.compile(r"^type\n>>>$", re.MULTILINE))
        line("x", "b'y'")
        yield
        screen.key("C-c")
        screen.wait_for(re.compile(r"KeyboardInterrupt\n>>>$"))
        yield
        screen.send("os.get_term\t\t")  # readline's completion
        screen.wait_for("os.get_terminal_size")
        yield
        screen.send("\x15")
        screen.line("curses.wrapper(lambda w: (w.addstr(5, 5, 'curses'), w.getch(), w.addstr(7, 7, repr(w.getmaxyx())), w.getch()))")
        screen.wait_for("     curses")
        yield
        screen.send("r")
        screen.wait_for("(24, 80)")
        yield
        screen.send("q")
        screen.wait_for(re.compile(r">>>$"))
        screen.line("exit()")
        assert screen.wait_exit() == 0
        yield

    assert_same_as_kernel(["/usr/bin/python3", "-q"], dialogue, uid=uid, environment={"PYTHON_HISTORY": "/dev/null"})
