"""`serve` on a stand-in for farpty: it sees start, log, end and whatever is left behind."""

import socket
import stat
import textwrap

import pytest
from kit import processes, serve, wait_until
from kit.server import MARK


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Makes an executable of Python lines the binary under test; they run once the port listens, then SIGTERM ends it."""

    def install(body: str) -> None:
        path = tmp_path / "farpty"
        path.write_text("#!/usr/bin/python3\n" + textwrap.dedent("""
            import os, signal, socket, subprocess, sys
            listener = socket.create_server(("127.0.0.1", 0))
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            print(f"farpty: listening on raw://127.0.0.1:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
            """) + textwrap.dedent(body) + "\nwhile True: signal.pause()\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("FARPTY_BINARY", str(path))

    return install


def test_a_good_server_passes(stand_in):
    stand_in("print('started', *sys.argv[1:], file=sys.stderr, flush=True)")
    with serve("--", "cat") as server:
        server.wait_log(r"started serve --listen raw://127\.0\.0\.1:0 -- cat")
        socket.create_connection(server.address()).close()
    assert not processes.is_alive(server.pid)


def test_a_left_child_fails_the_test_and_is_killed(stand_in, monkeypatch):
    monkeypatch.setattr("kit.server.SETTLE", 0.1)
    stand_in("subprocess.Popen(['setsid', '-f', 'sleep', '1000'])")
    with pytest.raises(AssertionError, match="left .*sleep"), serve() as server:
        wait_until(lambda: any(process.name == "sleep" for process in server.descendants()), "the child")
    assert not processes.with_environment(MARK, server.mark)


def test_a_wrong_exit_status_fails_the_test(stand_in):
    stand_in("signal.signal(signal.SIGTERM, lambda *_: os._exit(3))\nprint('ready', file=sys.stderr, flush=True)")
    with pytest.raises(AssertionError, match="status 3"), serve() as server:
        server.wait_log("ready")


def test_a_server_that_does_not_start_shows_its_log(stand_in):
    stand_in("")
    with pytest.raises(AssertionError, match="ended with status 1 at start"), serve(prefix=["/bin/false"]):
        pass
