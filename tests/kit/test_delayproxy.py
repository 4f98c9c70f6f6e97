"""delayproxy on real sockets: that it carries every byte, delays by what it was told, and fails where it was told."""

import contextlib
import hashlib
import os
import socket
import statistics
import threading
import time

import pytest
from kit import DelayProxy, wait_until


class Target:
    """A listening socket on loopback whose accepted connections the test handles itself."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = self.listener.getsockname()

    def accept(self) -> socket.socket:
        self.listener.settimeout(30)
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(30)
        return connection

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@contextlib.contextmanager
def path(**flags):
    """A client socket, the target's socket, and the proxy between them."""
    with Target() as target, DelayProxy(target.address, **flags) as proxy:
        with socket.create_connection(proxy.address, timeout=30) as client, target.accept() as far:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield client, far, proxy


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while data := connection.recv(65536):
        received += data
    return received


def test_carries_both_directions_and_half_close():
    with path() as (client, far, proxy):
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        assert read_all(far) == b"question"
        far.sendall(b"answer")
        far.close()
        assert read_all(client) == b"answer"
        wait_until(lambda: proxy.stats()["live"] == 0, "the connection to end")
        assert proxy.stats()["connections"] == [
            {"number": 1, "open": False, "up": {"in": 8, "out": 8}, "down": {"in": 6, "out": 6}}]


def test_carries_every_byte_in_order_under_delay_jitter_and_stalls():
    data = os.urandom(8 << 20)
    with path(delay="3ms", jitter="4ms", fault="down~1M=stall:5ms", seed=11) as (client, far, _):
        threading.Thread(target=lambda: (far.sendall(data), far.close()), daemon=True).start()
        assert hashlib.sha256(read_all(client)).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("delay_ms", [1, 20])
def test_delay_is_never_too_short_and_seldom_too_long(delay_ms):
    with path(delay=f"{delay_ms}ms") as (client, far, _):
        trips = []
        for _ in range(40):
            start = time.monotonic()
            client.sendall(b"x")
            assert far.recv(1) == b"x"
            trips.append(time.monotonic() - start)
    late = sorted(trip * 1000 - delay_ms for trip in trips)
    print(f"one way {delay_ms} ms: late by median {statistics.median(late):.3f} ms, most {late[-1]:.3f} ms")
    assert late[0] >= 0


def test_bandwidth_limits_the_bytes_and_pushes_back():
    start = time.monotonic()
    with path(rate="1M", burst="1k", queue="64k") as (client, far, proxy):
        client.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 64 << 20:
                sent += client.send(bytes(65536))
        assert sent < 32 << 20, "the sender was never pushed back"
        received = 0
        while received < 300_000:
            received += len(far.recv(65536))
        sent = proxy.stats()["connections"][0]["up"]["out"]
        assert sent <= 1024 + (1 << 20) * (time.monotonic() - start)


def test_stall_holds_and_resume_delivers():
    with path() as (client, far, proxy):
        proxy.tell("stall up")
        client.sendall(b"held")
        wait_until(lambda: proxy.stats()["connections"][0]["up"]["in"] == 4, "the proxy to have the bytes")
        far.sendall(b"down passes")
        assert client.recv(100) == b"down passes"
        assert proxy.stats()["connections"][0]["up"]["out"] == 0
        proxy.tell("resume")
        assert far.recv(100) == b"held"


def test_stall_for_a_while_ends_by_itself():
    with path() as (client, far, proxy):
        proxy.tell("stall 50ms")
        client.sendall(b"late")
        assert far.recv(100) == b"late"


@pytest.mark.parametrize("how, seen", [("cut", "end"), ("reset", "reset")])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_fault_at_an_offset_lets_exactly_so_many_bytes_pass(how, seen, direction):
    with path(fault=f"{direction}@1000={how}") as (client, far, _):
        sender, receiver = (client, far) if direction == "up" else (far, client)
        sender.sendall(bytes(5000))
        received, end = b"", "end"
        try:
            while data := receiver.recv(65536):
                received += data
        except ConnectionResetError:
            end = "reset"
        assert (len(received), end) == (1000, seen)


def test_commands_cut_and_reset_live_connections():
    with path() as (client, far, proxy):
        proxy.tell("cut")
        assert client.recv(10) == b"" and far.recv(10) == b""
    with path() as (client, far, proxy):
        proxy.tell("reset 1")
        for end in (client, far):
            with pytest.raises(ConnectionResetError):
                end.recv(10)


def test_reset_by_a_side_reaches_the_other_behind_its_bytes():
    with path(delay="5ms") as (client, far, _):
        client.sendall(b"last words")
        assert far.recv(100) == b"last words"
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        with pytest.raises(ConnectionResetError):
            far.recv(10)


def test_refuse_and_accept_again_on_the_same_port():
    with path() as (client, far, proxy):
        proxy.tell("refuse on")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(proxy.address, timeout=30)
        client.sendall(b"still there")
        assert far.recv(100) == b"still there"
        proxy.tell("refuse off")
        socket.create_connection(proxy.address, timeout=30).close()


def test_target_that_refuses_resets_the_client_and_nothing_else():
    with Target() as gone:
        address = gone.address
    with DelayProxy(address) as proxy:
        for _ in range(3):
            # The reset may come before connect() has returned.
            with pytest.raises(ConnectionResetError), socket.create_connection(proxy.address, timeout=30) as client:
                client.recv(1)


def test_random_faults_repeat_from_their_seed():
    def passed(seed: int) -> list[int]:
        with Target() as target, DelayProxy(target.address, fault="down~50k=cut", seed=seed) as proxy:
            lengths = []
            for _ in range(5):
                with socket.create_connection(proxy.address, timeout=30) as client, target.accept() as far:
                    threading.Thread(target=lambda far=far: _pour(far), daemon=True).start()
                    lengths.append(len(read_all(client)))
            return lengths

    assert passed(5) == passed(5)
    assert passed(5) != passed(6)


def _pour(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for _ in range(100):
            connection.sendall(bytes(65536))


def test_bad_words_are_answered_and_harmless():
    with path() as (client, far, proxy):
        for command in ("", "explode", "delay soon", "cut everything"):
            with pytest.raises(AssertionError, match="error: bad"):
                proxy.tell(command)
        client.sendall(b"fine")
        assert far.recv(10) == b"fine"
