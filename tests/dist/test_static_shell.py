"""The static executable and farpty-sh, and nothing else: an empty, read-only root, an ordinary user, PATH=/nonexistent. And the same of
aarch64, by qemu, as user 0 of a namespace that has no other: there no program of this machine's kind has a part in it but qemu.

All are made first (`make dist`, `make farpty-sh`); `make dist-test` does that. Who sits at a terminal is outside of the root.
"""

import contextlib
import dataclasses
import os
import platform
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from kit import Screen, connected, serve
from kit.compare import Side, assert_in_step
from kit.dial import desk, said
from kit.emptyroot import chrooted, empty_root, inside, inside_by_qemu, made_root, mounted
from kit.need import need
from kit.paths import ROOT
from kit.server import base_environment
from kit.shells import PROMPT, full_screen_applets, job_control, line_editing, what_the_terminal_is
from kit.wait import GENEROUS

MACHINE = platform.machine()


@dataclasses.dataclass(frozen=True)
class Kind:
    """Of which processor the two files are, and how a root of them is entered."""

    static: Path
    shell: Path
    enter: Callable[..., list[str]]
    uid: int


OWN = Kind(Path(os.environ.get("FARPTY_STATIC", ROOT / f"build/dist/farpty-{MACHINE}-linux")).resolve(),
           Path(os.environ.get("FARPTY_SH", ROOT / f"build/farpty-sh/farpty-sh-{MACHINE}-linux")).resolve(), inside, 1000)
AARCH64 = Kind(Path(os.environ.get("FARPTY_AARCH64", ROOT / "build/dist/farpty-aarch64-linux")).resolve(),
               Path(os.environ.get("FARPTY_SH_AARCH64", ROOT / "build/farpty-sh/farpty-sh-aarch64-linux")).resolve(), inside_by_qemu, 0)
KINDS = {MACHINE: OWN} if MACHINE == "aarch64" else {MACHINE: OWN, "aarch64": AARCH64}
each_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)

ENVIRONMENT = {"PATH": "/nonexistent", "TERM": "xterm-256color", "HOME": "/run", "XDG_RUNTIME_DIR": "/run", "PS1": "$ ", "HISTFILE": ""}
# Of those that enter: the root sees the rest of it.
TOOLS = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


@pytest.fixture
def kind():
    return OWN


@pytest.fixture
def root(kind, tmp_path):
    for file in (kind.static, kind.shell):
        if not file.exists():
            pytest.skip(f"not built: {file.name} (make dist-test)")
    files = {"farpty": kind.static, "farpty-sh": kind.shell}
    return empty_root(tmp_path, **files) if kind is OWN else made_root(tmp_path, **files)


def within(kind, root, proc, *words):
    """With nothing of our environment but ENVIRONMENT and FARPTY_TOKEN."""
    command = kind.enter(root, proc, "written", *words)
    clean = 'token=${FARPTY_TOKEN:+FARPTY_TOKEN=$FARPTY_TOKEN}; exec /usr/bin/env -i $token "$@"'
    command[command.index("-c") + 1] = command[command.index("-c") + 1].replace(
        "exec chroot", "exec /bin/sh -c '" + clean + "' sh " + " ".join(f"'{n}={v}'" for n, v in ENVIRONMENT.items()) + " /usr/sbin/chroot")
    return command


def run(kind, root, proc, *words, script):
    return subprocess.run(within(kind, root, proc, "run", *words), input=script, capture_output=True, text=True, env={"PATH": TOOLS}, timeout=GENEROUS,
                          check=False)


def assert_a_shell(screen, rows, uid):
    """Jobs, keys, and applets that start applets; then it ends with status 7."""
    screen.wait_for(PROMPT)
    screen.line("clear; type ls; stty size; echo $PATH; id -u")
    screen.wait_for(f"ls is an applet of farpty-sh\n{rows}\n/nonexistent\n{uid}\n$")
    screen.line("(echo sl''eeps; exec sleep 1000)")
    screen.wait_for(re.compile("^sleeps$", re.MULTILINE))
    screen.key("C-z")
    screen.wait_for(re.compile(r"Stopped.*\n\$$"))
    screen.line("kill -KILL %1; disown; clear; find /farpty-sh | xargs basename")
    screen.wait_for(re.compile(r"^farpty-sh\n\$$"))
    screen.line("exit 7")


