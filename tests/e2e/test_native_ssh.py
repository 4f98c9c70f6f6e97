"""`farpty connect --ssh`: ssh brings an invitation, from a server that runs over there or is started for it."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from kit import Screen, processes, wait_until
from kit.native import native_server, target
from kit.server import MARK, base_environment, farpty_binary
from kit.sshd import running_sshd
from kit.wait import GENEROUS


def words(sshd, *flags: str) -> list[str]:
    return [farpty_binary(), "connect", "--ssh", "--ssh-program", f"ssh -F {sshd.config}", "--far-program", farpty_binary(),
            *flags, "somewhere"]


def test_a_server_that_runs_is_found_and_needs_no_key_of_ours(tmp_path):
    with native_server("--exit-when-idle", "1d") as server:
        # It listens at the address by which ssh comes in.
        with running_sshd(tmp_path, {"XDG_RUNTIME_DIR": server.environment["XDG_RUNTIME_DIR"]}) as sshd:
            home = tmp_path / "home"
            home.mkdir()
            environment = base_environment(home)
            # What is typed is the command's, and not ssh's.
            done = subprocess.run([*words(sshd), "--", "sh", "-c", "cat; exit 3"], env=environment, input="typed\n",
                                  capture_output=True, text=True, timeout=GENEROUS, check=False)
            assert (done.returncode, done.stdout) == (3, "typed\n"), done
            server.wait_log(r"an invitation was made: (\S+), for once")
            server.wait_log(r"\(invitation \S+\) is let in")
            assert target(server)


def started_servers(home: str) -> list[int]:
    found = processes.with_environment("XDG_RUNTIME_DIR", home)
    servers = []
    for one in found:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if b"serve" in Path(f"/proc/{one.pid}/cmdline").read_bytes().split(b"\0"):
                servers.append(one.pid)
    return servers


def test_where_none_runs_one_is_started_which_outlives_ssh_and_ends_by_itself(tmp_path):
    run = tmp_path / "run"
    run.mkdir(mode=0o700)
    home = tmp_path / "home"
    home.mkdir()
    far = {"XDG_RUNTIME_DIR": str(run), "HOME": str(home), MARK: "ssh", "SHELL": "/bin/sh"}
    with running_sshd(tmp_path, far) as sshd:
        with Screen([*words(sshd, "-t"), "--", "bash", "--norc", "--noprofile", "-i"], environment=base_environment(home)) as screen:
            screen.wait_for("bash-")
            [server] = started_servers(str(run))
            try:
                screen.line("tty")
                screen.wait_for("/dev/pts/")
                screen.line("exit 6")
                assert screen.wait_exit() == 6
            finally:
                os.kill(server, signal.SIGTERM)
            wait_until(lambda: not started_servers(str(run)), "the server to end")


def test_what_ssh_does_not_bring_is_said(tmp_path):
    (tmp_path / "ssh").write_text("#!/bin/sh\ncase $1 in -G) exit 0;; esac\necho no farpty here\n")
    (tmp_path / "ssh").chmod(0o755)
    done = subprocess.run([farpty_binary(), "connect", "--ssh", "--ssh-program", str(tmp_path / "ssh"), "ann@far"],
                          env=base_environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=GENEROUS, check=False)
    assert done.returncode == 255
    assert "ssh brought no invitation" in done.stderr
    for address in ("-oProxyCommand=touch pwned", ""):
        done = subprocess.run([farpty_binary(), "connect", "--ssh", "--", address], env=base_environment(tmp_path), cwd=tmp_path,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GENEROUS, check=False)
        assert done.returncode != 0
        assert not (tmp_path / "pwned").exists()


def test_a_server_leaves_when_nobody_was_there_for_a_while():
    with native_server("--exit-when-idle", "1s") as server:
        server.wait_log("nobody was here for 1 s")
        assert server.process.wait(GENEROUS) == 0
