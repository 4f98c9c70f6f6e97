"""Dialogues with shells, for screens that are compared."""

import re
from collections.abc import Iterator

from .compare import Dialogue
from .screen import Screen

BASH = ["bash", "--norc", "--noprofile", "-i"]
PROMPT = re.compile(r"\$ ?$")
UNTIL_STOPPED = 'until [[ $(</proc/$!/stat) = *") T "* ]]; do :; done'
"""In bash: waits until the last background job was stopped."""

JOB = 'sh -c "echo jo\\b; exec cat"'
"""Says `job` once it has the terminal, answers what is typed, and ends by keys only."""


def continued(screen: Screen, name: str) -> None:
    """After `fg` of JOB or cat, which the shell answers by this line: it does so before it gives the terminal away, and a key
    in between is the shell's."""
    screen.wait_for(re.compile(f"^{name}$", re.MULTILINE))
    screen.line("awake")
    screen.wait_for("awake\nawake")


def prompt_after(text: str) -> re.Pattern[str]:
    """Matches the screen whose last lines are this text (a regular expression) and a prompt."""
    return re.compile(text + r"\n\$$")


def shell(*lines: str) -> Dialogue:
    """Each line is typed at the prompt, and the screens are compared when the prompt is back."""

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        for number, line in enumerate(lines):
            screen.line(f"{line}; echo end{number}''")
            screen.wait_for(re.compile(rf"^ *end{number}\n\$$", re.MULTILINE))
            yield

    return dialogue


what_the_terminal_is = shell("stty size", "stty -a | head -n 2", "test -t 0; echo $?", "stty -echo; stty echo", "yes | head -n 3")


def job_control(screen: Screen) -> Iterator[None]:
    """Stops a job, lists it, brings it back, ends it, and interrupts another."""
    screen.wait_for(PROMPT)
    screen.line("echo jo''b; cat")
    screen.wait_for(re.compile("^job$", re.MULTILINE))
    screen.line("typed")
    screen.wait_for("typed\ntyped")
    yield
    screen.key("C-z")
    screen.wait_for(re.compile(r"Stopped.*\n\$$"))
    screen.line("jobs")
    screen.wait_for(re.compile(r"jobs\n.*Stopped +cat\n\$$"))
    yield
    screen.line("fg")
    continued(screen, "cat")
    screen.key("C-d")
    screen.wait_for(re.compile(r"awake\n\$$"))
    # Said by the job itself: a key that comes before it has begun is the shell's, and may leave it running.
    screen.line("(echo sl''eeps; exec sleep 1000)")
    screen.wait_for(re.compile("^sleeps$", re.MULTILINE))
    screen.key("C-c")
    screen.wait_for(re.compile(r"\^C\n\$$"))
    yield


def line_editing(screen: Screen) -> Iterator[None]:
    """Arrow keys, the keys of Emacs, history, and names completed; for a shell in a root that holds `farpty-sh`."""
    screen.wait_for(PROMPT)
    screen.send("echo two thre\x1b[D\x1b[D\x1b[D\x1b[D\x1b[D\x01\x1b[C\x05\r")
    screen.wait_for("two thre\n$")
    yield
    screen.send("\x1b[A\x1b[D\x1b[C e\x7f\x7fe\x17four\r")
    screen.wait_for("two four\n$")
    yield
    screen.send("ls /farpty-s\t\r")
    screen.wait_for("ls /farpty-sh\n/farpty-sh")
    yield


def full_screen_applets(screen: Screen) -> Iterator[None]:
    """vi, less and top of busybox. HOME can be written to."""
    screen.wait_for(PROMPT)
    screen.line("cd; vi $$")
    screen.wait_for(re.compile(r"^~$", re.MULTILINE))
    screen.send("ifirst\rsecond")
    screen.wait_for("second")
    screen.send("\x1b")
    screen.wait_for(re.compile(r"^- \d.*Modified", re.MULTILINE))
    screen.send(":1,2s/e/E/\r")
    screen.send(":wq\r")
    screen.wait_for(PROMPT)
    screen.line("clear; cat $$; rm $$")
    screen.wait_for(re.compile(r"sEcond\n\$$"))
    yield
    screen.line("seq 100 | less")
    screen.wait_for("23")
    screen.send(" ")
    screen.wait_for("46")
    screen.send("q")
    screen.wait_for(PROMPT)
    screen.line("clear; top")
    screen.wait_for("Load average")
    screen.send("q")
    screen.wait_for(PROMPT)
    screen.line("clear; stty size")
    screen.wait_for("24 80")
    yield
