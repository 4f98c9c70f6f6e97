"""SIGTERM ends gracefully: sessions are told, hung up, awaited, then the server leaves with status 0."""

import signal

import pytest
from kit import RawPeer, serve, wait_until
from kit.processes import is_alive


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_sessions_are_told_and_hung_up(sign, tmp_path):
    script = f"trap 'echo hup > {tmp_path}/seen; exit' HUP; echo ready; while :; do sleep 0.1; done"
    with serve("--hangup-grace", "1h", "--", "sh", "-c", script) as server, RawPeer(server) as peer:
        peer.expect("ready")
        assert server.stop(sign) == 0
        assert (tmp_path / "seen").exists()
        assert b"farpty: " in peer.expect_end()


def test_a_session_that_ignores_the_hangup_is_awaited_and_killed():
    with serve("--hangup-grace", "1s", "--", "sh", "-c", "trap '' HUP; echo pid $$; while :; do sleep 0.1; done") as server:
        with RawPeer(server) as peer:
            pid = int(peer.expect(r"pid (\d+)\r")[1])
            assert server.stop() == 0
            assert not is_alive(pid)


def test_a_foreground_job_that_dies_of_the_hangup_costs_no_grace_period():
    """Were the grace period waited for, this would take an hour."""
    with serve("--hangup-grace", "1h", "--", "bash", "--norc", "-i") as server, RawPeer(server) as peer:
        peer.send(b"bash -c 'echo r''eady; sleep 1000; true'\n")
        peer.expect("ready")
        assert server.stop() == 0


def test_a_peer_that_never_reads_does_not_hold_the_server():
    with serve("--hangup-grace", "1s", "--", "yes") as server, RawPeer(server) as peer:
        peer.expect("y")
        wait_until(lambda: server.sessions(), "the session")
        assert server.stop() == 0


def test_a_second_signal_hurries():
    with serve("--hangup-grace", "1h", "--", "sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.1; done",
               status=None) as server:
        with RawPeer(server) as peer:
            peer.expect("ready")
            server.process.send_signal(signal.SIGTERM)
            peer.expect("farpty: ")
            server.stop(signal.SIGTERM)


def test_the_door_is_closed_at_once():
    with serve("--hangup-grace", "2s", "--", "sh", "-c", "trap '' HUP; echo ready; while :; do sleep 0.1; done") as server:
        with RawPeer(server) as peer:
            peer.expect("ready")
            server.process.send_signal(signal.SIGTERM)
            peer.expect_end()
            with pytest.raises(ConnectionRefusedError):
                server.connect()
            assert server.process.wait(timeout=60) == 0
