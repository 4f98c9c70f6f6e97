"""The differential test of the line discipline (tests/parity), through shim and device: a pair that a program makes on a host
without ptys answers as the kernel's would. The longer run is `make parity`."""

import os
import subprocess

from kit import need
from kit.emulated import as_user, emulated_command, home_of
from kit.paths import ROOT
from kit.server import base_environment

CASES = sorted((ROOT / "tests/parity/cases").glob("*.case"))


def on_device(uid: int, name: str, *arguments: str, put: dict[str, str] | None = None) -> str:
    """Runs a program of tests/parity on an emulated terminal; what it says. It is always the release build's: one with
    sanitizers cannot have a library preloaded before them."""
    built = ROOT / "build/release/tests/parity" / name
    need(built.exists(), f"build/release/tests/parity/{name} (scripts/build release)")
    with home_of(uid) as home:
        program = home / name
        program.write_bytes(built.read_bytes())
        program.chmod(0o755)
        for file, text in (put or {}).items():
            (home / file).write_text(text)
        command = as_user(uid, emulated_command([str(program), *arguments]))
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=home, env=base_environment(home), timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_examples(uid):
    said = on_device(uid, "cases", "device", *[path.name for path in CASES], put={path.name: path.read_text() for path in CASES})
    assert ", 0 failed" in said


def test_random_steps():
    assert "zero differences" in on_device(os.getuid(), "parity", "--on-device", "--steps", "4000", "--seed", "1")
