"""--kill-all: what outlives a program by every trick of a daemon dies with it, and without the flag it does not."""

import os
import signal
import socket

from kit import Server, processes, wait_until

LEAVE = b"""
nohup sleep 1000 >/dev/null 2>&1 &
setsid sleep 1001 &
(setsid sh -c '(sleep 1002 &)' &)
"""
LEFT = {"sleep"}


def left(server: Server) -> list[processes.Process]:
    return [process for process in server.descendants() if process.name in LEFT and process.state not in "ZX"]


def leave_three(server: Server, connection: socket.socket) -> None:
    connection.sendall(LEAVE)
    wait_until(lambda: len(left(server)) == 3, "three to be left behind", describe=server.descendants)


def test_they_die_with_the_program(serve):
    with serve("--kill-all", "--", "bash", "--norc") as server:
        with server.connect() as connection:
            leave_three(server, connection)
            connection.sendall(b"exit 3\n")
            while connection.recv(4096):
                pass
            assert not left(server)
        server.wait_log("session 1 ended: exit status 3")
        server.wait_idle()


def test_they_die_when_the_peer_is_gone(serve):
    with serve("--kill-all", "--", "bash", "--norc") as server:
        with server.connect() as connection:
            leave_three(server, connection)
        server.wait_idle()
        assert not left(server)


def test_they_die_with_a_killed_server(serve):
    with serve("--kill-all", "--", "bash", "--norc", status=-signal.SIGKILL) as server:
        with server.connect() as connection:
            leave_three(server, connection)
            os.kill(server.pid, signal.SIGKILL)
            wait_until(lambda: not left(server), "them to die", describe=server.descendants)


def test_a_service_managers_signal_to_all_ends_it_in_good_order(serve):
    """SIGTERM to server and keepers alike, as a control group gets it."""
    with serve("--kill-all", "--", "bash", "--norc") as server:
        with server.connect() as connection:
            leave_three(server, connection)
            for process in [*processes.children(server.pid)]:
                os.kill(process.pid, signal.SIGTERM)
            os.kill(server.pid, signal.SIGTERM)
            seen = b""
            while got := connection.recv(4096):
                seen += got
            assert b"the server is stopping" in seen
        wait_until(lambda: server.process.poll() is not None, "the server to leave")
        assert not left(server)


def test_without_it_they_live_on(serve):
    with serve("--", "bash", "--norc", may_leave=True) as server:
        with server.connect() as connection:
            leave_three(server, connection)
            connection.sendall(b"exit 3\n")
            while connection.recv(4096):
                pass
        server.wait_log("session 1 ended: exit status 3")
        assert len(left(server)) == 3
