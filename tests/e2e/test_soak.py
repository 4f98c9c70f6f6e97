"""Sessions opened and closed by the hundred: descriptors, processes and memory before and after are counted.

1,000 under asan, fewer elsewhere; FARPTY_SOAK sets how many. All ways to end are mixed, from a printed seed.
"""

import contextlib
import os
import random

import pytest
from kit import RawPeer, serve, wait_until
from kit.processes import memory_kib, open_fds, threads, zombies

ASAN = "asan" in os.environ.get("FARPTY_BINARY", "")
SESSIONS = 1000 if ASAN else 200
AT_ONCE = 20
QUARANTINE = 4  # MB


def one_session(peer: RawPeer, how: str) -> None:
    peer.send(b"echo o''pen\n")
    peer.expect("open")
    if how == "exit":
        peer.send(b"exit\n")
        peer.expect_end()
    elif how == "half-close":
        peer.half_close()
        peer.expect_end()
    elif how == "flood":
        peer.send(b"yes | head -c 300000\n")
        peer.expect("y\r\ny")
        peer.vanish()
    elif how == "vanish":
        peer.vanish()


@pytest.mark.soak
def test_sessions_leak_nothing():
    count = int(os.environ.get("FARPTY_SOAK", SESSIONS))
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    print(f"FARPTY_SOAK={count} FARPTY_SEED={seed}")
    chance = random.Random(seed)
    # What was freed is kept in quarantine under asan, 256 MB of it by default: not what is counted here.
    asan = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + f":quarantine_size_mb={QUARANTINE}"}
    with serve("--hangup-grace", "1s", "--", "bash", "--norc", "--noprofile", "-i", environment=asan) as server:

        def batch(size: int) -> None:
            with contextlib.ExitStack() as opened:
                peers = [opened.enter_context(RawPeer(server)) for _ in range(size)]
                for peer in peers:
                    one_session(peer, chance.choice(["exit", "half-close", "close", "vanish", "flood"]))
            server.wait_idle()

        for _ in range(3):
            batch(AT_ONCE)  # what is allocated once is allocated now
        fds, memory, thread_count = len(open_fds(server.pid)), memory_kib(server.pid), threads(server.pid)
        for _ in range(count // AT_ONCE):
            batch(AT_ONCE)
        assert not zombies(server.pid)
        wait_until(lambda: len(open_fds(server.pid)) <= fds, "descriptors to be as before", describe=lambda: open_fds(server.pid))
        assert threads(server.pid) <= thread_count
        grown = memory_kib(server.pid) - memory
        print(f"{count} sessions: {grown} KiB more, {len(open_fds(server.pid))} descriptors, before {fds}")
        allowed = 1024 + (2 * QUARANTINE * 1024 if ASAN else 0)
        assert grown < allowed, f"{count} sessions made the server {grown} KiB larger"
