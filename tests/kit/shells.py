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
