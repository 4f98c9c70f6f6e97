"""The peer goes away without a word: SIGHUP, a grace period, SIGKILL; and who lives on."""

import contextlib
import os
import re
import signal

import pytest
from kit import RawPeer, need_flag, serve, wait_until
from kit.processes import is_alive, read_process


def start(peer: RawPeer, command: str) -> int:
    """Types a command that prints `pid N`; N."""
    peer.send(command.encode() + b"\n")
    return int(peer.expect(r"pid (\d+)\r")[1])


@pytest.mark.parametrize("how", ["close", "vanish"])
def test_the_program_gets_sighup(how, tmp_path):
    script = f"trap 'echo hup > {tmp_path}/seen; exit' HUP; echo ready; while :; do sleep 0.1; done"
    with serve("--hangup-grace", "1h", "--", "sh", "-c", script) as server:
        peer = RawPeer(server)
        peer.expect("ready")
        getattr(peer, how)()
        wait_until(lambda: (tmp_path / "seen").exists(), "SIGHUP")
        server.wait_idle()


def test_a_program_that_ignores_sighup_is_killed_after_the_grace_period():
    with serve("--hangup-grace", "1s", "--", "sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.1; done") as server:
        with RawPeer(server) as peer:
            peer.expect("ready")
        server.wait_idle()


def test_the_foreground_group_is_killed_too():
    with serve("--hangup-grace", "1s", "--", "bash", "--norc", "-i") as server:
        with RawPeer(server) as peer:
            job = start(peer, "bash -c 'trap \"\" HUP; echo pid $$; while :; do sleep 0.1; done'")
            process = read_process(job)
            assert process is not None
        wait_until(lambda: not is_alive(job), "the foreground job to be killed")
        server.wait_idle()


def test_what_ignores_sighup_in_the_background_lives_on_as_with_ssh():
    with serve("--hangup-grace", "1s", "--", "bash", "--norc", "-i", may_leave=True) as server:
        with RawPeer(server) as peer:
            nohup = start(peer, "nohup sleep 1000 > /dev/null 2>&1 & echo pid $!")
            peer.received = b""
            daemon = start(peer, "setsid sh -c 'echo pid $$; exec sleep 1001 > /dev/null 2>&1' &")
            for job in (nohup, daemon):
                wait_until(lambda job=job: read_process(job).name == "sleep", "the job to run")
        server.wait_idle()
        server.wait_log("hung up|ended")
        assert is_alive(nohup)
        assert is_alive(daemon)
        for job in (nohup, daemon):
            os.kill(job, signal.SIGKILL)


def test_kill_all_takes_them_too():
    need_flag("--kill-all")
    with serve("--kill-all", "--hangup-grace", "1s", "--", "bash", "--norc", "-i") as server:
        with RawPeer(server) as peer:
            nohup = start(peer, "nohup sleep 1000 > /dev/null 2>&1 & echo pid $!")
            assert is_alive(nohup)
        wait_until(lambda: not is_alive(nohup), "nohup's sleep to be killed by --kill-all")
        server.wait_idle()


def test_a_stopped_foreground_job_does_not_keep_the_session():
    with serve("--hangup-grace", "1s", "--", "bash", "--norc", "-i") as server:
        with RawPeer(server) as peer:
            job = start(peer, "bash -c 'echo pid $$; sleep 1000'")
            peer.send(b"\x1a")
            peer.expect("Stopped")
        server.wait_idle()
        wait_until(lambda: not is_alive(job), "the stopped job to end")


def test_a_peer_that_vanishes_while_the_program_floods():
    with serve("--hangup-grace", "1s", "--", "yes") as server:
        for _ in range(5):
            with RawPeer(server) as peer:
                peer.expect("y\r\ny")
                peer.vanish()
        server.wait_idle()


def test_a_peer_that_vanishes_while_the_program_reads_nothing():
    """Also with typed bytes that nobody takes."""
    with serve("--hangup-grace", "1s", "--", "sh", "-c", "stty raw -echo; echo ready; exec sleep 1000") as server:
        peer = RawPeer(server)
        peer.expect("ready")
        peer.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            for _ in range(10_000):
                peer.send(b"x" * 10_000)
        peer.vanish()
        server.wait_idle()


def test_a_killed_server_hangs_its_sessions_up():
    """The kernel does it: no program stays on a terminal that nobody holds."""
    with serve("--", "bash", "--norc", "-i", status=-signal.SIGKILL) as server, RawPeer(server) as peer:
        shell = start(peer, "echo pid $$")
        server.stop(signal.SIGKILL)
        wait_until(lambda: not is_alive(shell), "the shell to end")
        assert re.search(rb"pid", peer.received)
