"""A program for the whole internet: --sandbox end to end, as the user that such a server would be.

What the sandbox holds back, system call by system call, is the unit test's (src/pty/sandbox_test.cpp); here real programs
come through real doors. Limits of places, time and resources: test_limits.py.
"""

import os
import pwd
import re
import signal
import socket
from pathlib import Path

import pytest
from kit import RawPeer, Server, netcat_on_a_terminal, need_program, serve, wait_until

USER = 1000 if os.geteuid() == 0 else os.geteuid()
GAMES = {"PATH": "/usr/bin:/bin:/usr/games"}
PUBLIC = ("--insecure-public", "--sandbox")


@pytest.fixture(autouse=True)
def landlock():
    # 444: landlock_create_ruleset with flag 1 tells the ABI; only a kernel without it may skip this file.
    import ctypes

    from kit import need
    need(ctypes.CDLL(None).syscall(444, None, 0, 1) > 0, "a kernel with Landlock")


def public(*arguments: str, **how):
    """`farpty serve` with a sandbox, never as root."""
    identity = {"uid": USER} if os.geteuid() == 0 else {}
    return serve(*PUBLIC, *arguments, **identity, **how)


def private_directories(server: Server) -> list[Path]:
    return sorted((server.home / "run/farpty/sandbox").iterdir())


def test_bastet_for_everyone():
    bastet = Path(need_program("bastet"))
    limits = ["--limit-sessions", "2", "--limit-per-source", "1", "--idle-timeout", "10m", "--max-duration", "1h"]
    with public(*limits, "--rlimit", "cpu=60,mem=256M,nproc=4000,nofile=64,fsize=1M,core=0", "--", "bastet",
                environment={"PATH": f"/usr/bin:/bin:{bastet.parent}"}) as server:
        server.wait_log("--insecure-public: everyone")
        server.wait_log("sandbox: files by Landlock")
        with netcat_on_a_terminal(server) as screen:
            screen.wait_for("Play! (normal version)")
            with RawPeer(server) as second:
                assert re.fullmatch(rb"farpty: full: .*\r\n", second.expect_end())
            screen.key("Enter")
            screen.wait_for(lambda seen: "Play!" not in seen.text and "Score:" in seen.text)

            def fallen_cells(seen) -> int:
                """Coloured cells in the lower half of the well, where only a move can have brought a block."""
                return sum(seen.emulator.buffer[line][column].bg != "default"
                           for line in range(12, 22) for column in range(29, 50))

            # A dropped block lies at the bottom: the keys arrive, and what they do is shown.
            wait_until(lambda: screen.key("Space") or screen.wait_still(0.05) and fallen_cells(screen) >= 4,
                       "a block to lie at the bottom", describe=lambda: screen.text)
            assert len(private_directories(server)) == 1
        server.wait_idle()
        wait_until(lambda: not private_directories(server), "the private directories to be removed")


def test_a_stranger_in_a_shell_finds_nothing_and_reaches_nobody():
    secret_variable = {"FARPTY_API_TOKEN": "t0ken", "SSH_AUTH_SOCK": "/run/agent", "HISTFILE": "/x"}
    with public("--", "bash", "--norc", environment=secret_variable) as server, RawPeer(server) as peer:
        (server.home / "diary").write_text("dear diary")
        os.chmod(server.home / "diary", 0o644)
        attempts = {
            f"cat {server.home}/diary": "Permission denied",
            f"ls {server.home}": "Permission denied",
            f"chmod 777 {server.home}": "Operation not permitted",
            f"echo x > {server.home}/new": "Permission denied",
            "cat /etc/shadow": "Permission denied",
            "ls /proc /tmp /root": "cannot open directory '/tmp'",
            f"kill -9 {server.pid}": "Operation not permitted",
            "echo > /dev/tcp/127.0.0.1/1": "Permission denied",
            "sudo -n true || echo no'thing'": "nothing",
            "setsid -f sleep 1000": "Operation not permitted",
            "unshare -Ur id": "Operation not permitted",
            "env | grep -cE 'TOKEN|AGENT|MARK'": r"[\r\n]0\r",
            "pwd; echo $HOME | grep -o '/home$'": "/home\r",
            "echo note > ~/x; cat ~/x": r"[\r\n]note\r",
        }
        for command, answer in attempts.items():
            peer.received = b""
            peer.line(command)
            peer.expect(answer)
        peer.line("exit")
        peer.expect_end()
        assert not (server.home / "new").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="reaches its own user's loopback either way")
def test_no_listener_of_this_machine_is_reached():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        script = f"import socket; socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))"
        with public("--", "python3", "-c", script) as server, RawPeer(server) as peer:
            assert b"PermissionError" in peer.expect_end()
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("more", [(), ("--kill-all",)], ids=["", "kept"])
def test_nothing_of_a_stranger_outlives_the_session(more):
    stay = "trap '' HUP; (sleep 1000 & sleep 1000 & wait) & disown; nohup sleep 1000 & touch $HOME/f; echo rea''dy"
    with public(*more, "--", "bash", "--norc") as server:
        for leave in ("exit", "vanish"):
            with RawPeer(server) as peer:
                peer.line(stay)
                peer.expect("ready\r\n")
                assert len(private_directories(server)) == 1
                if leave == "exit":
                    peer.line("exit")
                    peer.expect_end()
                else:
                    peer.vanish()
            server.wait_idle()
            wait_until(lambda: not private_directories(server), "the private directories to be removed")


def test_sessions_do_not_see_each_other():
    with public("--", "bash", "--norc") as server, RawPeer(server) as one, RawPeer(server) as two:
        one.line("echo mine > ~/x; echo pid=$$, ho''me=$HOME")
        found = one.expect(rb"pid=(\d+), home=(\S+)\r\n")
        process, home = found[1].decode(), found[2].decode()
        two.line(f"cat {home}/x; ls {home}; kill {process}; echo do''ne")
        two.expect("done")
        assert two.received.count(b"Permission denied") == 2
        assert two.received.count(b"Operation not permitted") == 1


def test_pipes_are_sandboxed_too():
    with public("--no-tty", "--", "sh", "-c", "cat /etc/shadow; cat > $HOME/x; wc -c < $HOME/x") as server:
        with RawPeer(server) as peer:
            peer.send(b"12345")
            peer.half_close()
            got = peer.expect_end()
    assert b"Permission denied" in got
    assert got.endswith(b"5\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root to be refused")
def test_root_is_refused():
    with pytest.raises(AssertionError, match="cannot start with --sandbox: the server runs as root"):
        with serve("--sandbox", "--", "true"):
            pass


def test_a_killed_servers_leavings_are_removed_by_the_next():
    with public("--", "bash", "--norc", status=None, may_leave=True) as first:
        with RawPeer(first) as peer:
            peer.line("touch ~/f; echo rea''dy")
            peer.expect("ready\r\n")
            first.stop(signal.SIGKILL)
        assert len(private_directories(first)) == 1
        with public("--", "true", environment={"XDG_RUNTIME_DIR": str(first.home / "run")}):
            wait_until(lambda: not private_directories(first), "the leavings to be removed")


def test_a_limit_above_the_servers_own_is_refused_at_start():
    with pytest.raises(AssertionError, match=r"--rlimit nofile=50: the server's own hard limit of nofile is 40"):
        with serve("--rlimit", "nofile=50", "--", "true", prefix=["prlimit", "--nofile=40"]):
            pass


def test_the_environments_user_is_the_servers():
    with public("--", "id", "-un") as server, RawPeer(server) as peer:
        assert peer.expect_end() == pwd.getpwuid(USER).pw_name.encode() + b"\r\n"
