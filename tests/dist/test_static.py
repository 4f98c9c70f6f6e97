"""The static executable alone: in an empty, read-only root, as an ordinary user, with and without /proc.

It is made by `make dist`, which takes minutes; where it was not made these tests are skipped (`make dist-test` does both).
"""

import hashlib
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kit import connected, serve
from kit.emptyroot import empty_root, inside
from kit.emulated import as_user, home_of
from kit.gvisor import gvisor, need_gvisor
from kit.need import need_program
from kit.paths import ROOT, built
from kit.server import base_environment
from kit.shells import JOB, PROMPT, prompt_after
from kit.wait import GENEROUS

STATIC = Path(os.environ.get("FARPTY_STATIC", ROOT / f"build/dist/farpty-{platform.machine()}-linux")).resolve()
USER = 1000

pytestmark = pytest.mark.skipif(not STATIC.exists(), reason=f"not built: {STATIC.name} (make dist)")


@pytest.fixture
def root(tmp_path):
    """A folder with the executable and a static busybox, to have something to run; nothing else."""
    return empty_root(tmp_path, farpty=STATIC, busybox=need_program("busybox", "busybox-static"))


def farpty(root, *words, proc="proc", disk="read", **more):
    path = {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin", "TERM": "xterm-256color", "HOME": "/run"}
    return subprocess.run(inside(root, proc, disk, *words), capture_output=True, text=True, env=path, timeout=GENEROUS, check=False,
                          stdin=subprocess.DEVNULL, **more)


both = pytest.mark.parametrize("proc", ["proc", "bare"])


def test_it_is_one_file():
    headers = subprocess.run(["readelf", "-lW", STATIC], capture_output=True, text=True, check=True).stdout
    assert "INTERP" not in headers and "DYNAMIC" not in headers
    assert STATIC.stat().st_size < 12 * 1024 * 1024
    sums = (STATIC.parent / "SHA256SUMS").read_text()
    assert f"{hashlib.sha256(STATIC.read_bytes()).hexdigest()}  {STATIC.name}\n" in sums


@both
def test_version(root, proc):
    done = farpty(root, "--version", proc=proc)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(r"farpty \d+\.\d+", done.stdout)


@both
def test_doctor(root, proc):
    done = farpty(root, "doctor", proc=proc)
    assert (done.returncode, "An interactive shell is possible" in done.stdout) == ((0, True) if proc == "proc" else (1, False)), done
    assert ("/proc" in done.stdout + done.stderr) or proc == "proc", done


def test_keygen(root):
    done = farpty(root, "keygen", "-f", "/run/key", disk="written")
    assert (done.returncode, "SHA256:" in done.stdout + done.stderr) == (0, True), done
    refused = farpty(root, "keygen", "-f", "/run/key")
    assert refused.returncode != 0 and "ead-only file system" in refused.stderr, refused


def test_a_terminal_for_a_static_program(root):
    done = farpty(root, "run", "--size", "70x20", "--", "/busybox", "sh", "-c", "test -t 0 && test -t 1 && /busybox stty size; exit 7")
    assert (done.returncode, done.stdout) == (7, "20 70\n"), done


def test_without_proc_it_says_so(root):
    done = farpty(root, "run", "--", "/busybox", "true", proc="bare")
    assert done.returncode == 125 and "/proc" in done.stderr, done
    assert farpty(root, "run", "--terminal", "pipes", "--", "/busybox", "echo", "it runs", proc="bare").stdout == "it runs\n"


def test_serve_and_a_client_outside(root):
    with serve("--any-local-user", "--kill-all", "--", "/busybox", "sh", prefix=inside(root, "proc", "written")[:-1],
               environment={"HOME": "/run", "XDG_RUNTIME_DIR": "/run", "PS1": "$ "}) as server, connected(server) as screen:
        screen.wait_for(re.compile(r"\$ ?$"))
        screen.line("/busybox id -u; /busybox stty size")
        screen.wait_for("1000\n24 80")
        screen.line("exit")
        screen.wait_exit()


def test_it_carries_descriptions_of_terminals(root):
    entry = next(path for folder in ("/lib/terminfo", "/usr/share/terminfo") if (path := Path(folder, "t/tmux-256color")).exists())
    with serve("--any-local-user", "--kill-all", "--", "/busybox", "sh", "-c", "/busybox sha256sum ${TERMINFO_DIRS%%:*}/t/tmux-256color; read wait",
               listen=["telnet://127.0.0.1:0"], prefix=inside(root, "proc", "written")[:-1],
               environment={"HOME": "/run", "XDG_RUNTIME_DIR": "/run"}) as server:
        # TTYPE and its answer, RFC 1091.
        with server.connect("telnet") as wire:
            wire.sendall(b"\xff\xfb\x18\xff\xfc\x1f\xff\xfa\x18\x00tmux-256color\xff\xf0")
            received = b""
            while b"/t/tmux-256color" not in received and (some := wire.recv(4096)):
                received += some
    assert hashlib.sha256(entry.read_bytes()).hexdigest().encode() in received, received


@pytest.mark.parametrize("uid", [0, USER])
def test_its_library_serves_dynamic_programs(uid):
    """The carried library, out of memory, under a shell of this machine; also where a program wiped the environment."""
    with home_of(uid) as home:
        copy = home / "farpty"
        shutil.copy(STATIC, copy)
        look = "test -t 0 && stty size && env -i /bin/sh -c 'stty size'; grep -o '[^ ]*libfarpty.so.*' /proc/self/maps | sort -u"
        done = subprocess.run(as_user(uid, [built("noptyrun"), str(copy), "run", "--size", "70x20", "--", "/bin/sh", "-c", look]), text=True,
                              capture_output=True, cwd=home, env=base_environment(home), timeout=GENEROUS, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout.replace("\r", "")) == (0, "20 70\n20 70\n/memfd:libfarpty.so (deleted)\n"), done


def test_in_gvisor():
    """Where there are neither pseudoterminals nor a seccomp listener, and pidfd_open(2) is ENOSYS."""
    need_gvisor()
    with home_of(0) as home:
        copy = home / "farpty"
        shutil.copy(STATIC, copy)
        with gvisor([str(copy), "run", "--terminal", "emulated", "--", "/bin/sh", "-i"], uid=0, size=(70, 20)) as screen:
            screen.wait_for(PROMPT)
            screen.line("stty size; grep -o 'memfd:lib[^ ]*' /proc/self/maps | sort -u")
            screen.wait_for(prompt_after("20 70\nmemfd:libfarpty.so"))
            screen.line(JOB)
            screen.wait_for("\njob")
            screen.key("C-c")
            screen.wait_for(prompt_after(r"\^C"))
            screen.line("exit 6")
            assert screen.wait_exit() == 6
