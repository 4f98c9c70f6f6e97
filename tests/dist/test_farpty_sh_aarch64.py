"""farpty-sh for aarch64 on this machine's kernel, by qemu's user emulation: on a kernel pty, and on the terminal that farpty for aarch64
makes under qemu where there is none, it shows what the one for this machine shows on a kernel pty.

What starts another program by execve(2) is left out: the kernel would have to know qemu (binfmt_misc). qemu itself is the static one: into
another one libfarpty.so would be loaded, and serve the calls that qemu makes by its libc instead of the program's (docs/distribution.md).
Made by `make farpty-sh` and `make dist`.
"""

import contextlib
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest
from kit import Screen
from kit.compare import Side, assert_in_step
from kit.dial import desk, said
from kit.need import need_program
from kit.paths import ROOT, built
from kit.server import base_environment
from kit.shells import PROMPT, job_control, shell
from kit.wait import GENEROUS

SHELL = Path(os.environ.get("FARPTY_SH_AARCH64", ROOT / "build/farpty-sh/farpty-sh-aarch64-linux")).resolve()
OWN = Path(os.environ.get("FARPTY_SH", ROOT / f"build/farpty-sh/farpty-sh-{platform.machine()}-linux")).resolve()
FARPTY = Path(os.environ.get("FARPTY_AARCH64", ROOT / "build/dist/farpty-aarch64-linux")).resolve()
INTERACTIVE = ["--norc", "--noprofile", "-i"]

pytestmark = [
    pytest.mark.skipif(not SHELL.exists(), reason=f"not built: {SHELL.name} (packaging/farpty-sh/build aarch64)"),
    pytest.mark.skipif(platform.machine() == "aarch64", reason="this machine needs no qemu: test_farpty_sh.py does all of this"),
]


@pytest.fixture
def qemu():
    return need_program("qemu-aarch64-static", "qemu-user-static")


@pytest.fixture
def arm(qemu):
    return [qemu, str(SHELL)]


@pytest.fixture
def farpty(qemu):
    """farpty for aarch64 where the kernel gives no pseudoterminals."""
    if not FARPTY.exists():
        pytest.skip(f"not built: {FARPTY.name} (make dist ARCHITECTURES=aarch64)")
    return [built("noptyrun"), qemu, str(FARPTY)]


def environment(home):
    return base_environment(home) | {"PATH": "/nonexistent", "HISTFILE": "", "PS1": "$ "}


def played(command, home, dialogue):
    if not OWN.exists():
        pytest.skip(f"not built: {OWN.name} (make farpty-sh)")
    commands = {"this machine's": [str(OWN)], "aarch64's": command}
    with contextlib.ExitStack() as stack:
        assert_in_step([Side(name, stack.enter_context(Screen([*command, *INTERACTIVE], environment=environment(home), cwd="/")), home, dialogue, ())
                        for name, command in commands.items()])


def test_it_is_one_file_for_aarch64():
    told = subprocess.run(["readelf", "-hlW", SHELL], capture_output=True, text=True, check=True).stdout
    assert "AArch64" in told and "INTERP" not in told and "DYNAMIC" not in told
    assert SHELL.stat().st_size < 3 * 1024 * 1024


def test_applets_without_execve(arm, tmp_path):
    script = "type ls; seq 3 | sed s/2/two/ | tr '\\n' ' '; x=$(echo sub | rev); echo $x; cat /missing; exec uname -m"
    done = subprocess.run([*arm, "-c", script], capture_output=True, text=True, env=environment(tmp_path), stdin=subprocess.DEVNULL,
                          timeout=GENEROUS, check=False)
    assert (done.returncode, done.stdout) == (0, "ls is an applet of farpty-sh\n1 two 3 bus\naarch64\n"), done
    assert done.stderr == "cat: can't open '/missing': No such file or directory\n", done


WHAT_IT_IS = shell("stty size", "stty -a | head -n 2", "test -t 0; echo $?", "stty -echo; stty echo", "yes | head -n 3")


def test_what_the_terminal_is(arm, tmp_path):
    played(arm, tmp_path, WHAT_IT_IS)


def test_job_control(arm, tmp_path):
    played(arm, tmp_path, job_control)


@pytest.mark.parametrize("dialogue", [WHAT_IT_IS, job_control], ids=["what it is", "job control"])
def test_on_an_emulated_terminal(farpty, arm, tmp_path, dialogue):
    played([*farpty, "run", "--terminal", "emulated", "--", *arm], tmp_path, dialogue)


def test_dial_out_to_a_desk_of_this_machine(farpty, arm, tmp_path):
    with desk() as at:
        command = [*farpty, "run", "--terminal", "emulated", "--to", f"farpty://{at.address[0]}:{at.address[1]}", "--", *arm, *INTERACTIVE]
        host = subprocess.Popen(command, env=environment(tmp_path) | {"FARPTY_TOKEN": at.token}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        try:
            at.screen.wait_for(PROMPT)
            at.screen.line("uname -m; stty size; (echo sl''eeps; sleep 1000)")
            at.screen.wait_for("aarch64\n24 120\nsleeps")
            at.screen.key("C-c")
            at.screen.wait_for(re.compile(r"\^C\n\$ ?$"))
            at.screen.line("exit 7")
            assert at.screen.wait_exit() == 7
            assert host.wait(GENEROUS) == 0, said(host)
        finally:
            host.kill()
            host.wait()
            host.stdout.close()
