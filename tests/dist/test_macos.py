"""The client for macOS, looked at from here: nothing on this machine can run it (`make dist`).

What a Mac's kernel and loader ask of it: the right processor, no library but libSystem, for arm64 a signature that fits; and
that the client's commands are in it.
"""

import hashlib
import os
import re
from pathlib import Path

import pytest
from kit import macho
from kit.paths import ROOT

DIST = Path(os.environ.get("FARPTY_DIST", ROOT / "build/dist")).resolve()


@pytest.fixture(params=["x86_64", "arm64"])
def client(request):
    file = DIST / f"farpty-{request.param}-macos"
    if not file.exists():
        pytest.skip(f"not built: {file.name} (make dist)")
    return file


def test_it_is_a_program_for_that_processor(client):
    program = macho.Executable(client)
    assert program.magic == macho.MAGIC and program.kind == macho.EXECUTE
    assert client.name == f"farpty-{program.processor}-macos"
    assert program.flags & macho.PIE
    assert program.oldest_system() == (macho.MACOS, (13, 0))
    assert len(program.all(macho.LC_MAIN)) == 1
    assert client.stat().st_mode & 0o111 == 0o111 and client.stat().st_size < 12 * 1024 * 1024
    assert f"{hashlib.sha256(client.read_bytes()).hexdigest()}  {client.name}\n" in (DIST / "SHA256SUMS").read_text()


def test_it_needs_libsystem_alone(client):
    program = macho.Executable(client)
    assert program.paths(*macho.LIBRARIES) == ["/usr/lib/libSystem.B.dylib"]
    assert program.paths(macho.LC_LOAD_DYLINKER) == ["/usr/lib/dyld"]
    assert program.paths(macho.LC_RPATH) == []


def test_nothing_is_both_written_and_run(client):
    for name, (_, _, protection) in macho.Executable(client).segments().items():
        assert protection & 6 != 6, name


def test_what_an_arm_runs_is_signed(client):
    """Apple silicon ends an unsigned program, and one whose pages are not the ones that were signed: nothing was changed after it was linked."""
    program = macho.Executable(client)
    signature = program.signature()
    if signature is None:
        assert program.processor == "x86_64"
        return
    assert signature.flags & macho.ADHOC and signature.identifier.startswith("farpty")
    assert signature.wrong_pages == []
    assert signature.covered == signature.start, "all that stands before it is signed"
    offset, length, _ = program.segments()["__LINKEDIT"]
    assert offset + length == client.stat().st_size, "nothing stands behind it"


def test_a_changed_byte_is_seen(client, tmp_path):
    """That is, the test above can fail."""
    contents = bytearray(client.read_bytes())
    contents[20_000] ^= 1
    (tmp_path / client.name).write_bytes(contents)
    signature = macho.Executable(tmp_path / client.name).signature()
    assert signature is None or signature.wrong_pages in ([20_000 // 4096], [20_000 // 16384])


def test_no_path_of_the_builder_is_in_it(client):
    contents = client.read_bytes()
    for words in (str(ROOT).encode(), b"node_modules", b"build/static", b"build/zig", b"/home/"):
        assert words not in contents, contents[contents.index(words) - 100 :][:300]


def test_the_client_is_in_it_and_the_server_is_not(client):
    """By the names of types: each add_X() of app/commands.hpp gives away a std::function, whose type_info names it."""
    contents = client.read_bytes()
    here = {name.decode() for name in re.findall(rb"6farpty3app\d+(add_[a-z]+)E", contents)}
    assert here >= {"add_connect", "add_exec", "add_attach", "add_ls", "add_kill", "add_copy", "add_keygen", "add_play", "add_absent"}
    assert here & {"add_serve", "add_run", "add_listen", "add_invite", "add_doctor"} == set()
    assert b"there is no farpty {} in this build" in contents
    assert b"/proc/self/exe" not in contents, "that is Linux's"


def test_licences_and_installer_know_it(client):
    (sum_there,) = re.findall(rf"{client.name.removeprefix('farpty-')}\) echo ([0-9a-f]*) ;;", (DIST / "install.sh").read_text())
    assert sum_there == hashlib.sha256(client.read_bytes()).hexdigest()
    assert {"openssl", "libzstd", "libvterm", "fmtlib", "spdlog", "zig-libcxx", "VERSIONS"} <= {file.name for file in (DIST / "licences").iterdir()}
