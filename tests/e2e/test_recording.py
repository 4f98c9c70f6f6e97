"""--record: what a session showed, in a file of the server's user alone, or no session."""

import contextlib
import json
import os
import re
import resource
import signal
import stat
import subprocess
from pathlib import Path

import pyte
import pytest
from kit import RawPeer, Screen, serve, wait_until
from kit.emulated import home_of
from kit.native import execute, native_server, target
from kit.need import need
from kit.server import base_environment, farpty_binary

BYTES = 0x10FE00
"""docs/recording.md: what a byte that belongs to no character becomes."""


class Recording:
    """A recording, read as another program would, by the rule of docs/recording.md."""

    def __init__(self, path: Path) -> None:
        whole = path.read_text(encoding="utf-8").rpartition("\n")[0]  # the last line may still be written
        header, *events = whole.splitlines()
        self.header = json.loads(header)
        self.events = [json.loads(event) for event in events]
        assert self.header["farpty"]["bytes"] == BYTES

    def of(self, kind: str) -> list[str]:
        return [text for _, what, text in self.events if what == kind]

    def bytes_of(self, kind: str) -> bytes:
        return b"".join(bytes([ord(c) - BYTES]) if 0x80 <= ord(c) - BYTES <= 0xFF else c.encode()
                        for c in "".join(self.of(kind)))


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.cast"))


def the_recording(folder: Path) -> Recording:
    (file,) = files(folder)
    return Recording(file)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "recordings"


def test_a_session_of_a_raw_door_is_recorded_byte_for_byte(folder):
    with serve("--record", str(folder), "--", "sh", "-c", "stty -echo; echo ready; read -r line; printf 'caf\\351 \\342\\202'; "
               "printf '\\254 %s\\n' \"$line\"; exit 3") as server:
        with RawPeer(server) as peer:
            peer.expect("ready")
            peer.send(b"secret\n")
            peer.expect_end()
            seen = bytes(peer.received)
        server.wait_idle()
        server.wait_log(rf"session 1 is recorded in {folder}/")
        (file,) = files(folder)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ-1\.cast", file.name)
        recording = Recording(file)
        assert recording.bytes_of("o") == seen and b"caf\xe9 \xe2\x82\xac secret" in seen
        assert recording.of("i") == []
        head = recording.header
        assert (head["version"], head["width"], head["height"], head["command"]) == (2, 80, 24, "sh")
        assert head["env"]["TERM"] == "xterm-256color"
        times = [at for at, _, _ in recording.events]
        assert times == sorted(times)


def test_what_is_there_is_there_while_the_session_runs(folder):
    with serve("--record", str(folder), "--", "cat") as server, RawPeer(server) as peer:
        peer.send(b"hello\n")
        peer.expect("hello\r\nhello\r\n")
        assert the_recording(folder).bytes_of("o") == b"hello\r\nhello\r\n"


def test_input_is_recorded_only_where_it_is_asked_for(folder):
    script = "stty -echo; printf 'password: '; read -r word; stty echo; echo; echo ready; read -r line"
    for flags, typed in ([], b""), (["--record-input"], b"hidden\nshown\n"):
        into = folder / str(len(flags))
        with serve("--record", str(into), *flags, "--", "sh", "-c", script) as server:
            with RawPeer(server) as peer:
                peer.expect("password: ")
                peer.send(b"hidden\n")
                peer.expect("ready")
                peer.send(b"shown\n")
                peer.expect_end()
            server.wait_idle()
            recording = the_recording(into)
            assert recording.bytes_of("i") == typed
            assert b"hidden" not in recording.bytes_of("o") and b"shown" in recording.bytes_of("o")


def test_a_native_session_with_its_name_sizes_and_screen(folder):
    """A client that leaves and one that comes back: one session, one recording; its screen is the client's."""
    with native_server("--record", str(folder), "--", "bash", "--norc", "-i") as server:
        command = [farpty_binary(), "connect", "--accept-new", "--name", "work", target(server)]
        with Screen(command, environment=server.environment, size=(90, 20)) as screen:
            screen.wait_for("$ ")
            screen.resize(100, 30)
            wait_until(lambda: the_recording(folder).of("r") == ["100x30"], "the new size in the recording")
            screen.line("printf '\\033[1;31m%s\\033[m\\n' r''ed; stty size")
            screen.wait_for(re.compile(r"30 100\n\$$"))
            screen.send("\r~d")
            screen.wait_exit()
        with Screen([farpty_binary(), "attach", target(server), "work"], environment=server.environment, size=(100, 30)) as screen:
            screen.wait_for(re.compile(r"30 100\n\$"))
            screen.line("echo a''gain")
            screen.wait_for(re.compile(r"\nagain\n\$$"))
            (file,) = files(folder)
            assert file.name.endswith("-1-work.cast")
            recording = Recording(file)
            assert (recording.header["width"], recording.header["height"], recording.header["title"]) == (90, 20, "work")
            emulator = pyte.Screen(100, 30)
            pyte.ByteStream(emulator).feed(recording.bytes_of("o"))
            assert [line.rstrip() for line in emulator.display] == screen.lines
            screen.line("exit")
            screen.wait_exit()


def test_a_command_on_pipes_is_recorded_with_its_errors(folder):
    blob = bytes(range(256)) * 100
    with native_server("--record", str(folder)) as server:
        done = execute(server, "sh", "-c", "cat; echo wrong >&2", stdin=blob)
        assert (done.returncode, done.stdout) == (0, blob)
        server.wait_idle()
        recorded = the_recording(folder).bytes_of("o")
        assert len(recorded) == len(blob) + len(b"wrong\n") and recorded.replace(b"wrong\n", b"") == blob
        assert the_recording(folder).of("i") == []


