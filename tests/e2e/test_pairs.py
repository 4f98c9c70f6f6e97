"""Pairs that programs make (script, tmux, expect, python's pty), asked everything, on a kernel's terminal and on an emulated one."""

import difflib
import os
import subprocess
from pathlib import Path

import pytest
from kit import farpty_binary
from kit.emulated import as_user, emulated_command, home_of
from kit.need import need
from kit.server import base_environment

PROGRAM = Path(__file__).parent / "programs" / "pairs.py"


def answers(uid: int, command: list[str]) -> list[str]:
    with home_of(uid) as home:
        copy = home / "pairs.py"
        copy.write_text(PROGRAM.read_text())
        done = subprocess.run(as_user(uid, [*command, "/usr/bin/python3", str(copy)]), stdin=subprocess.DEVNULL, capture_output=True, cwd=home,
                              env=base_environment(home), timeout=300)
    return (done.stdout + done.stderr).decode().replace("\r", "").splitlines()


@pytest.mark.parametrize("uid", [0, 1000], ids=["root", "user"])
def test_the_same_answers_as_from_the_kernel(uid):
    need(uid == os.getuid() or os.getuid() == 0, "root")
    kernel = answers(uid, [farpty_binary(), "run", "--terminal", "kernel", "--"])
    emulated = answers(uid, emulated_command([]))
    # docs/emulated-terminal.md: POLLERR of a hung up slave, and O_NONBLOCK of a duplicate that was there before.
    kernel = [line.replace("IN+OUT+HUP+ERR", "IN+OUT+HUP").replace("set through the duplicate: True", "set through the duplicate: False")
              for line in kernel]
    assert kernel[-1] == "end", kernel
    assert emulated == kernel, "\n".join(difflib.unified_diff(kernel, emulated, "kernel", "emulated", lineterm=""))