@each_kind
def test_run(kind, root):
    with Screen(within(kind, root, "proc", "run"), environment=base_environment(root) | {"PATH": TOOLS}, cwd="/") as screen:
        assert_a_shell(screen, "24 80", kind.uid)
        assert screen.wait_exit() == 7


@each_kind
def test_serve(kind, root):
    flags = ["--kill-all"] if kind is OWN else []  # qemu knows no clone(2) as the keeper is made by
    with serve("--any-local-user", *flags, prefix=within(kind, root, "proc")[:-1], environment={"PATH": TOOLS}) as server:
        with connected(server) as screen:
            assert_a_shell(screen, "24 80", kind.uid)
            screen.wait_exit()


@each_kind
def test_dial_out(kind, root):
    with desk() as at:
        command = within(kind, root, "proc", "run", "--to", f"farpty://{at.address[0]}:{at.address[1]}")
        host = subprocess.Popen(command, env={"PATH": TOOLS, "FARPTY_TOKEN": at.token}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        try:
            assert_a_shell(at.screen, "24 120", kind.uid)
            assert at.screen.wait_exit() == 7
            assert host.wait(GENEROUS) == 0, said(host)
        finally:
            host.kill()
            host.wait()
            host.stdout.close()


@each_kind
@pytest.mark.parametrize("dialogue", [what_the_terminal_is, job_control, line_editing, full_screen_applets])
def test_programs(kind, root, tmp_path, dialogue):
    """Beside this machine's farpty-sh on a kernel pty."""
    need(OWN.shell.exists(), f"{OWN.shell.name} (make farpty-sh)")
    shell = ["/farpty-sh", "--norc", "--noprofile", "-i"]
    plain = made_root(tmp_path / "plain", **{"farpty-sh": OWN.shell})
    os.chown(plain / "run", 1000, 1000)
    local = mounted(plain, "proc", chrooted(plain, [f"{name}={value}" for name, value in ENVIRONMENT.items()], *shell))
    emulated = within(kind, root, "proc", "run", "--", *shell)
    with contextlib.ExitStack() as stack:
        sides = [Side(name, stack.enter_context(Screen(command, environment=base_environment(root) | {"PATH": TOOLS}, cwd="/")), root, dialogue, ())
                 for name, command in {"a kernel pty": local, "an emulated terminal within": emulated}.items()]
        assert_in_step(sides)


@each_kind
def test_doctor(kind, root):
    """It looks with the shell that there is, which no filter has to serve."""
    done = subprocess.run(kind.enter(root, "proc", "written", "doctor"), capture_output=True, text=True, timeout=GENEROUS, check=False,
                          env={"PATH": TOOLS})
    assert done.returncode == 0 and re.search(r"^emulated terminals +yes$", done.stdout, re.MULTILINE), done
    assert re.search(r"^shell +/farpty-sh$", done.stdout, re.MULTILINE), done


def test_without_proc(kind, root):
    """Applets work; an emulated terminal, and what starts another program of this file, say what they miss."""
    refused = run(kind, root, "bare", script="")
    assert refused.returncode == 125 and "/proc" in refused.stderr, refused
    script = "type ls; ls /; seq 3 | rev | tail -n 1; stty size; env true; exit 6\n"
    done = run(kind, root, "bare", "--terminal", "pipes", script=script)
    assert done.returncode == 6 and done.stdout.startswith("ls is an applet of farpty-sh\nfarpty\nfarpty-sh\nproc\nrun\n3\n"), done
    assert "stty: standard input: Not a tty" in done.stdout and "by /proc/self/exe, which is not here" in done.stdout, done