def test_a_server_that_could_not_record_does_not_start(tmp_path):
    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([farpty_binary(), "serve", "--listen", "raw://127.0.0.1:0", *arguments], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, env=base_environment(tmp_path), timeout=60, check=False)

    tmp_path.joinpath("open").mkdir()
    tmp_path.joinpath("open").chmod(0o755)
    done = start("--record", str(tmp_path / "open"))
    assert done.returncode == 1 and "--record: cannot use directory" in done.stderr and "open to other users" in done.stderr
    tmp_path.joinpath("file").write_text("")
    assert start("--record", str(tmp_path / "file")).returncode == 1
    done = start("--record-input")
    assert done.returncode == 1 and "say where with --record DIR" in done.stderr


def test_a_session_that_cannot_be_recorded_does_not_start(folder, tmp_path):
    """The directory is opened to others while the server runs: nobody gets a program, on any door."""
    with native_server("--record", str(folder)) as server:
        started = tmp_path / "started"
        folder.chmod(0o755)
        done = execute(server, "touch", str(started))
        assert done.returncode == 255 and b"cannot record the session" in done.stderr, done
        assert not started.exists() and files(folder) == []
        folder.chmod(0o700)
        assert execute(server, "touch", str(started)).returncode == 0
        assert started.exists()
    with serve("--record", str(folder), "--", "cat") as server:
        folder.chmod(0o755)
        with RawPeer(server) as peer:
            assert b"farpty: cannot record the session" in peer.expect_end()
        assert server.sessions() == []


def flood_until_it_is_full(server, session: int) -> bytes:
    """What a peer saw of a program that writes for ever."""
    with RawPeer(server) as peer:
        peer.expect("ready")
        peer.send(b"\n")
        seen = peer.expect_end()
    server.wait_log(rf"session {session} ends: cannot write the recording .*-{session}\.cast: ")
    return seen


FLOOD = "stty -echo; echo ready; read -r go; while :; do echo 'more and more and more'; done"
FAREWELL = b"\r\nfarpty: hung up: it can no longer be recorded\r\n"


def test_a_recording_that_gets_too_large_ends_its_session_and_no_other(folder):
    """RLIMIT_FSIZE: every user can have that."""
    limit = 200_000
    with serve("--record", str(folder), "--", "sh", "-c", FLOOD,
               preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) as server:
        with RawPeer(server) as other:
            other.expect("ready")
            seen = flood_until_it_is_full(server, 2)
            assert seen.endswith(FAREWELL)
            (second,) = [file for file in files(folder) if file.name.endswith("-2.cast")]
            assert second.stat().st_size <= limit and second.read_bytes().endswith(b"]\n")
            assert Recording(second).bytes_of("o") == seen.removesuffix(FAREWELL)
            assert other.received == b"ready\r\n"


@contextlib.contextmanager
def small_disk(folder: Path):
    """A file system of 256 KiB."""
    need(os.getuid() == 0, "root, who can mount a tmpfs")
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "farpty-test", str(folder)],
                             capture_output=True, text=True, check=False)
    if mounted.returncode != 0:  # CAP_SYS_ADMIN is not ours in every container
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_gets_full_ends_the_session_and_lets_none_start(folder):
    with small_disk(folder), serve("--record", str(folder), "--", "sh", "-c", FLOOD) as server:
        seen = flood_until_it_is_full(server, 1)
        assert seen.endswith(FAREWELL)
        server.wait_log("no space left on device")
        assert the_recording(folder).bytes_of("o") == seen.removesuffix(FAREWELL)
        with open(folder / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(bytes(100)):
                pass
        with RawPeer(server) as peer:
            assert b"no space left on device" in peer.expect_end()
        assert server.sessions() == [] and len(files(folder)) == 1


def test_run_records_and_refuses_too(folder):
    with home_of(os.getuid()) as home:
        def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
            return subprocess.run([farpty_binary(), "run", *arguments], capture_output=True, stdin=subprocess.DEVNULL,
                                  env=base_environment(home), cwd=home, timeout=60, check=False)

        done = run("--record", str(folder), "--size", "70x20", "--", "sh", "-c", "echo out; exit 4")
        assert (done.returncode, done.stdout, done.stderr) == (4, b"out\r\n", b"")
        recording = the_recording(folder)
        assert recording.bytes_of("o") == b"out\r\n" and recording.header["width"] == 70
        done = run("--record", "/proc/nowhere", "--", "sh", "-c", "echo out")
        assert (done.returncode, done.stdout) == (125, b"") and b"--record: " in done.stderr


def test_a_reload_changes_where_the_next_session_is_recorded(folder, tmp_path):
    config = tmp_path / "farpty.toml"
    config.write_text("")
    with serve("--config", str(config), "--", "cat") as server:
        with RawPeer(server) as peer:
            peer.send(b"a\n")
            peer.expect("a\r\na\r\n")
            config.write_text(f'record = "{folder}"\nrecord-input = true\n')
            server.process.send_signal(signal.SIGHUP)
            server.wait_log("read .* again")
            assert files(folder) == []
        with RawPeer(server) as peer:
            peer.send(b"b\n")
            peer.expect("b\r\nb\r\n")
            assert the_recording(folder).bytes_of("i") == b"b\n"
