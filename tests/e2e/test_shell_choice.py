"""Which shell, where no program is named and the user's shell is not there: farpty-sh, for which bash stands in here."""

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from kit import farpty_binary, need_program
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
