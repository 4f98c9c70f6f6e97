"""farpty-sh for aarch64 on this machine's kernel, by qemu's user emulation: on a kernel pty it shows what the one for this machine shows.

What starts another program by execve(2) is left out: the kernel would have to know qemu (binfmt_misc). With that, and on emulated terminals,
it is tried in an empty root (test_static_shell.py). Made by `make farpty-sh`.
"""

import contextlib
import os
import platform
import subprocess
from pathlib import Path

import pytest
from kit import Screen
from kit.compare import Side, assert_in_step
from kit.need import need_program
from kit.paths import ROOT
from kit.server import base_environment
from kit.shells import job_control, what_the_terminal_is
from kit.wait import GENEROUS

SHELL = Path(os.environ.get("FARPTY_SH_AARCH64", ROOT / "build/farpty-sh/farpty-sh-aarch64-linux")).resolve()
OWN = Path(os.environ.get("FARPTY_SH", ROOT / f"build/farpty-sh/farpty-sh-{platform.machine()}-linux")).resolve()
INTERACTIVE = ["--norc", "--noprofile", "-i"]

pytestmark = [
    pytest.mark.skipif(not SHELL.exists(), reason=f"not built: {SHELL.name} (packaging/farpty-sh/build aarch64)"),
    pytest.mark.skipif(platform.machine() == "aarch64", reason="this machine needs no qemu: test_farpty_sh.py does all of this"),
]


@pytest.fixture
def arm():
    return [need_program("qemu-aarch64-static", "qemu-user-static"), str(SHELL)]


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


def test_what_the_terminal_is(arm, tmp_path):
    played(arm, tmp_path, what_the_terminal_is)


def test_job_control(arm, tmp_path):
    played(arm, tmp_path, job_control)
