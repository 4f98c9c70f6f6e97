"""farpty ps and farpty kill: they find the running servers of their user, and nobody else finds those or disturbs them."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from kit import Server, farpty_binary, need, wait_until
from kit.processes import read_process

HANG_UP = "hung up by farpty kill"


def farpty(server: Server, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`farpty WORDS` with the environment of a server."""
    return subprocess.run([farpty_binary(), *words], env=server.environment | environment, capture_output=True, text=True,
                          timeout=60, check=False)


def listed(server: Server, **environment: str) -> list[dict]:
    done = farpty(server, "ps", "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["servers"]


def sessions(server: Server) -> list[dict]:
    return next(found for found in listed(server) if found["pid"] == server.pid)["sessions"]


def control_socket(server: Server) -> Path:
    return server.home / "run/farpty" / f"serve-{server.pid}.sock"


def read_to_end(connection: socket.socket) -> bytes:
    seen = b""
    while got := connection.recv(4096):
        seen += got
    return seen


def test_the_tree_of_a_session(serve):
    with serve("--probe-size", "no", "--", "bash", "--norc") as server:
        assert farpty(server, "ps").stdout == f"server {server.pid}, farpty 0.1.0: {server.url}\n"
        with server.connect() as connection:
            typed = b"stty rows 30 cols 100; sleep 1000 & (trap '' INT; cat | cat)\n"
            connection.sendall(typed)

            def all_run() -> bool:
                """The shell waits, and who was forked has become what it is called."""
                session = next(iter(sessions(server)), None)
                if session is None:
                    return False
                groups = session["groups"]
                commands = [[process["command"] for process in group["processes"]] for group in groups]
                foreground = {process["command"] for group in groups if group["foreground"] for process in group["processes"]}
                return foreground == {"bash", "cat"} and commands[:2] == [["bash"], ["sleep"]] \
                    and [len(group) for group in commands[2:]] == [3] and read_process(session["leader"]).state == "S"

            wait_until(all_run, "all to run", describe=lambda: sessions(server))
            (session,) = sessions(server)
            assert session["id"] == 1
            assert session["program"] == "bash"
            assert session["door"] == "raw"
            assert session["peer"] == "127.0.0.1:%d" % connection.getsockname()[1]
            assert (session["rows"], session["columns"]) == (30, 100)
            assert re.fullmatch(r"/dev/pts/\d+", session["tty"])
            assert session["in"] == len(typed) and session["out"] > 0
            (leader,) = server.sessions()
            assert session["leader"] == leader.pid
            assert [[process["command"] for process in group["processes"]] for group in session["groups"]][:2] == \
                [["bash"], ["sleep"]]

            tree = farpty(server, "ps").stdout.splitlines()
            assert re.fullmatch(rf"└─ session 1: bash, raw from {session['peer']}, {session['tty']} 100x30, age \w+, "
                                rf"idle \w+, {len(typed)} B in, .* out", tree[1])
            assert tree[2] == f"   ├─ group {leader.pid}"
            assert tree[3] == f"   │  └─ {leader.pid} S bash"
            assert re.fullmatch(r"   └─ group \d+, foreground", tree[6])
            assert farpty(server, "ps", LANG="C").stdout.isascii()


def test_kill_hangs_up_and_says_so(serve):
    with serve("--", "bash", "--norc") as server:
        with server.connect() as first, server.connect() as second:
            server.wait_log("session 2 started")
            done = farpty(server, "kill", "2")
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
            first_port, second_port = first.getsockname()[1], second.getsockname()[1]
            by_port = {f"127.0.0.1:{first_port}": first, f"127.0.0.1:{second_port}": second}
            (left,) = wait_until(lambda: (now := sessions(server)) and len(now) == 1 and now, "session 2 to be gone")
            gone = next(connection for peer, connection in by_port.items() if peer != left["peer"])
            assert HANG_UP.encode() in read_to_end(gone)
            done = farpty(server, "kill", "2", "x", f"{server.pid}.1")
            assert done.returncode == 1
            assert done.stderr.splitlines() == [
                "farpty: cannot end session 2: there is no such session (farpty ps shows what runs)",
                "farpty: cannot understand 'x': it does not name a session (write its number, or the server's and its own "
                "like 4711.3)"]
            assert HANG_UP.encode() in read_to_end(by_port[left["peer"]])


def test_of_a_killed_program_that_ignores_it_the_list_says_that_it_is_hung_up(serve):
    with serve("--hangup-grace", "1h", "--", "bash", "-c", "trap '' HUP; echo ready; while :; do sleep 0.05; done",
               may_leave=True, status=None) as server:
        with server.connect() as connection:
            assert connection.recv(100)
            assert farpty(server, "kill", "1").returncode == 0
            read_to_end(connection)
            (session,) = sessions(server)
            assert session["peer"] == ""
            assert "session 1: bash, hung up, " in farpty(server, "ps").stdout
            for process in server.sessions():
                os.kill(process.pid, signal.SIGKILL)
            server.wait_idle()


@contextlib.contextmanager
def two_servers(serve):
    with serve("--", "bash", "--norc") as one:
        with serve("--", "bash", "--norc", environment={"XDG_RUNTIME_DIR": str(one.home / "run")}) as two:
            yield one, two


def test_several_servers(serve):
    with two_servers(serve) as (one, two):
        assert [found["pid"] for found in listed(one)] == sorted([one.pid, two.pid])
        only = json.loads(farpty(one, "ps", "--json", "--server", str(two.pid)).stdout)["servers"]
        assert [found["pid"] for found in only] == [two.pid]
        with one.connect() as first, two.connect() as second:
            one.wait_log("session 1 started")
            two.wait_log("session 1 started")
            done = farpty(one, "kill", "1")
            low, high = sorted([one.pid, two.pid])
            assert done.stderr == (f"farpty: cannot end session 1: several servers have one of that number "
                                   f"(write {low}.1 or {high}.1)\n")
            assert farpty(one, "kill", f"{two.pid}.1").returncode == 0
            assert HANG_UP.encode() in read_to_end(second)
            wait_until(lambda: not sessions(two), "the session to be gone")
            assert farpty(one, "kill", "--server", str(one.pid), "1").returncode == 0
            assert HANG_UP.encode() in read_to_end(first)
        done = farpty(one, "ps", "--server", "1")
        assert (done.returncode, done.stderr) == (1, "farpty: there is no server 1 of yours\n")


def test_a_killed_server_is_not_listed_and_its_socket_goes(serve):
    with two_servers(serve) as (one, two):
        process = subprocess.Popen([farpty_binary(), "serve", "--listen", "raw://127.0.0.1:0"], env=one.environment,
                                   stderr=subprocess.PIPE, text=True)
        third = one.home / "run/farpty" / f"serve-{process.pid}.sock"
        wait_until(third.exists, "the third server to be there")
        process.kill()
        process.communicate()
        assert third.exists()
        assert [found["pid"] for found in listed(one)] == sorted([one.pid, two.pid])
        assert not third.exists()


def test_the_socket_is_private_and_goes_with_its_server(serve):
    with serve() as server:
        path = control_socket(server)
        assert path.stat().st_mode & 0o7777 == 0o600
        assert path.parent.stat().st_mode & 0o7777 == 0o700
        assert [entry.name for entry in path.parent.iterdir()] == [path.name]
        server.stop()
        assert not path.exists()


def test_without_xdg_runtime_dir_it_is_below_the_home(serve):
    with serve(environment={"XDG_RUNTIME_DIR": ""}) as server:
        assert (server.home / ".local/state/farpty/run" / f"serve-{server.pid}.sock").is_socket()
        # Who has the variable finds a server that has not.
        runtime = server.home / "run"
        assert [found["pid"] for found in listed(server, XDG_RUNTIME_DIR=str(runtime))] == [server.pid]


def test_a_directory_that_is_open_to_others_is_not_used(serve, tmp_path):
    (tmp_path / "farpty").mkdir(mode=0o755)
    (tmp_path / "farpty").chmod(0o755)
    with serve(environment={"XDG_RUNTIME_DIR": str(tmp_path)}) as server:
        server.wait_log(r"farpty ps and farpty kill will not find this server: cannot use directory \S+/farpty: it is open to "
                        r"other users \(chmod 700 \S+\)")
        with server.connect():
            server.wait_log("session 1 started")
        done = farpty(server, "ps")
        assert done.returncode == 1
        assert "it is open to other users" in done.stderr


def test_a_directory_that_cannot_be_made_does_not_stop_the_server(serve, tmp_path):
    (tmp_path / "farpty").write_text("a file")
    with serve(environment={"XDG_RUNTIME_DIR": str(tmp_path)}) as server:
        server.wait_log("farpty kill will not find this server: cannot use directory")


def test_nobody_else_is_heard(serve):
    need(os.geteuid() == 0, "root, to be another user")
    with serve() as server:
        path = control_socket(server)
        for folder in [server.home, *path.parents[:2]]:
            folder.chmod(0o755)
        path.chmod(0o666)
        script = ("import socket, sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                  "try:\n  s.sendall(b'{\"request\":\"list\"}\\n')\n  print(s.recv(100))\n"
                  "except (BrokenPipeError, ConnectionResetError):\n  print(b'')\n")
        done = subprocess.run(["/usr/bin/python3", "-c", script, str(path)], user=65534, group=65534, extra_groups=[],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == "b''\n", done.stderr
        server.wait_log("a control connection was refused: .*the other end is user 65534")
        path.parent.chmod(0o700)
        assert listed(server)


@pytest.fixture
def asked(serve):
    """A server and a function that opens connections to its control socket."""
    with serve() as server, contextlib.ExitStack() as opened:
        def ask() -> socket.socket:
            connection = opened.enter_context(socket.socket(socket.AF_UNIX))
            connection.settimeout(60)
            connection.connect(str(control_socket(server)))
            return connection
        yield server, ask


def answer(connection: socket.socket) -> dict:
    """The next line; not a byte more is taken, for several answers may have come together."""
    line = b""
    while not line.endswith(b"\n"):
        got = connection.recv(1)
        assert got, line
        line += got
    return json.loads(line)


def test_nonsense_costs_its_own_connection_at_most(asked):
    server, ask = asked
    connection = ask()
    for line in (b"\n", b"{}\n", b"\xff\xfe\n", b"[" * 4000 + b"\n", b'{"request":"kill","session":-1}\n', b'{"request":7}\n'):
        connection.sendall(line)
        assert "cannot understand the request" in answer(connection)["error"]
    connection.sendall(b'{"request":"kill","session":9}\n{"request":"list"}\n')
    assert answer(connection) == {"error": "there is no session 9"}
    assert answer(connection)["server"]["pid"] == server.pid

    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(b"x" * 100_000)
    with contextlib.suppress(ConnectionResetError):
        assert b"too long" in connection.recv(4096)
        assert not connection.recv(4096)
    assert listed(server)


def test_who_asks_and_says_nothing_takes_no_ones_place_for_long(asked):
    server, ask = asked
    silent = [ask() for _ in range(40)]
    server.wait_log("a control connection was refused: 16 are being served")
    for connection in silent:
        connection.close()
    wait_until(lambda: farpty(server, "ps").returncode == 0, "ps to be answered again")


def test_a_peer_that_does_not_read_its_answers_is_not_read(asked):
    server, ask = asked
    connection = ask()
    connection.setblocking(False)
    sent = 0
    with contextlib.suppress(BlockingIOError):
        for _ in range(1_000_000):
            sent += connection.send(b'{"request":"list"}\n' * 200)
    assert sent < 10_000_000
    assert listed(server)
