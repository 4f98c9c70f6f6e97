"""farpty copy: files and folders through a native door, over paths that break, and with ends that lie. The far home directory
is the test server's; what is copied lies in folders of the test."""

import contextlib
import hashlib
import os
import pwd
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from kit import DelayProxy, Screen, processes, wait_until
from kit.farpty1 import cbor
from kit.native import authorize, config_folder, make_key, native_server, target
from kit.server import Server, base_environment, farpty_binary
from kit.sshd import running_sshd
from kit.wait import GENEROUS

PART = ".big.farpty-part"


class Ends(NamedTuple):
    server: Server
    near: Path
    there: Path

    def words(self, *arguments: str | Path) -> list[str]:
        return [farpty_binary(), "copy", "--accept-new", *map(str, arguments)]

    def copy(self, *arguments: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
        given = {"env": self.server.environment, "stdin": subprocess.DEVNULL} | more
        return subprocess.run(self.words(*arguments), cwd=self.near, capture_output=True, text=True, errors="replace",
                              timeout=GENEROUS, check=False, **given)

    def far(self, path: str | Path = "", address: tuple[str, int] | None = None) -> str:
        return f"farpty://{target(self.server, address)}/{path}"


@contextlib.contextmanager
def two_ends(tmp_path: Path, *arguments: str, **more: object) -> Iterator[Ends]:
    near, there = tmp_path / "near", tmp_path / "there"
    near.mkdir()
    there.mkdir()
    with native_server(*arguments, **more) as server:
        yield Ends(server, near, there)


def random_file(path: Path, size: int) -> bytes:
    path.write_bytes(random.randbytes(size))
    return path.read_bytes()


def test_there_and_back(tmp_path):
    with two_ends(tmp_path) as ends:
        near, there = ends.near, ends.there
        (near / "tree/sub").mkdir(parents=True)
        random_file(near / "tree/file", 300_000)
        odd = "$(touch owned); -rf *\n\x1b[2J"
        (near / "tree/sub" / odd).write_text("a name that no shell sees")
        (near / "tree/file").chmod(0o640)
        (near / "tree/sub").chmod(0o750)
        for name in ("tree/file", "tree/sub", "tree"):
            os.utime(near / name, ns=(0, 1_500_000_000_123_456_789))
        done = ends.copy("tree", ends.far(there))
        assert (done.returncode, done.stdout) == (0, ""), done
        assert "copied 2 files, 293.0 KiB\n" in done.stderr
        for name, mode in (("tree/file", 0o640), ("tree/sub", 0o750), ("tree", 0o755)):
            assert (there / name).stat().st_mtime_ns == 1_500_000_000_123_456_789
            assert (there / name).stat().st_mode & 0o777 == mode
        assert (there / "tree/file").read_bytes() == (near / "tree/file").read_bytes()

        done = ends.copy(ends.far(there / "tree/sub" / odd), ends.far(there / "tree/file"), near)
        assert done.returncode == 0, done
        assert (near / odd).read_text() == "a name that no shell sees"
        assert (near / "file").read_bytes() == (near / "tree/file").read_bytes()
        assert "\x1b" not in done.stderr
        assert not list(tmp_path.rglob("owned")) and not (ends.server.home / "owned").exists()


def test_a_relative_path_begins_at_the_far_home_and_several_things_need_a_folder(tmp_path):
    with two_ends(tmp_path) as ends:
        (ends.near / "a").write_text("a")
        (ends.near / "b").write_text("b")
        home = pwd.getpwuid(os.geteuid()).pw_dir
        done = ends.copy("-q", "a", ends.far(os.path.relpath(ends.there, home)))
        assert (done.returncode, done.stderr.count("copied")) == (0, 0), done
        assert (ends.there / "a").read_text() == "a"
        done = ends.copy("a", "b", ends.far(ends.there / "file"))
        assert done.returncode == 1
        assert "several things to copy" in done.stderr
        assert not (ends.there / "file").exists()


def test_what_is_missing_over_there_is_said(tmp_path):
    with two_ends(tmp_path) as ends:
        (ends.there / "good").write_text("good")
        (ends.there / "link").symlink_to("good")
        done = ends.copy(ends.far(ends.there / "missing"), ends.far(ends.there / "good"), ".")
        assert done.returncode == 1
        assert f"{ends.there}/missing: no such file or directory" in done.stderr
        assert (ends.near / "good").read_text() == "good"
        done = ends.copy(ends.far(ends.there), ".")
        assert done.returncode == 1
        assert "link: it is a link, and left out" in done.stderr
        assert (ends.near / "there/good").read_text() == "good"
        assert not (ends.near / "there/link").is_symlink()
        done = ends.copy("good", ends.far(ends.there / "no/such/folder"))
        assert done.returncode == 1
        assert "no such file or directory" in done.stderr


def test_cuts_change_nothing(tmp_path):
    """Each of the first connections is cut somewhere, first to the far end and then from there."""
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    print(f"FARPTY_SEED={seed}")
    chance = random.Random(seed)
    with two_ends(tmp_path) as ends:
        big = random_file(ends.near / "big", 3_000_000)
        for way, source, goal in (("up", "big", ends.there), ("down", ends.there / "big", ends.near / "back")):
            # The first is reached at once or not at all; the file is larger than all of them carry.
            faults = [f"1#{way}@{chance.randrange(20_000, 400_000)}=cut"]
            faults += [f"{n}#{way}@{chance.randrange(1, 400_000)}=cut" for n in range(2, 6)]
            with DelayProxy(ends.server.address("farpty"), fault=faults) as proxy:
                there = [ends.far(one, proxy.address) if str(one).startswith(str(ends.there)) else one for one in (source, goal)]
                done = ends.copy(*there)
                assert done.returncode == 0, done
                assert proxy.stats()["accepted"] > 1
        assert (ends.there / "big").read_bytes() == big
        assert (ends.near / "back").read_bytes() == big
        ends.server.wait_log("resumed")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_copy_whose_client_was_killed_is_gone_on_with(tmp_path, way, number):
    """Its far end waits for it still, and makes room for the next."""
    with two_ends(tmp_path) as ends:
        source, goal = (ends.near, ends.there) if way == "up" else (ends.there, ends.near)
        big = random_file(source / "big", 32_000_000)
        # Whoever tries again comes no further than this.
        with DelayProxy(ends.server.address("farpty"), fault=[f"{way}@3000000=stall"]) as proxy:
            places = [ends.far(path / "big", proxy.address) if path is ends.there else str(path / "big") for path in (source, goal)]
            process = subprocess.Popen(ends.words(*places), env=ends.server.environment, cwd=ends.near, stdin=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=processes.default_signals)
            wait_until(lambda: (goal / PART).exists() and (goal / PART).stat().st_size > 2 << 20, "some of it to have come")
            proxy.tell("refuse on")
            os.killpg(process.pid, number)
            assert process.wait(GENEROUS) == (-number if number == signal.SIGKILL else 128 + number)
        assert not (goal / "big").exists()
        places = [ends.far(path / "big") if path is ends.there else str(path / "big") for path in (source, goal)]
        done = ends.copy(*places)
        assert done.returncode == 0, done
        assert "MiB were there already" in done.stderr
        assert (goal / "big").read_bytes() == big
        assert not (goal / PART).exists()


def test_a_far_end_whose_client_is_gone_alone_ends(tmp_path):
    with two_ends(tmp_path) as ends:
        random_file(ends.near / "big", 32_000_000)
        with DelayProxy(ends.server.address("farpty"), up_rate="300k") as proxy:  # a minute and a half in all
            process = subprocess.Popen(ends.words("big", ends.far(ends.there, proxy.address)), env=ends.server.environment,
                                       cwd=ends.near, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_until(lambda: (ends.there / PART).exists() and (ends.there / PART).stat().st_size > 0, "some to have come")
            process.kill()  # the client that carries lives on for now, and says that its input has ended
            process.wait(GENEROUS)
            proxy.tell("rate up 1000M")
            ends.server.wait_log(r"session \d+ ended: ")
        assert (ends.there / PART).stat().st_size > 0 and not (ends.there / "big").exists()
        wait_until(lambda: not copying(ends.server), "the client to leave")


def test_an_interrupted_copy_ends_its_far_end(tmp_path):
    with two_ends(tmp_path) as ends:
        random_file(ends.there / "big", 32_000_000)
        with DelayProxy(ends.server.address("farpty"), down_rate="300k") as proxy:
            process = subprocess.Popen(ends.words(ends.far(ends.there / "big", proxy.address), "."), env=ends.server.environment,
                                       cwd=ends.near, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            wait_until(lambda: (ends.near / PART).exists() and (ends.near / PART).stat().st_size > 0, "some to have come")
            os.killpg(process.pid, signal.SIGINT)  # as the terminal does
            assert process.wait(GENEROUS) != 0
            ends.server.wait_log(r"session \d+ ended: ")
        assert not (ends.near / "big").exists()
        wait_until(lambda: not copying(ends.server), "the client to leave")


def copying(server: Server) -> list[processes.Process]:
    return [one for one in processes.with_environment("HOME", server.environment["HOME"]) if one.pid != server.process.pid]


def test_a_terminal_shows_how_far_it_is_and_is_left_clean(tmp_path):
    with two_ends(tmp_path) as ends:
        random_file(ends.near / "big", 32_000_000)
        with DelayProxy(ends.server.address("farpty"), fault=["up@3000000=stall"]) as proxy:
            with Screen(ends.words("big", ends.far(ends.there, proxy.address)), environment=ends.server.environment,
                        cwd=str(ends.near)) as screen:
                screen.wait_for("stalled")
                assert "%" in screen.text and "] " in screen.text
                screen.send("\x03")
                assert screen.wait_exit() == 130
                screen.wait_for(lambda screen: "stalled" not in screen.text)
        with Screen(ends.words("big", ends.far(ends.there / "other")), environment=ends.server.environment,
                    cwd=str(ends.near)) as screen:
            screen.wait_for("copied 1 file, 30.5 MiB")
            assert "%" in screen.raw.decode() and "%" not in screen.text
            assert screen.wait_exit() == 0


# --- who may, and how he comes in


def invite(server: Server, *flags: str) -> str:
    return subprocess.run([farpty_binary(), "invite", *flags], env=server.environment, stdin=subprocess.DEVNULL, timeout=GENEROUS,
                          capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("way", ["arguments", "environment", "stdin"])
def test_a_guest_copies_by_an_invitation(tmp_path, way):
    with two_ends(tmp_path) as ends:
        line = invite(ends.server)
        address, token = line.split("/#")
        (ends.near / "file").write_text("text")
        variables = ends.server.environment | {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
        if way == "arguments":
            done = ends.copy("file", f"{address}/{ends.there}#{token}", env=variables)
        elif way == "environment":
            done = ends.copy("file", f"{address}/{ends.there}", env=variables | {"FARPTY_TOKEN": token})
        else:
            done = ends.copy("--token-stdin", "file", f"{address}/{ends.there}", env=variables, stdin=None, input=token + "\n")
        assert done.returncode == 0, done
        assert (ends.there / "file").read_text() == "text"
        assert token not in done.stderr + ends.server.log
        # A guest who may only look copies nothing.
        line = invite(ends.server, "--read-only")
        done = ends.copy(f"{address}/{ends.there}/file#{line.split('#')[1]}", "back", env=variables)
        assert done.returncode == 1
        assert "read-only" in done.stderr
        assert not (ends.near / "back").exists()


def test_the_token_stands_in_no_command_line_and_no_environment(tmp_path):
    token = "A" * 32
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(GENEROUS)
        address = f"farpty://127.0.0.1:{silent.getsockname()[1]}/"
        (tmp_path / "file").write_text("")
        for words, variables in (([f"{address}#{token}"], {}), ([address], {"FARPTY_TOKEN": token})):
            with subprocess.Popen([farpty_binary(), "copy", "file", *words], env=base_environment(tmp_path) | variables, cwd=tmp_path,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
                connection, _ = silent.accept()  # the client between the ends has read what it is told
                with connection:
                    pids = [process.pid, *(one.pid for one in processes.descendants(process.pid))]
                    assert len(pids) == 2
                    for pid in pids:
                        for name in ("cmdline", "environ"):
                            assert token.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
                process.kill()
                process.wait(GENEROUS)
                wait_until(lambda pid=pids[1]: not processes.is_alive(pid), "the client to leave")


def test_a_key_for_one_command_copies_nothing(tmp_path):
    with two_ends(tmp_path, options='command="echo forced"') as ends:
        (ends.near / "file").write_text("text")
        done = ends.copy("file", ends.far(ends.there))
        assert done.returncode == 1
        assert "cannot understand the other end" in done.stderr
    with native_server("--", "cat") as server:
        ends = Ends(server, ends.near, ends.there)
        done = ends.copy("file", ends.far(ends.there))
        assert done.returncode == 1
        assert "this server runs one program, and no commands" in done.stderr
    assert not list(ends.there.iterdir())


def test_through_ssh(tmp_path):
    with native_server("--exit-when-idle", "1d") as server:
        with running_sshd(tmp_path, {"XDG_RUNTIME_DIR": server.environment["XDG_RUNTIME_DIR"]}) as sshd:
            home, there = tmp_path / "home", tmp_path / "there"
            home.mkdir()
            there.mkdir()
            data = random_file(home / "file", 100_000)
            done = subprocess.run([farpty_binary(), "copy", "--ssh", "--ssh-program", f"ssh -F {sshd.config}", "--far-program",
                                   farpty_binary(), "file", f"somewhere:{there}/"], env=base_environment(home), cwd=home,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GENEROUS, check=False)
            assert done.returncode == 0, done
            assert (there / "file").read_bytes() == data


# --- ends that lie


def message(kind: int, payload: dict | bytes) -> bytes:
    data = payload if isinstance(payload, bytes) else cbor(payload)
    return len(data).to_bytes(4, "big") + bytes([kind]) + data


HELLO, FINISH = message(1, {"version": 1}), message(11, {})
ESCAPE = b"\x1b]0;owned\x07\x1b[2J"


def evil_entry(path: bytes) -> bytes:
    return message(3, {"path": path, "size": 4, "mode": 0o644}) + message(5, {}) + message(6, b"evil") + message(7, {"digest": bytes(32)})


@pytest.mark.parametrize("path", [b"../evil", b"/tmp/evil", b"a/../../evil", b"..", b"x/", b"x\0y"])
def test_a_far_end_cannot_write_elsewhere_nor_steer_the_terminal(tmp_path, path):
    lies = tmp_path / "lies"
    lies.write_bytes(HELLO + message(10, {"text": ESCAPE + b"trouble"}) + evil_entry(path) + FINISH)
    with two_ends(tmp_path) as ends:
        authorize(ends.server, make_key(ends.server, "liar"), f'command="printf \'\\033[2Jsaid\' >&2; cat {lies}; cat >/dev/null"')
        (ends.near / "in").mkdir()
        done = ends.copy("-i", config_folder(ends.server) / "liar", ends.far("file"), "in")
        assert done.returncode == 1
        assert "leads elsewhere" in done.stderr
        assert "trouble" in done.stderr and "said" in done.stderr and "\x1b" not in done.stderr and "\x07" not in done.stderr
        assert not list((ends.near / "in").iterdir()) and not list(tmp_path.rglob("evil"))


def serve_far_end(folder: Path, said: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([farpty_binary(), "copy", "--serve"], cwd=folder, env=base_environment(folder), input=said,
                          capture_output=True, timeout=GENEROUS, check=False)


def test_a_near_end_that_lies_ends_its_copy(tmp_path):
    job = message(13, {"send": False, "to": b"in", "paths": [b"file"]})
    (tmp_path / "in").mkdir()
    cases = [b"", b"SSH-2.0-x\r\n", b"\xff" * 1000, HELLO, job + HELLO + evil_entry(b"../evil"), job + FINISH, job[:-1],
             job + HELLO + message(3, {"root": 7, "size": 1}), job + message(13, {"send": True}), job + HELLO + message(6, b"x"),
             message(13, {"send": True, "paths": [b"x"] * 600}), message(13, {"send": 1})]
    for said in cases:
        done = serve_far_end(tmp_path, said)
        assert done.returncode == 1, said
        assert not list((tmp_path / "in").iterdir()), said
    assert not list(tmp_path.rglob("evil"))


def test_bits_that_flip_on_their_way_are_never_taken_for_the_file(tmp_path):
    """Any one byte of what a near end says is another; the file comes whole or not at all."""
    text = b"the right text"
    good = (message(13, {"send": False, "to": b"in", "paths": [b"file"]}) + HELLO
            + message(3, {"path": b"", "size": len(text), "mode": 0o644}) + message(5, {}) + message(6, text)
            + message(7, {"digest": hashlib.sha256(text).digest()}) + FINISH)
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    print(f"FARPTY_SEED={seed}")
    chance = random.Random(seed)
    folder = tmp_path / "in"
    folder.mkdir()
    assert serve_far_end(tmp_path, good).returncode == 0
    assert (folder / "file").read_bytes() == text
    for at in chance.sample(range(len(good)), 40):
        (folder / "file").unlink(missing_ok=True)
        flipped = bytearray(good)
        flipped[at] ^= 1 << chance.randrange(8)
        assert serve_far_end(tmp_path, bytes(flipped)).returncode in (0, 1), at
        if (folder / "file").exists():
            (folder / "file").chmod(0o600)
            assert (folder / "file").read_bytes() == text, at


@pytest.mark.parametrize(("arguments", "words"), [
    (["a"], "a source and a target are needed"),
    (["a", "b"], "neither end is far away"),
    (["far:a", "far:b"], "both ends are far away"),
    (["far:a", "near:b", "."], "the sources are on several machines"),
    (["a", "-oProxyCommand=true:b"], "the host is not a name"),
    (["a", "a;b:c"], "the host is not a name"),
    (["a", "farpty://far/#secret"], "a token cannot stand behind --"),
    (["far:..", "."], "it has no name of its own"),
])
@pytest.mark.parametrize("flags", [[], ["--ssh"]])
def test_what_cannot_be_meant_is_said(tmp_path, flags, arguments, words):
    done = subprocess.run([farpty_binary(), "copy", *flags, "--", *arguments], env=base_environment(tmp_path), cwd=tmp_path,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert words in done.stderr and "secret" not in done.stderr
