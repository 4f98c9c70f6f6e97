"""farpty-sh in an empty root: no other file, PATH=/nonexistent, with /proc and without. On emulated terminals as on a kernel's; one of
these is made by the static executable within that root.

It is made by `make farpty-sh`, which takes minutes; where it was not made these tests are skipped (`make dist-test` does both).
"""

import contextlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kit import Screen, farpty_binary, need
from kit.compare import Side, assert_in_step
from kit.emptyroot import chrooted, mounted
from kit.emulated import emulated_command
from kit.paths import ROOT
from kit.server import base_environment
from kit.shells import full_screen_applets, job_control, line_editing, shell
from kit.wait import GENEROUS

SHELL = Path(os.environ.get("FARPTY_SH", ROOT / f"build/farpty-sh/farpty-sh-{platform.machine()}-linux")).resolve()

STATIC = Path(os.environ.get("FARPTY_STATIC", ROOT / f"build/dist/farpty-{platform.machine()}-linux")).resolve()

pytestmark = pytest.mark.skipif(not SHELL.exists(), reason=f"not built: {SHELL.name} (make farpty-sh)")
both = pytest.mark.parametrize("proc", ["proc", "bare"])

ENVIRONMENT = ["TERM=xterm-256color", "PATH=/nonexistent", "HOME=/home", "PS1=$ ", "HISTFILE="]


@pytest.fixture
def root(tmp_path):
    need(os.getuid() == 0, "root, to make an empty root")
    folder = tmp_path / "root"
    for name in ("proc", "home"):
        (folder / name).mkdir(parents=True)
    os.chown(folder / "home", 1000, 1000)
    shutil.copy(SHELL, folder / "farpty-sh")
    entered = subprocess.run(mounted(folder, "proc", inside(folder, "-c", ":")), capture_output=True, timeout=GENEROUS, check=False)
    need(b"mount" not in entered.stderr, "permission to mount")
    return folder


def inside(root, *arguments, program=("/farpty-sh",)):
    return chrooted(root, ENVIRONMENT, *program, *arguments)


def said(root, script, proc="proc", arguments=("-c",), status=0):
    done = subprocess.run(mounted(root, proc, inside(root, *arguments, script)), capture_output=True, text=True, timeout=GENEROUS, check=False,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == status, done
    return done.stdout + done.stderr


def played(root, dialogue, proc="proc", size=(80, 24)):
    """On a kernel pty and on emulated terminals, and the screens compared."""
    arguments = ["--norc", "--noprofile", "-i"]
    words = inside(root, *arguments)
    commands = {"a kernel pty": words, "an emulated terminal": emulated_command(words)}
    if proc == "proc" and STATIC.exists():
        shutil.copy(STATIC, root / "static")
        commands["an emulated terminal made within"] = inside(
            root, *arguments, program=("/static", "run", "--terminal", "emulated", "--", "/farpty-sh"))
    with contextlib.ExitStack() as stack:
        sides = []
        for name, command in commands.items():
            screen = stack.enter_context(Screen(mounted(root, proc, command), size=size, environment=base_environment(root), cwd="/"))
            sides.append(Side(name, screen, root, dialogue, ()))
        assert_in_step(sides)


@both
def test_applets_without_execve(root, proc):
    assert said(root, "type ls; command -v wc; type -t ls cd", proc) == "ls is an applet of farpty-sh\nwc\napplet\nbuiltin\n"
    assert said(root, "ls /", proc) == "farpty-sh\nhome\nproc\n"
    assert said(root, "seq 3 | sed s/2/two/ | tr '\\n' ' '; echo a b c | wc -w", proc) == "1 two 3 3\n"
    assert said(root, "cat /missing; echo $?", proc) == "1\ncat: can't open '/missing': No such file or directory\n"
    assert said(root, "exec seq 2", proc) == "1\n2\n"
    assert said(root, "A=1 printenv A; (cd home; pwd; basename $PWD); x=$(echo sub | rev); echo $x", proc) == "1\n/home\nhome\nbus\n"
    assert "nosuch: command not found" in said(root, "nosuch", proc, status=127)
    assert said(root, "2", proc, arguments=("seq",)) == "1\n2\n"
    assert said(root, "trap 'echo caught' TERM; sh_pid=$$; kill -TERM $$; sleep 0; echo on", proc) == "caught\non\n"


def test_applets_that_start_applets(root):
    assert said(root, "find /home /farpty-sh -exec basename {} \\;") == "home\nfarpty-sh\n"
    assert said(root, "echo 1 2 | xargs -n 1 expr 5 +") == "6\n7\n"
    assert said(root, "env A=2 printenv A; nohup echo on; nice seq 1") == "2\non\n1\n"
    assert said(root, "printf 'echo $0 $1; seq 1\\n' >/home/s; sh /home/s one; bash -c 'echo $BASH_VERSION | cut -c1'") == "/home/s one\n1\n5\n"


def test_applets_that_start_applets_say_that_they_need_proc(root):
    assert "env: seq: one applet starts another by /proc/self/exe, which is not here" in said(root, "env seq 1", "bare", status=127)
    assert "farpty-sh: sh: No such file or directory: a new shell needs /proc" in said(root, "sh -c :", "bare", status=126)


@both
def test_what_the_terminal_is(root, proc):
    played(root, shell("stty size", "stty -a | head -n 2", "test -t 0; echo $?", "ls /", "stty -echo; stty echo",
                       "yes | head -n 3"), proc)


@both
def test_job_control(root, proc):
    played(root, job_control, proc)


def test_line_editing(root):
    played(root, line_editing)


def test_full_screen_applets(root):
    played(root, full_screen_applets)


def test_processes(root):
    # Only of itself: other tests and users start and end programs on this machine.
    played(root, shell("ps | grep -c \"^ *$$ .*farpty-sh\""))


def test_farpty_takes_it(tmp_path):
    """`farpty run` with no program, and a shell that is not there."""
    environment = base_environment(tmp_path) | {"SHELL": "/nonexistent/sh", "FARPTY_SH": str(SHELL), "PATH": "/nonexistent"}
    done = subprocess.run([farpty_binary(), "run"], input="type wget; exit 3\n", capture_output=True, text=True, env=environment,
                          timeout=GENEROUS, check=False)
    assert ("wget is an applet" in done.stdout, done.returncode) == (True, 3), done
