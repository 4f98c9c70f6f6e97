"""System calls that an older kernel does not have: each of them, and all together, fail with ENOSYS here, and everything works
nevertheless, or says why it cannot. A host without memfd_create(2) is without emulated terminals; the others have other ways."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from kit import Screen, wait_until
from kit.emulated import emulated_command
from kit.native import native_server, sessions, target
from kit.need import need_program
from kit.paths import built
from kit.server import base_environment, farpty_binary
from kit.wait import GENEROUS

NEWER = ["statx", "pidfd_send_signal", "clone3", "pidfd_open", "openat2", "pidfd_getfd", "faccessat2", "close_range", "landlock_create_ruleset"]
ALL = ",".join(NEWER)
MEMORY = "memfd_create"


def without(calls: str) -> list[str]:
    return [built("withoutcalls"), calls]


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=base_environment(home), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=GENEROUS, check=False)


# A background reader is stopped and goes on in the foreground; a terminal in the terminal; a static program; a child that is killed;
# a status. What is found goes to a file: when a shell tells of a job, and what a key at the end of the input shows, is not the matter.
USED = r"""
set -m
exec 9>"$HOME/found"
tty >&9; stty size >&9
sh -c 'read line </dev/tty; echo "read $?" >&9' &
until jobs | grep -q Stopped; do :; done
fg
script -qc 'tty >&9; stty size >&9' /dev/null
busybox stty size >&9
sleep 1000 &
kill -9 $!
wait $!; echo "killed $?" >&9
exit 3
"""


@pytest.mark.parametrize("terminal", ["kernel", "emulated"])
@pytest.mark.parametrize("calls", [*NEWER, ALL])
def test_programs_on_a_terminal(tmp_path, calls, terminal):
    need_program("script", "bsdutils")
    need_program("busybox", "busybox-static")
    command = ["bash", "-c", USED]
    whole = emulated_command(command) if terminal == "emulated" else [farpty_binary(), "run", "--terminal", terminal, "--", *command]
    done = run(tmp_path, *without(calls), *whole)
    assert done.returncode == 3, done
    first, size, read, second, *others = (tmp_path / "found").read_text().splitlines()
    assert (size, read, others) == ("24 80", "read 1", ["24 80", "24 80", "killed 137"])
    assert first.startswith("/dev/pts/") and second.startswith("/dev/pts/") and first != second


@pytest.mark.parametrize("calls", [*NEWER, ALL, f"{ALL},{MEMORY}"])
def test_a_server_and_its_client(tmp_path, calls):
    with native_server(prefix=without(calls)) as server:
        def asked(*words: str, **more: object) -> subprocess.CompletedProcess[bytes]:
            return subprocess.run([*without(calls), farpty_binary(), *words], env=server.environment, capture_output=True,
                                  timeout=GENEROUS, check=False, **more)

        far = f"farpty://{target(server)}"
        done = asked("exec", "--accept-new", far, "--", "sh", "-c", "cat; echo err >&2; exit 5", input=b"in")
        assert (done.stdout, done.stderr.splitlines()[-1], done.returncode) == (b"in", b"err", 5)
        content = os.urandom(300_000)
        (tmp_path / "file").write_bytes(content)
        for way in ((tmp_path / "file", f"{far}/far"), (f"{far}/far", tmp_path / "back")):
            done = asked("copy", *map(str, way), stdin=subprocess.DEVNULL)
            assert done.returncode == 0, done
        assert (tmp_path / "back").read_bytes() == content
        command = [*without(calls), farpty_binary(), "connect", "--name", "work", far]
        with Screen(command, environment=server.environment) as screen:
            screen.line("test -t 0 && echo on-a-term''inal")
            screen.wait_for("on-a-terminal")
            screen.line("exit 4")
            assert screen.wait_exit() == 4
        wait_until(lambda: not sessions(server), "the session to end")


NO_MEMORY = "cannot make the terminals' shared memory (memfd_create): function not implemented"


def test_without_shared_memory_it_is_said_what_is_missing(tmp_path):
    done = run(tmp_path, *without(MEMORY), *emulated_command(["true"]))
    assert (done.returncode, done.stdout) == (125, "") and NO_MEMORY in done.stderr, done
    # There is no other way on this host to a terminal, and the one that is left is named.
    host = [built("noptyrun"), *without(MEMORY), farpty_binary()]
    done = run(tmp_path, *host, "doctor")
    assert done.returncode == 1 and f"no: {NO_MEMORY}" in done.stdout and "--terminal pipes" in done.stdout, done
    done = run(tmp_path, *host, "run", "--terminal", "pipes", "--", "sh", "-c", "test -t 1 || echo pipes; exit 6")
    assert (done.stdout, done.returncode) == ("pipes\n", 6), done


def test_doctor_of_an_old_kernel(tmp_path):
    done = run(tmp_path, built("noptyrun"), *without(ALL), farpty_binary(), "doctor")
    assert done.returncode == 0 and re.search(r"^chosen +emulated$", done.stdout, re.MULTILINE), done
    assert re.search(r"^Landlock +no: function not implemented$", done.stdout, re.MULTILINE), done
