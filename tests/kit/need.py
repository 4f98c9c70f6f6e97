"""Prerequisites of a test. Missing on a developer's machine: a skip that says what to install. Missing in CI: a failure."""

import os
import re
import shutil
import subprocess

import pytest

from .paths import farpty_path

EXTRA_PATH = "/usr/games:/usr/sbin:/sbin"
"""Where Debian puts programs that tests want and an ordinary PATH lacks (bastet, sshd)."""


def need(present: object, what: str) -> None:
    """Skips the test unless `present`; `what` names the missing thing. In CI (variable CI set) it fails instead."""
    if present:
        return
    if os.environ.get("CI"):
        pytest.fail(f"missing in CI: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def need_flag(flag: str) -> None:
    """Skips the test while `farpty serve` has no such flag yet, in CI too."""
    usage = subprocess.run([farpty_path(), "serve", "--help"], capture_output=True, text=True, timeout=60, check=False)
    if flag not in usage.stdout:
        pytest.skip(f"not there yet: farpty serve {flag}")


def need_command(name: str) -> None:
    """Skips the test while `farpty` has no such command yet, in CI too."""
    usage = subprocess.run([farpty_path(), "--help"], capture_output=True, text=True, timeout=60, check=False)
    if not re.search(rf"^  {name}\b", usage.stdout, re.MULTILINE):
        pytest.skip(f"not there yet: farpty {name}")


def need_program(name: str, package: str | None = None) -> str:
    """The absolute path of a program, or the test is skipped."""
    path = shutil.which(name, path=os.environ.get("PATH", "/usr/bin:/bin") + ":" + EXTRA_PATH)
    need(path, f"program {name} (Debian package {package or name})")
    assert path is not None
    return path
