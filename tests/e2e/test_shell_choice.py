"""Which shell, where no program is named: the one that was named, the user's or, where that is not there, farpty-sh, for which bash stands in here."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kit import farpty_binary, need_program
from kit.native import execute, native_server, target
from kit.server import base_environment
from kit.wait import GENEROUS

GONE = {"SHELL": "/nonexistent/sh"}


def ran(tmp_path, environment, binary=None):
    """`farpty run` without a program."""
    return subprocess.run([binary or farpty_binary(), "run"], input="echo v''ersion $BASH_VERSION; exit 3\n", capture_output=True, text=True,
                          env=base_environment(tmp_path) | environment, timeout=GENEROUS, check=False)


def assert_taken(done, path):
    assert f"shell: {path}, because /nonexistent/sh cannot be executed here" in done.stderr, done.stderr
    assert (re.search(r"^version \d", done.stdout, re.MULTILINE) is not None, done.returncode) == (True, 3), done


def test_by_the_variable(tmp_path):
    bash = need_program("bash")
    assert_taken(ran(tmp_path, GONE | {"FARPTY_SH": bash}), bash)


@pytest.mark.parametrize("name", ["farpty-sh", f"farpty-sh-{platform.machine()}-linux"])
def test_beside_the_executable(tmp_path, name):
    here = tmp_path / "farpty"
    shutil.copy(farpty_binary(), here)
    shutil.copy(Path(farpty_binary()).parent / "libfarpty.so", tmp_path)
    shutil.copy(need_program("bash"), tmp_path / name)
    assert_taken(ran(tmp_path, GONE, here), tmp_path / name)


def test_the_users_own_comes_first(tmp_path):
    done = ran(tmp_path, {"SHELL": need_program("bash"), "FARPTY_SH": "/bin/false"})
    assert "shell:" not in done.stderr
    assert done.returncode == 3


def test_none_at_all(tmp_path):
    done = ran(tmp_path, GONE | {"FARPTY_SH": "/nonexistent/too"})
    assert done.returncode == 127
    assert "/nonexistent/sh" in done.stderr


# --- serve --shell


@pytest.fixture
def own_shell(tmp_path):
    """One that tells how it was called."""
    shell = tmp_path / "ownsh"
    shell.write_text('#!/bin/sh\necho "own: $SHELL $*"\nexit 4\n')
    shell.chmod(0o755)
    return shell


def login(server):
    return subprocess.run([farpty_binary(), "connect", "--accept-new", target(server)], env=server.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=GENEROUS, check=False)


def test_serve_takes_the_shell_that_is_named_and_commands_still(own_shell):
    with native_server("--shell", str(own_shell), environment={"SHELL": "/bin/other"}) as server:
        done = login(server)
        assert (done.stdout, done.returncode) == (f"own: {own_shell} \n", 4), done
        done = execute(server, "sh", "-c", "echo by $SHELL")
        assert (done.stdout, done.returncode) == (f"by {own_shell}\n".encode(), 0), done


def test_the_command_of_a_key_is_run_by_the_shell_that_is_named(own_shell):
    with native_server("--shell", str(own_shell), options='command="tell all"') as server:
        done = login(server)
        assert (done.stdout, done.returncode) == (f"own: {own_shell} -c tell all\n", 4), done


def test_a_configuration_names_it_too(own_shell, tmp_path):
    file = tmp_path / "farpty.toml"
    file.write_text(f'shell = "{own_shell}"\n')
    with native_server("--config", str(file)) as server:
        assert login(server).stdout == f"own: {own_shell} \n"


@pytest.mark.parametrize(("named", "why"), [("/nonexistent/sh", "no such file"), ("/etc/passwd", "permission denied"), ("sh", "its whole path")])
def test_a_shell_that_is_named_and_is_none_is_not_replaced(named, why, tmp_path):
    done = subprocess.run([farpty_binary(), "serve", "--listen", "raw://127.0.0.1:0", "--shell", named], env=base_environment(tmp_path),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GENEROUS, check=False)
    assert done.returncode != 0
    assert why in done.stderr and named in done.stderr, done.stderr
