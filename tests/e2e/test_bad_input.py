"""Bad input and faults: each ends in a clear message or a closed connection, with nothing else disturbed."""

import contextlib
import os
import random
import re
import resource
import selectors
import socket
import subprocess
import time

import pytest
from kit import RawPeer, need, serve, wait_until
from kit.processes import memory_kib, open_fds
from kit.server import Server, farpty_binary

BASH = ("--", "bash", "--norc", "--noprofile", "-i")


def still_serves(server: Server) -> None:
    """A new session works from start to end."""
    with RawPeer(server) as peer:
        peer.send(b"echo still se''rving; exit\n")
        assert b"still serving" in peer.expect_end()


@contextlib.contextmanager
def bystander(server: Server):
    """A session that was there before the fault, and must work after it as before."""
    with RawPeer(server) as peer:
        peer.send(b"secret=42; echo be''fore\n")
        peer.expect("before")
        yield
        peer.send(b"echo after $secret; exit\n")
        peer.expect("after 42")
        peer.expect_end()


@pytest.mark.parametrize("scheme", ["raw", "telnet"])
def test_random_bytes(scheme):
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    print(f"FARPTY_SEED={seed}")
    chance = random.Random(seed)
    with serve("--probe-size", "yes", "--", "cat", listen=[f"{scheme}://127.0.0.1:0"]) as server:
        for _ in range(100):
            with RawPeer(server.address(scheme)) as peer, contextlib.suppress(OSError):
                for _ in range(chance.randrange(1, 5)):
                    peer.send(chance.randbytes(chance.randrange(1, 2000)))
                    peer.pump()
                if chance.random() < 0.3:
                    peer.vanish()
        with RawPeer(server.address(scheme)) as peer:
            peer.send(b"fine\r\n")
            peer.expect("fine\r\n.*fine")
        wait_until(lambda: len(server.sessions()) == 0, "all sessions to end", describe=lambda: server.log[-2000:])


def test_half_open_and_slow_loris_peers():
    """Peers that say nothing, or a byte now and then, cost a session each and nobody else anything."""
    with serve(*BASH) as server, bystander(server):
        idle = [RawPeer(server) for _ in range(50)]
        for peer in idle[::2]:
            peer.send(b"e")
        still_serves(server)
        for peer in idle:
            peer.close()


def test_ten_thousand_connections_in_a_burst():
    with serve("--limit-sessions", "20", *BASH) as server, bystander(server):
        before = len(open_fds(server.pid))
        burst(server, 10_000)
        wait_until(lambda: len(server.sessions()) <= 1, "the burst's sessions to end", within=120)
        wait_until(lambda: len(open_fds(server.pid)) <= before, "the burst's descriptors to be closed",
                   describe=lambda: open_fds(server.pid))
        still_serves(server)


def burst(server: Server, count: int, together: int = 500) -> None:
    """Opens `count` connections, `together` of them at a time, and drops each as soon as it stands."""
    address = server.address()
    with selectors.DefaultSelector() as waiting:
        opened = done = 0
        while done < count:
            while opened < count and opened - done < together:
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(address)
                waiting.register(one, selectors.EVENT_WRITE)
                opened += 1
            for key, _ in waiting.select(30):
                waiting.unregister(key.fileobj)
                key.fileobj.close()
                done += 1


def test_a_peer_that_never_reads_costs_bounded_memory():
    """The program blocks; the server does not hold what it writes."""
    script = "i=0; while [ $i -lt 2000 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > progress; done"
    with serve("--", "sh", "-c", script) as server, bystander_free(server):
        with RawPeer(server) as peer:
            peer.expect("\0")
            base = memory_kib(server.pid)
            progress = server.home / "progress"
            wait_until(progress.exists, "the program to write")
            last = ""

            def blocked() -> bool:
                nonlocal last
                before, last = last, progress.read_text()
                time.sleep(0.2)  # the program's pace is what is looked at
                return before == last != ""

            wait_until(blocked, "the program to block")
            assert int(last or 0) < 2000, "the program was never pushed back"
            assert memory_kib(server.pid) < base + 4096
        server.wait_idle()


@contextlib.contextmanager
def bystander_free(server: Server):
    """Where the program is no shell: nothing to look at but the server itself."""
    yield
    assert server.process.poll() is None


def test_a_program_that_never_reads_pushes_back_on_its_peer():
    with serve("--", "sh", "-c", "stty raw -echo; echo ready; exec sleep 1000") as server, RawPeer(server) as peer:
        peer.expect("ready")
        base = memory_kib(server.pid)
        peer.socket.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 64 << 20:
                sent += peer.socket.send(b"x" * 65536)
        assert sent < 64 << 20, "the peer was never pushed back"
        assert memory_kib(server.pid) < base + 4096


