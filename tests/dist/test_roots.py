"""The static executable in roots of other systems, each as user 1000: its terminal there and a kernel's show the same screens.

Of musl alone: a program that is linked to it dynamically, into which the carried library is loaded. Of busybox alone: its shell, which
is static, by the seccomp listener. And Debian's smallest, made by debootstrap, where FARPTY_DEBIAN_ROOT names its folder.
"""

import contextlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kit import Screen, need
from kit.compare import Side, assert_in_step
from kit.emptyroot import chrooted, mounted
from kit.need import need_program
from kit.paths import ROOT
from kit.server import base_environment
from kit.shells import JOB, PROMPT, continued, prompt_after, shell

STATIC = Path(os.environ.get("FARPTY_STATIC", ROOT / f"build/dist/farpty-{platform.machine()}-linux")).resolve()
ENVIRONMENT = ["TERM=xterm", "PATH=/usr/bin:/bin", "HOME=/home", "PS1=$ ", "HISTFILE=", "LANG=C.UTF-8"]

pytestmark = pytest.mark.skipif(not STATIC.exists(), reason=f"not built: {STATIC.name} (make dist)")


@pytest.fixture
def root(tmp_path):
    need(os.getuid() == 0, "root, to make a root")
    folder = tmp_path / "root"
    for name in ("proc", "home", "bin", "lib"):
        (folder / name).mkdir(parents=True)
    os.chown(folder / "home", 1000, 1000)
    shutil.copy(STATIC, folder / "home/farpty")
    return folder


def played(root, words, dialogue):
    own = chrooted(root, ENVIRONMENT, "/home/farpty", "run", "--terminal", "emulated", "--", *words)
    commands = {"a kernel pty": chrooted(root, ENVIRONMENT, *words), "an emulated terminal": own}
    with contextlib.ExitStack() as stack:
        assert_in_step([Side(name, stack.enter_context(Screen(mounted(root, "proc", command), environment=base_environment(root), cwd="/")), root,
                             dialogue, ()) for name, command in commands.items()])


def jobs(screen: Screen):
    screen.wait_for(PROMPT)
    screen.line(JOB)
    screen.wait_for("\njob")
    screen.line("typed")
    screen.wait_for("typed\ntyped")
    screen.key("C-z")
    screen.wait_for(prompt_after("Stopped.*"))
    yield
    screen.line("fg")
    continued(screen, "sh -c .*cat\"")
    screen.key("C-c")
    screen.wait_for(prompt_after(r"\^C"))
    yield


def test_musl_alone(root):
    loader = Path(f"/lib/ld-musl-{platform.machine()}.so.1")
    compiler = need_program("musl-gcc", "musl-tools")
    need(loader.exists(), f"{loader} (musl)")
    shutil.copy(loader, root / "lib")
    subprocess.run([compiler, "-std=gnu17", "-w", "-o", root / "bin/ttyuser", ROOT / "tests/kit/ttyuser.c", "-pthread"], check=True)

    def dialogue(screen: Screen):
        for number in range(2):
            screen.wait_for(re.compile(rf"line {number}\? ?$"))
            yield
            screen.line("typed")
        screen.wait_exit()
        yield

    played(root, ["/bin/ttyuser", "threads"], dialogue)


def test_busybox_alone(root):
    shutil.copy(need_program("busybox", "busybox-static"), root / "bin/busybox")
    for name in ("sh", "cat", "stty", "echo", "vi", "ls"):
        (root / "bin" / name).symlink_to("busybox")
    played(root, ["/bin/sh", "-i"], jobs)
    played(root, ["/bin/sh", "-i"], shell("stty size", "stty -a | head -n 2", "test -t 0; echo $?", "ls /"))


@pytest.fixture
def debian(tmp_path):
    folder = os.environ.get("FARPTY_DEBIAN_ROOT")
    if not folder:
        pytest.skip("FARPTY_DEBIAN_ROOT is not set (debootstrap --variant=minbase --include=procps,vim-tiny,less bookworm FOLDER)")
    need(os.getuid() == 0, "root, to enter a root")
    home = Path(folder) / "home"
    home.chmod(0o777)
    shutil.copy(STATIC, home / "farpty")
    return Path(folder)


def test_debian(debian):
    bash = ["/bin/bash", "--norc", "--noprofile", "-i"]
    played(debian, bash, jobs)
    played(debian, bash, shell("stty size", "stty -a | head -n 2", "test -t 0; echo $?", "ls /"))

    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line("seq 100 | less")
        screen.wait_for(re.compile("^23$", re.MULTILINE))
        screen.send(" ")
        screen.wait_for(re.compile("^46$", re.MULTILINE))
        yield
        screen.send("q")
        screen.wait_for(PROMPT)
        screen.line("vim.tiny -u NONE")
        screen.wait_for(re.compile("^~", re.MULTILINE))
        screen.send("ifirst\rsecond")
        screen.wait_for("second")
        screen.send("\x1b:1,2s/e/E/\r")
        screen.wait_for("sEcond")
        yield
        screen.send(":q!\r")
        screen.wait_for(PROMPT)
        yield

    played(debian, bash, dialogue)
