"""How a session ends: with its program, at once, whole; and what the log says of it."""

import fcntl
import re
import select
import socket
import struct
import termios

import pytest
from kit import RawPeer, need_flag, serve, wait_until
from kit.processes import is_alive


@pytest.mark.parametrize("program, logged", [("exit 0", r"status 0|exit(ed)?.* 0"), ("exit 7", r"\b7\b"), ("kill -9 $$", "KILL|signal 9")])
def test_exit_status_is_logged(program, logged):
    with serve("--", "sh", "-c", program) as server, RawPeer(server) as peer:
        peer.expect_end()
        server.wait_log(rf"ended: .*({logged})")


def test_all_output_is_delivered_before_the_end():
    with serve("--", "seq", "1", "200000") as server:
        for _ in range(3):
            with RawPeer(server) as peer:
                shown = peer.expect_end()
                assert shown.count(b"\n") == 200_000 and shown.endswith(b"\r\n200000\r\n")


def test_a_background_job_that_holds_the_tty_does_not_hold_the_connection():
    need_flag("--kill-all")
    script = "sleep 1000 & echo started $!; exit 3"
    with serve("--kill-all", "--", "sh", "-c", script) as server, RawPeer(server) as peer:
        shown = peer.expect_end()
        job = int(re.search(rb"started (\d+)", shown)[1])
        wait_until(lambda: not is_alive(job), "the job to be killed by --kill-all")


def test_a_background_job_lives_on_without_kill_all():
    script = "trap '' HUP; sleep 1000 & echo started $!"
    with serve("--", "sh", "-c", script, may_leave=True) as server, RawPeer(server) as peer:
        job = int(re.search(rb"started (\d+)", peer.expect_end())[1])
        server.wait_log("ended")
        assert is_alive(job)


def test_a_background_flood_does_not_make_the_end_endless():
    """A terminal is hung up by the kernel then; a pipe can be written to, as long as it is read."""
    script = "trap '' HUP; cat /dev/zero & cat /dev/zero & read line"
    for kind in ("kernel", "pipes"):
        with serve("--terminal", kind, "--", "sh", "-c", script, may_leave=True) as server, RawPeer(server) as peer:
            peer.expect(b"\0")
            peer.send(b"\n")
            peer.expect_end()


def test_after_the_end_a_mebibyte_is_read():
    """Not more, though a program in the background keeps its pipe full and the peer takes its time."""
    script = """
import fcntl, os, signal, struct, termios
size = fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
if os.fork() == 0:
    while True:
        os.write(1, bytes(1 << 16))
def waiting():
    return struct.unpack("i", fcntl.ioctl(1, termios.FIONREAD, bytes(4)))[0]
while waiting() < size - (1 << 16):
    pass
"""
    with serve("--terminal", "pipes", "--", "python3", "-c", script, may_leave=True) as server, RawPeer(server) as peer:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        server.wait_log("session 1 ended")  # while nobody reads
        at_the_end = unread(peer.socket)
        total = 0
        while piece := peer.socket.recv(8 << 10):
            total += len(piece)
            wait_until(lambda: unread(peer.socket) > 0 or is_at_end(peer.socket), "more, or the end")
        on_its_way = 128 << 10  # twice what may wait in the server and unsent in its socket
        assert at_the_end + (1 << 20) <= total <= at_the_end + on_its_way + (1 << 20)


def is_at_end(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def unread(connection: socket.socket) -> int:
    return struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0]


def test_the_end_is_an_orderly_one_while_the_peer_types():
    """No reset tears the last output away, also when typed bytes arrive after the end."""
    with serve("--", "sh", "-c", "read line; echo last; exit") as server:
        for _ in range(20):
            with RawPeer(server) as peer:
                peer.send(b"go\n" + b"typed ahead\n" * 10)
                assert b"last\r\n" in peer.expect_end()


def test_program_that_is_not_there_is_told():
    """`cannot run foo: no such file`"""
    with serve("--", "no-such-program") as server, RawPeer(server) as peer:
        assert re.search(rb"cannot run no-such-program: no such file", peer.expect_end())
        server.wait_log("cannot run no-such-program")


def test_program_that_is_not_executable_is_told(tmp_path):
    (tmp_path / "data").write_text("no program")
    with serve("--", str(tmp_path / "data")) as server, RawPeer(server) as peer:
        assert re.search(rb"cannot run .*data: permission denied", peer.expect_end())
