"""The client for macOS, looked at from here: nothing on this machine can run it (`make dist`).

What a Mac's loader asks of it: the right processor, no library but libSystem, for arm64 a signature; and that the commands are in it.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest
from kit.need import need_program
from kit.paths import ROOT

DIST = Path(os.environ.get("FARPTY_DIST", ROOT / "build/dist")).resolve()
TARGETS = {"x86_64-macos": "X86_64", "arm64-macos": "ARM64"}


@pytest.fixture(params=TARGETS)
def client(request):
    file = DIST / f"farpty-{request.param}"
    if not file.exists():
        pytest.skip(f"not built: {file.name} (make dist)")
    return file


def told(file, *words):
    return subprocess.run([need_program("llvm-objdump-19", "llvm-19"), "--macho", *words, file], capture_output=True, text=True, check=True).stdout


def commands_of(file):
    """The load commands, Apple's loader.h."""
    return told(file, "--private-headers")


def test_it_is_for_that_processor(client):
    header = commands_of(client)
    kind = TARGETS[client.name.removeprefix("farpty-")]
    assert re.search(rf"MH_MAGIC_64 +{kind} .* EXECUTE ", header), header
    assert "platform macos" in header and re.search(r"minos 1[1-9]\.\d", header), header
    assert client.stat().st_size < 12 * 1024 * 1024


def test_it_needs_libsystem_alone(client):
    assert re.findall(r"^\t(\S+) \(compatibility", told(client, "--dylibs-used"), re.MULTILINE) == ["/usr/lib/libSystem.B.dylib"]


def test_what_an_arm_runs_is_signed(client):
    header = commands_of(client)
    assert "LC_MAIN" in header
    assert "LC_CODE_SIGNATURE" in header or "x86_64" in client.name


def test_its_commands_are_there_and_the_others_say_that_they_are_not(client):
    contents = client.read_bytes()
    for words in (b"log in somewhere: your terminal", b"run a command somewhere; its exit status", b"copy files and folders",
                  b"make a key to log in with", b"play a recording", b"there is no farpty {} in this build",
                  b"farpty for macOS is the client alone"):
        assert words in contents, words
    assert b"let people in, and run a program" not in contents
