"""SIGHUP: the list of doors is read again, all of it or nothing, and nobody who is inside notices."""

import os
import re
import signal
import socket
from pathlib import Path

import pytest
from kit import Server, wait_until


@pytest.fixture
def config(tmp_path: Path):
    """Writes a configuration file whose doors are the given ones."""
    path = tmp_path / "farpty.toml"

    def write(*listen: str, more: str = "") -> str:
        path.write_text(f"listen = [{', '.join(repr(url) for url in listen)}]\n{more}")
        return str(path)

    return write


def reload(server: Server, outcome: str) -> None:
    before = len(re.findall(outcome, server.log))
    server.process.send_signal(signal.SIGHUP)
    server.wait_log(outcome, before + 1)


def say(connection: socket.socket, line: str, answer: str) -> None:
    """Types a line and reads until the answer comes."""
    connection.sendall(line.encode() + b"\n")
    seen = b""
    while answer.encode() not in seen:
        got = connection.recv(4096)
        assert got, f"closed after {seen!r}"
        seen += got


def is_open(url: str) -> bool:
    host, port = re.fullmatch(r"\w+://(.*):(\d+)", url).groups()
    try:
        socket.create_connection((host, int(port)), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


def serve_config(serve, path: str, doors: int):
    return serve("--config", path, "--", "bash", "--norc", listen=(), doors=doors)


def test_doors_come_and_go_and_sessions_stay(serve, config):
    with serve_config(serve, config("raw://127.0.0.1:0", "telnet://127.0.0.1:0"), doors=2) as server:
        raw, telnet = server.urls
        with server.connect() as connection:
            say(connection, "echo one$((1+1))", "one2")
            config("telnet://127.0.0.1:0", "raw://[::1]:0")
            reload(server, r"read \S+ again")
            assert f"no longer listening on {raw}" in server.log
            assert len(server.urls) == 3, "the telnet door, which is still listed, was opened again"
            assert not is_open(raw)
            assert is_open(telnet)
            say(connection, "echo two$((1+1))", "two2")
            # A door that is left by its last connection is forgotten, and may be opened again at its old address.
            connection.shutdown(socket.SHUT_RDWR)
        server.wait_log("session 1 ended")
        config("telnet://127.0.0.1:0", raw)
        reload(server, r"read \S+ again")
        assert is_open(raw)


def test_one_door_that_cannot_be_opened_changes_nothing(serve, config):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve_config(serve, config("raw://127.0.0.1:0"), doors=1) as server:
            config("telnet://127.0.0.1:0", f"raw://127.0.0.1:{port}", more="limit-sessions = 1\n")
            reload(server, rf"cannot listen on raw://127.0.0.1:{port}: address already in use .*; the old settings stay")
            assert len(server.urls) == 1
            with server.connect() as first, server.connect() as second:
                say(first, "echo one$((1+1))", "one2")
                say(second, "echo two$((1+1))", "two2")


def test_a_kept_door_must_still_be_allowed(serve, config):
    with serve_config(serve, config("raw://0.0.0.0:0", more="insecure-public = true\n"), doors=1) as server:
        config("raw://0.0.0.0:0")
        reload(server, r"other machines reach this address.*; the old settings stay")
        assert is_open(server.url.replace("0.0.0.0", "127.0.0.1"))


def test_unix_doors_take_their_file_with_them(serve, config, tmp_path):
    path = tmp_path / "door"
    with serve_config(serve, config(f"raw+unix://{path}", "raw://127.0.0.1:0"), doors=2) as server:
        assert path.is_socket()
        config("raw://127.0.0.1:0")
        reload(server, r"read \S+ again")
        assert not path.exists()


def test_the_end_waits_for_the_last_byte_of_a_door_that_is_gone(serve, config):
    with serve_config(serve, config("raw://127.0.0.1:0"), doors=1) as server:
        with server.connect() as connection:
            say(connection, "echo one$((1+1))", "one2")
            config("raw://127.0.0.1:0", "raw://[::1]:0")
            reload(server, r"read \S+ again")
            config("raw://[::1]:0")
            reload(server, r"read \S+ again")
            os.kill(server.pid, signal.SIGTERM)
            seen = b""
            while got := connection.recv(4096):
                seen += got
            assert b"the server is stopping" in seen
        wait_until(lambda: server.process.poll() is not None, "the server to leave")
