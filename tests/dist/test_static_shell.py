"""The static executable and farpty-sh, and nothing else: an empty, read-only root, an ordinary user, PATH=/nonexistent.

Both are made first (`make dist`, `make farpty-sh`); `make dist-test` does that. Who sits at a terminal is outside of the root.
"""

import os
import platform
import re
import subprocess
from pathlib import Path

import pytest
from kit import Screen, connected, serve
from kit.dial import desk, said
from kit.emptyroot import empty_root, inside
from kit.paths import ROOT
from kit.server import base_environment
from kit.wait import GENEROUS

STATIC = Path(os.environ.get("FARPTY_STATIC", ROOT / f"build/dist/farpty-{platform.machine()}-linux")).resolve()
SHELL = Path(os.environ.get("FARPTY_SH", ROOT / f"build/farpty-sh/farpty-sh-{platform.machine()}-linux")).resolve()
PROMPT = re.compile(r"\$ ?$")

pytestmark = [pytest.mark.skipif(not file.exists(), reason=f"not built: {file.name} (make {goal})")
              for file, goal in ((STATIC, "dist"), (SHELL, "farpty-sh"))]

ENVIRONMENT = {"PATH": "/nonexistent", "TERM": "xterm-256color", "HOME": "/run", "XDG_RUNTIME_DIR": "/run", "PS1": "$ "}
# Of those that enter: the root sees the rest of it.
TOOLS = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


@pytest.fixture
def root(tmp_path):
    return empty_root(tmp_path, **{"farpty": STATIC, "farpty-sh": SHELL})


def within(root, proc, *words):
    """With nothing of our environment but ENVIRONMENT and FARPTY_TOKEN."""
    command = inside(root, proc, "written", *words)
    clean = 'token=${FARPTY_TOKEN:+FARPTY_TOKEN=$FARPTY_TOKEN}; exec /usr/bin/env -i $token "$@"'
    command[command.index("-c") + 1] = command[command.index("-c") + 1].replace(
        "exec chroot", 'exec /bin/sh -c \'' + clean + "' sh " + " ".join(f"'{n}={v}'" for n, v in ENVIRONMENT.items()) + " /usr/sbin/chroot")
    return command


def run(root, proc, *words, script):
    return subprocess.run(within(root, proc, "run", *words), input=script, capture_output=True, text=True, env={"PATH": TOOLS}, timeout=GENEROUS,
                          check=False)


def assert_a_shell(screen, rows):
    """Jobs, keys, and applets that start applets; then it ends with status 7."""
    screen.wait_for(PROMPT)
    screen.line("clear; type ls; stty size; echo $PATH; id -u")
    screen.wait_for(f"ls is an applet of farpty-sh\n{rows}\n/nonexistent\n1000\n$")
    screen.line("(echo sl''eeps; exec sleep 1000)")
    screen.wait_for(re.compile("^sleeps$", re.MULTILINE))
    screen.key("C-z")
    screen.wait_for(re.compile(r"Stopped.*\n\$$"))
    screen.line("kill -KILL %1; disown; clear; find /farpty-sh | xargs basename")
    screen.wait_for(re.compile(r"^farpty-sh\n\$$"))
    screen.line("exit 7")


def test_run(root):
    with Screen(within(root, "proc", "run"), environment=base_environment(root) | {"PATH": TOOLS}, cwd="/") as screen:
        assert_a_shell(screen, "24 80")
        assert screen.wait_exit() == 7


def test_serve(root):
    with serve("--any-local-user", "--kill-all", prefix=within(root, "proc")[:-1], environment={"PATH": TOOLS}) as server:
        with connected(server) as screen:
            assert_a_shell(screen, "24 80")
            screen.wait_exit()


def test_dial_out(root):
    with desk() as at:
        command = within(root, "proc", "run", "--to", f"farpty://{at.address[0]}:{at.address[1]}")
        host = subprocess.Popen(command, env={"PATH": TOOLS, "FARPTY_TOKEN": at.token}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
        try:
            assert_a_shell(at.screen, "24 120")
            assert at.screen.wait_exit() == 7
            assert host.wait(GENEROUS) == 0, said(host)
        finally:
            host.kill()
            host.wait()
            host.stdout.close()


def test_without_proc(root):
    """Applets work; an emulated terminal, and what starts another program of this file, say what they miss."""
    refused = run(root, "bare", script="")
    assert refused.returncode == 125 and "/proc" in refused.stderr, refused
    script = "type ls; ls /; seq 3 | rev | tail -n 1; stty size; env true; exit 6\n"
    done = run(root, "bare", "--terminal", "pipes", script=script)
    assert done.returncode == 6 and done.stdout.startswith("ls is an applet of farpty-sh\nfarpty\nfarpty-sh\nproc\nrun\n3\n"), done
    assert "stty: standard input: Not a tty" in done.stdout and "by /proc/self/exe, which is not here" in done.stdout, done
