"""Limits for public applications: places, places for each source, idle time, duration, resources. The sandbox has its own file."""

import re
import signal

from kit import RawPeer, processes, serve, wait_until


def test_a_full_server_says_so_in_one_line_and_closes():
    with serve("--limit-sessions", "2", "--", "cat") as server, RawPeer(server) as one, RawPeer(server) as two:
        one.send(b"a\n")
        one.expect("a\r\na")
        two.send(b"b\n")
        two.expect("b\r\nb")
        with RawPeer(server) as third:
            assert re.fullmatch(rb"farpty: .*\r\n", third.expect_end())
        one.close()
        server.wait_log(r"session 1 (ended|hung up)")
        wait_until(lambda: len(processes.children(server.pid)) == 1, "the first session's program to be reaped")
        with RawPeer(server) as third:
            third.send(b"c\n")
            third.expect("c\r\nc")


def test_places_for_each_source():
    with serve("--limit-per-source", "1", "--", "cat", listen=["raw://127.0.0.1:0", "raw://[::1]:0"]) as server:
        with RawPeer(server) as one:
            one.send(b"a\n")
            one.expect("a\r\na")
            with RawPeer(server) as second:
                assert re.fullmatch(rb"farpty: .*\r\n", second.expect_end())
            host, port = server.urls[1].removeprefix("raw://").rsplit(":", 1)
            with RawPeer((host.strip("[]"), int(port))) as elsewhere:
                elsewhere.send(b"b\n")
                elsewhere.expect("b\r\nb")


def test_idle_timeout_tells_and_hangs_up():
    with serve("--idle-timeout", "1s", "--", "cat") as server, RawPeer(server) as peer:
        peer.send(b"a\n")
        assert re.search(rb"farpty: .*\r\n$", peer.expect_end())
        server.wait_idle()


def test_max_duration_tells_and_hangs_up():
    with serve("--max-duration", "1s", "--", "yes") as server, RawPeer(server) as peer:
        assert re.search(rb"farpty: .*\r\n$", peer.expect_end())
        server.wait_idle()


def test_rlimits_hold_in_the_program():
    script = "ulimit -t; ulimit -v; ulimit -u"
    with serve("--rlimit", "cpu=7,mem=64m,nproc=99", "--", "sh", "-c", script.replace("ulimit -u", "bash -c 'ulimit -u'")) as server:
        with RawPeer(server) as peer:
            assert peer.expect_end().split() == [b"7", b"65536", b"99"]


def test_cpu_limit_ends_the_program():
    with serve("--rlimit", "cpu=1", "--", "sh", "-c", "while :; do :; done") as server, RawPeer(server) as peer:
        peer.expect_end()
        server.wait_log(rf"ended: .*(signal ({int(signal.SIGXCPU)}|{int(signal.SIGKILL)})|XCPU|KILL|CPU|[Kk]illed)")
