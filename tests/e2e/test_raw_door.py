"""The raw door, spoken to by netcat: bytes only, the program at once, and a half-close that loses nothing."""

import hashlib
import re
import subprocess

import pytest
from kit import RawPeer, netcat_on_a_terminal, pipe_to_netcat, serve, wait_until
from kit.peers import netcat

BASH = ("--", "bash", "--norc", "--noprofile", "-i")
HI = rb"[\r\n]hi\r\n"  # readline ends its line with bracketed paste off and a return


def test_a_person_logs_in_with_netcat():
    """`stty raw -echo && nc HOST PORT; stty sane`"""
    with serve(*BASH) as server, netcat_on_a_terminal(server) as screen:
        screen.wait_for("$ ")
        screen.line("echo one tw''o; tty; stty size")
        screen.wait_for("one two")
        screen.wait_for(re.compile(r"/dev/pts/\d+\s+24 80"))
        screen.line("sleep 1000")
        wait_until(lambda: any(process.name == "sleep" for process in server.descendants()), "sleep to run")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$"))
        screen.line("exit")
        screen.wait_for("back with 0")
        assert screen.wait_exit() == 0


def test_the_program_starts_at_once_at_80x24():
    """Not a byte from the peer is needed."""
    with serve("--", "sh", "-c", "stty size; tty") as server, RawPeer(server) as peer:
        assert re.fullmatch(rb"24 80\r\n/dev/pts/\d+\r\n", peer.expect_end())


def test_bytes_pass_unchanged_both_ways():
    program = "import sys, termios, tty; tty.setraw(0); print('ready', end='', flush=True); " \
              "data = sys.stdin.buffer.read(256); sys.stdout.buffer.write(data); sys.stdout.flush()"
    with serve("--", "/usr/bin/python3", "-c", program) as server, RawPeer(server) as peer:
        peer.expect("ready")
        peer.send(bytes(range(256)))
        assert peer.expect_end() == b"ready" + bytes(range(256))


def test_half_close_delivers_the_output_whole():
    """`printf 'echo hi\\nexit\\n' | nc -N`"""
    with serve(*BASH) as server:
        shown = pipe_to_netcat(server, b"echo h''i\nexit\n")
        assert re.search(HI, shown)
        server.wait_idle()


def test_half_close_without_exit_a_hundred_times():
    """`printf 'echo hi\\n' | nc -N`, 100 runs: end-of-file reaches readline in whatever mode it reads."""
    with serve(*BASH) as server:
        for run in range(100):
            assert re.search(HI, pipe_to_netcat(server, b"echo h''i\n")), f"run {run}"
        server.wait_idle()


def test_half_close_after_a_partial_line():
    with serve("--", "cat") as server:
        assert pipe_to_netcat(server, b"whole\npartial").endswith(b"partial")


def test_half_close_after_200_kb_to_a_shell():
    command = b"echo 0123456789012345678901234567890123456789 > /dev/null\n"
    many = command * (200_000 // len(command))
    with serve(*BASH) as server:
        assert b"\rlast words\r\n" in pipe_to_netcat(server, many + b"echo last' 'words\n")
        server.wait_idle()


def test_half_close_after_200_kb_to_a_program_in_canonical_mode():
    lines = b"".join(b"%d %s\n" % (number, b"x" * 100) for number in range(1900))
    with serve("--", "sh", "-c", "stty -echo; echo ready; sha256sum") as server, RawPeer(server) as peer:
        peer.expect("ready")
        peer.send(lines)
        peer.half_close()
        assert hashlib.sha256(lines).hexdigest().encode() in peer.expect_end()


def test_half_close_reaches_a_program_that_reads_again_and_again():
    """End-of-file on a terminal is no state but an event: it comes as often as the program asks."""
    with serve("--", "sh", "-c", "cat; cat; cat; echo all' 'done") as server:
        assert b"all done" in pipe_to_netcat(server, b"text\n")


def test_half_close_of_a_long_output():
    """The output after the end of input is not cut by it."""
    with serve("--", "sh", "-c", "cat; seq 1 100000") as server:
        shown = pipe_to_netcat(server, b"")
        assert shown.endswith(b"\r\n100000\r\n") and shown.count(b"\n") >= 100000


@pytest.mark.parametrize("url", ["raw://[::1]:0", "raw://127.0.0.1:0", "raw://localhost:0"])
def test_address_families(url):
    with serve("--", "echo", "hello", listen=[url]) as server, RawPeer(server) as peer:
        assert peer.expect_end() == b"hello\r\n"


def test_several_doors_at_once():
    with serve("--", "echo", "hello", listen=["raw://127.0.0.1:0", "raw://127.0.0.1:0", "raw://[::1]:0"]) as server:
        assert len(set(server.urls)) == 3
        for url in server.urls:
            host, port = url.removeprefix("raw://").rsplit(":", 1)
            with RawPeer((host.strip("[]"), int(port))) as peer:
                assert peer.expect_end() == b"hello\r\n"


def test_default_program_is_the_login_shell_of_the_user():
    with serve() as server, RawPeer(server) as peer:
        peer.send(b"echo $0; shopt -q login_shell && echo log''in\n")
        peer.expect("login")
        peer.send(b"exit\n")
        peer.expect_end()


def test_no_tty_gives_pipes():
    """`--no-tty`, the toy's other server."""
    with serve("--no-tty", "--", "sh", "-c", "test -t 0 || echo no terminal; cat") as server:
        assert pipe_to_netcat(server, b"a\nb\n") == b"no terminal\na\nb\n"


def test_two_sessions_do_not_see_each_other():
    with serve(*BASH) as server, RawPeer(server) as one, RawPeer(server) as two:
        one.send(b"name=one; echo I am $name; tty\n")
        two.send(b"name=two; echo I am $name; tty\n")
        tty_one = one.expect(r"I am one\r\n(/dev/pts/\d+)")[1]
        tty_two = two.expect(r"I am two\r\n(/dev/pts/\d+)")[1]
        assert tty_one != tty_two
        assert b"I am two" not in one.received


def test_children_start_clean():
    """All signals and descriptors are clean in the child, and the terminal is its controlling one."""
    script = "ls /proc/self/fd | tr '\\n' ' '; grep -E 'Sig(Blk|Ign)' /proc/self/status; echo > /dev/tty; stty -a | grep -o '.iutf8'"
    with serve("--", "sh", "-c", script, preexec=lambda: __import__("signal").signal(2, 1)) as server, RawPeer(server) as peer:
        shown = peer.expect_end().decode()
    assert re.match(r"0 1 2 3 \s*SigBlk:\s0+\s+SigIgn:\s0+\s", shown), shown
    assert " iutf8" in shown


def test_netcat_that_only_listens_sees_the_end():
    """A peer that never sends: the connection closes when the program ends."""
    with serve("--", "sh", "-c", "echo bye") as server:
        host, port = server.address()
        done = subprocess.run([netcat(), "-d", host, str(port)], capture_output=True, timeout=60, check=True)
        assert done.stdout == b"bye\r\n"
