"""Programs of all sorts on a terminal of ours, on a host without ptys: what they print is what they print on a kernel pty."""

import re
from pathlib import Path

import pytest
from kit import Screen, need_program, wait_until
from kit.compare import only
from kit.emulated import assert_same_as_kernel
from kit.paths import built
from kit.processes import descendants
from kit.shells import BASH, PROMPT, prompt_after, shell

# A line of output, a part of a line that comes out when input is asked for, and a question on the terminal by name.
STDIO = {
    "python": ["/usr/bin/python3", "-c", r"""
print("a line")
line = input("a question? ")
print("answer", line)
with open("/dev/tty", "rb+", buffering=0) as tty:
    tty.write(b"by name? ")
    print("answer", tty.readline())
"""],
    "perl": ["perl", "-e", r"""
print "a line\n";
print "a question? ";
my $line = <STDIN>;
print "answer $line";
open(my $tty, "+<", "/dev/tty") or die "no tty";
syswrite($tty, "by name? ");
$line = <$tty>;
print "answer $line", -t STDIN ? "tty" : "none", "\n";
"""],
}


@pytest.mark.parametrize("language", STDIO)
def test_lines_of_output(uid, language):
    def dialogue(screen: Screen):
        screen.wait_for("a line")
        screen.wait_for("a question?")
        yield
        screen.line("first")
        screen.wait_for("by name?")
        yield
        screen.line("second")
        assert screen.wait_exit() == 0
        yield

    assert_same_as_kernel(STDIO[language], dialogue, uid=uid)


def play(uid: int, way: str, *answers: tuple[str, str]) -> None:
    """ttyuser: each question (a regular expression) is waited for and answered."""

    def dialogue(screen: Screen):
        for question, keys in answers:
            screen.wait_for(re.compile(question + " ?$"))
            yield
            if keys == "resize":
                screen.resize(90, 30)
            else:
                screen.send(keys)
        assert screen.wait_exit() == 0
        yield

    assert_same_as_kernel([built("ttyuser"), way], dialogue, uid=uid, size=(80, 30))


def test_stdio_of_c(uid):
    play(uid, "stdio", (r"a question\?", "first\r"), ("half", "\r"), (r"by name\?", "second\r"))


def test_threads(uid):
    play(uid, "threads", (r"line 0\?", "first\r"), (r"line 1\?", "second\r"))


def test_vfork_and_posix_spawn(uid):
    play(uid, "children")


def test_interrupted_calls(uid):
    play(uid, "signals", ("interrupt me", "\x03"), (r"then a line\?", "x\x1cline\r"), ("resize me", "resize"))


def test_what_descriptors_say(uid):
    play(uid, "calls", ("type a line:", "some words\r"), ("type three:", "123"))


def test_what_is_unread_while_it_comes(uid):
    play(uid, "counts")


def test_make(uid):
    """Parallel jobs see the terminal, their outputs are whole, and an interrupt ends all of them."""

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("make -j4 -O 2>&1 | sort; make -s -j3 all | cat -A | sort")
        screen.wait_for(prompt_after(r"piped\$(\n.*)*"))
        yield
        screen.line("clear; make -s -j2 ask")
        screen.wait_for("what?")
        screen.line("this")
        screen.wait_for(prompt_after("said this"))
        yield
        screen.line("clear; make -s -j4 wait")
        screen.wait_for(lambda screen: screen.text.count("waits") == 3)
        screen.key("C-c")
        screen.wait_for(prompt_after(r"make: .*(\n.*)*"))
        screen.wait_for(lambda screen: not any(process.name == "sleep" for process in descendants(screen.process.pid)))
        yield only("waits")  # what make says then depends on who dies first

    makefile = """all: a b c d
a b c d: ; @if test -t 1; then echo $@ terminal; else echo $@ piped; fi; if test -t 2; then echo $@ stderr; fi
ask: ; @read -p 'what? ' x </dev/tty; echo said $$x
wait: w1 w2 w3
w1 w2 w3: ; @echo waits; sleep 1000
.ONESHELL:
SHELL = /bin/bash
"""
    assert_same_as_kernel(BASH, dialogue, uid=uid, prepare=lambda home: (home / "Makefile").write_text(makefile))


def test_colours_on_a_terminal_only(uid):
    def prepare(home: Path) -> None:
        (home / "folder").mkdir()

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("ls --color=auto")
        screen.wait_for(prompt_after(".*folder.*"))
        screen.wait_for(lambda screen: b"\x1b[01;34mfolder" in screen.raw)
        yield
        screen.line("ls --color=auto | cat -A; ls -C --color=auto >there; cat -A there; grep --color=auto x <<<axb")
        screen.wait_for(prompt_after("axb"))
        screen.wait_for(lambda screen: re.search(rb"a\x1b\[[^b]*\x1b\[K?x|a\x1b\[01;31m", screen.raw))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid, prepare=prepare)


def test_typed_ahead(uid):
    """What is typed while nobody reads waits for whoever reads next."""

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("stty -echo; echo go; while ! test -e typed; do :; done; read a; cat; stty echo")
        screen.wait_for(re.compile("^go$", re.MULTILINE))
        screen.send("one\rtwo\rthree\x04\x04")
        Path(f"/proc/{screen.process.pid}/cwd/typed").touch()
        screen.wait_for(re.compile(r"two\nthree\$$"))
        yield
        screen.line("clear; echo $a")
        screen.wait_for(prompt_after("^one"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_a_large_paste(uid):
    """More than any queue holds: all of it arrives, once."""
    lines = 3000

    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.send("".join(f"line {n}\r" for n in range(lines)) + "\x04")
        assert screen.wait_exit() == 0
        yield

    assert_same_as_kernel(["sh", "-c", "stty -echo; echo ready; md5sum; stty echo"], dialogue, uid=uid)


def test_the_program_ends(uid):
    """Exit statuses, and output that is whole though the program is gone."""
    need_program("seq", "coreutils")

    def dialogue(screen: Screen):
        assert screen.wait_exit() == 3
        yield

    assert_same_as_kernel(["sh", "-c", "seq 1 3000; exit 3"], dialogue, uid=uid)


def test_shells_in_shells(uid):
    assert_same_as_kernel(BASH, shell("sh -c 'sh -c \"stty size; tty\"'", "(stty size) | cat", "stty size | cat; cat /dev/null | stty size",
                                      "echo x | (read y; echo $y; stty size </dev/tty)", "exec 3<>/dev/tty; echo to3 >&3; exec 3>&-",
                                      "bash --norc -c 'set -m; sleep 0 & wait; echo done'", "nohup stty size 2>&1; ls nohup.out",
                                      "timeout 1000 stty size"), uid=uid, size=(80, 50))
