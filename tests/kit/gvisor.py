"""A program inside gVisor (runsc, ptrace platform) on an emulated terminal, beside the same program on a kernel pty.

The sandbox shows the host's files and lets nobody write them; the home is its own. Its ptys are refused by noptyrun (the seccomp
layer, the only one that gVisor knows). Who types sits outside: the sandbox is on the test's kernel pty, as for `docker run -it`.
"""

import contextlib
import functools
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from . import processes
from .compare import Dialogue, Side, assert_in_step
from .emulated import as_user, home_of
from .need import need, need_program
from .paths import built, farpty_path
from .screen import Screen
from .server import base_environment, farpty_binary

NAMESPACES = ("pid", "network", "ipc", "uts", "mount")
OF_ROOT = ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE")


def _config(argv: Sequence[str], home: Path, uid: int, *, terminal: bool) -> dict:
    """Of the runtime specification of the Open Container Initiative."""
    return {"ociVersion": "1.0.0", "hostname": "box", "root": {"path": "/", "readonly": True},
            "process": {"terminal": terminal, "user": {"uid": uid, "gid": uid}, "args": list(argv), "cwd": str(home),
                        "env": [f"{name}={value}" for name, value in _environment(home).items()],
                        "capabilities": {kind: list(OF_ROOT) if uid == 0 else [] for kind in ("bounding", "effective", "permitted")}},
            "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                       {"destination": str(home), "type": "tmpfs", "source": "tmpfs", "options": ["mode=777"]}],
            "linux": {"namespaces": [{"type": name} for name in NAMESPACES]}}


def _environment(home: Path) -> dict[str, str]:
    return base_environment(home) | {"HISTFILE": "/dev/null", "TMPDIR": str(home), "TMUX_TMPDIR": str(home)}


@contextlib.contextmanager
def _sandbox(argv: Sequence[str], home: Path, uid: int, *, terminal: bool = True) -> Iterator[list[str]]:
    """The command that runs `argv` in a sandbox. What is left of that in the end is ended, each by its pid."""
    with tempfile.TemporaryDirectory(prefix="farpty-test-") as bundle:
        (Path(bundle) / "config.json").write_text(json.dumps(_config(argv, home, uid, terminal=terminal)))
        try:
            yield [need_program("runsc"), f"--root={bundle}", "--platform=ptrace", "--network=none", "--ignore-cgroups", "run",
                   f"--bundle={bundle}", Path(bundle).name]
        finally:
            for process in processes.all_processes():
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    if f"--root={bundle}".encode() in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                        os.kill(process.pid, signal.SIGKILL)


@functools.cache
def _refusal() -> str:
    """Why this machine runs no gVisor; empty: it does."""
    with home_of(0) as home, _sandbox(["cat", "/proc/version"], home, 0, terminal=False) as command:
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        except subprocess.TimeoutExpired:
            return "a sandbox with cat in it does not end"
    return "" if done.returncode == 0 and "Linux version" in done.stdout else done.stderr.strip() or f"status {done.returncode}"


def need_gvisor() -> None:
    need(os.getuid() == 0, "root, to make a sandbox")
    need_program("runsc")
    if b"__asan_init" in farpty_path().read_bytes():
        pytest.skip("the shadow memory of a build with sanitizers is more than gVisor gives")
    if why := _refusal():  # in CI, too: it is the machine's to give
        pytest.skip(f"this machine runs no gVisor: {why}")


@contextlib.contextmanager
def gvisor(argv: Sequence[str], *, uid: int, size: tuple[int, int] = (80, 24), ptys: bool = False) -> Iterator[Screen]:
    """The command in a sandbox as this user, shown on a terminal that a test reads and types on; without `ptys` the sandbox
    gives none."""
    command = list(argv) if ptys else [built("noptyrun"), "-s", *argv]
    with home_of(uid) as home, _sandbox(command, home, uid) as sandboxed:
        with Screen(sandboxed, size=size, environment=_environment(home), cwd="/") as screen:
            yield screen


def emulated_in_gvisor(argv: Sequence[str]) -> list[str]:
    return [farpty_binary(), "run", "--terminal", "emulated", "--", *argv]


def assert_same_in_gvisor(argv: Sequence[str], dialogue: Dialogue, *, uid: int, size: tuple[int, int] = (80, 24), more=()) -> None:
    """Plays `dialogue` with `argv` on a kernel pty of this machine and on an emulated terminal in gVisor; compares the screens."""
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(home_of(uid))
        native = stack.enter_context(Screen(as_user(uid, argv), size=size, environment=_environment(home), cwd=str(home), owner=uid))
        sides = [Side("a kernel pty", native, home, dialogue, more)]
        boxed = stack.enter_context(gvisor(emulated_in_gvisor(argv), uid=uid, size=size))
        sides.append(Side("an emulated terminal in gVisor", boxed, home, dialogue, more))
        assert_in_step(sides)