def test_fd_exhaustion_is_told_and_survived():
    with serve(*BASH, prefix=["prlimit", "--nofile=40"]) as server:
        before = len(open_fds(server.pid))
        peers = [RawPeer(server) for _ in range(60)]
        refused = wait_until(lambda: refusal_of(peers), "a refusal")
        assert re.search(rb"farpty: .*(descriptor|too many open files|full)", refused), refused
        server.wait_log("descriptor|too many open files")
        # Nobody who still waits at the door may come in between.
        wait_until(lambda: all(peer.pump(0) or peer.received or peer.ended for peer in peers), "everybody to be served or refused")
        for peer in peers:
            peer.close()
        server.wait_idle()
        wait_until(lambda: len(open_fds(server.pid)) <= before, "the descriptors to be free")
        still_serves(server)


def refusal_of(peers: list[RawPeer]) -> bytes | None:
    """What one of them got who was turned away."""
    for peer in peers:
        while peer.pump(0):
            pass
    return next((peer.received for peer in peers if re.search(rb"farpty: .*\n", peer.received)), None)


def test_fork_failure_is_told_and_survived():
    """RLIMIT_NPROC counts an ordinary user's processes."""
    need(os.getuid() == 0, "root, to be a user of its own")
    uid = 63_333  # of no one, so that the limit counts this server's processes only
    with serve("--any-local-user", *BASH, uid=uid, prefix=["prlimit", "--nproc=3"]) as server:
        peers = [RawPeer(server) for _ in range(6)]
        refused = wait_until(lambda: refusal_of(peers), "a refusal", describe=lambda: (server.log, [peer.received for peer in peers]))
        assert re.search(rb"farpty: cannot .*(process|run|fork).*: (resource temporarily unavailable|.*limit)", refused), refused
        for peer in peers:
            peer.close()
        server.wait_idle()  # a process that nobody has waited for counts, too
        still_serves(server)


def run_serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([farpty_binary(), "serve", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)


def test_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"raw://127.0.0.1:{taken.getsockname()[1]}"
        done = run_serve("--listen", url, "--", "true")
        assert done.returncode != 0
        assert re.search(rf"cannot listen on {re.escape(url)}: address (already )?in use", done.stderr), done.stderr


@pytest.mark.parametrize("url", ["", "raw", "raw:", "raw://", "raw://127.0.0.1:99999", "raw://127.0.0.1:x", "raw://[::1:7",
                                 "gopher://127.0.0.1:0", "raw+unix://", "raw+unix://relative", "raw://127.0.0.1:0/path",
                                 "raw://no.such.host.invalid:0", "raw://user@127.0.0.1:0", "raw://127.0.0.1:-1",
                                 "raw://127.0.0.1:0\n", "raw+unix:///" + "x" * 200])
def test_malformed_urls_are_told(url):
    done = run_serve("--listen", url, "--", "true")
    assert done.returncode not in (0, -6, -11), done
    assert "farpty" in done.stderr and len(done.stderr.strip().splitlines()) <= 3, done.stderr
    client = subprocess.run([farpty_binary(), "connect", url], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=60, check=False)
    assert client.returncode not in (0, -6, -11) and "farpty" in client.stderr, client


@pytest.mark.parametrize("arguments", [("--no-such-flag",), ("--limit-sessions", "many"), ("--idle-timeout", "soon"),
                                       ("--listen",), ("--rlimit", "cpu"), ("--rlimit", "speed=3")])
def test_malformed_flags_are_told(arguments):
    done = run_serve(*arguments)
    assert done.returncode not in (0, -6, -11), done
    assert arguments[0] in done.stderr, done.stderr


def test_unknown_subcommand_is_told():
    done = subprocess.run([farpty_binary(), "dance"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode not in (0, -6, -11) and "dance" in done.stderr


def test_no_file_descriptor_reaches_the_program_even_when_many_are_open():
    keep = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    try:
        inherit = {"preexec": lambda: [os.set_inheritable(fd, True) for fd in keep]}
        with serve("--", "sh", "-c", "ls /proc/self/fd", **inherit) as server, RawPeer(server) as peer:
            assert peer.expect_end().split() == [b"0", b"1", b"2", b"3"]
    finally:
        for fd in keep:
            os.close(fd)


def test_soft_limit_of_descriptors_of_the_program_is_its_users():
    """A server may raise its own limit; programs that use select(2) must not inherit that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with serve("--", "sh", "-c", "ulimit -Sn") as server, RawPeer(server) as peer:
        assert int(peer.expect_end()) == soft, (soft, hard)
