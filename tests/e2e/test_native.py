"""The native door: who may come in, and what runs there."""

import contextlib
import re
import signal
import subprocess

import pytest

from kit import Screen, wait_until
from kit.native import authorize, config_folder, execute, farpty, make_key, native_server, target
from kit.server import farpty_binary
from kit.wait import GENEROUS


def test_streams_are_apart_and_clean_and_the_status_comes_back():
    every_byte = bytes(range(256)) * 400
    with native_server() as server:
        done = execute(server, "sh", "-c", "cat; printf 'to \\0 stderr' >&2; exit 7", stdin=every_byte)
        assert (done.returncode, done.stdout) == (7, every_byte)
        assert b"to \0 stderr" in done.stderr


def test_a_signal_is_128_and_its_number():
    with native_server() as server:
        assert execute(server, "sh", "-c", "kill -9 $$").returncode == 137


def test_a_program_that_is_not_there_is_named():
    with native_server() as server:
        done = execute(server, "no-such-program")
        assert done.returncode == 255
        assert b"cannot run no-such-program: no such file or directory" in done.stderr


def test_three_million_bytes_each_way():
    blob = bytes(i * 7 & 0xFF for i in range(3_000_000))
    with native_server() as server:
        assert execute(server, "cat", stdin=blob).stdout == blob


def test_more_than_a_connection_may_hold_back_goes_through_by_one_connection():
    """16 MiB may be under way to a program on pipes, and 4 MiB wait unsent before a connection counts as stuck."""
    blob = bytes(range(256)) * (40 << 12)
    with native_server() as server:
        done = execute(server, "cat", stdin=blob, flags=("-v",))
        assert done.stdout == blob and b"the connection broke" not in done.stderr, done.stderr


@contextlib.contextmanager
def running(server, *command, stdin=subprocess.DEVNULL):
    """`farpty exec` whose program has said its first line."""
    with subprocess.Popen([farpty_binary(), "exec", "--accept-new", target(server), "--", *command], env=server.environment,
                          stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        yield process


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_program_without_a_terminal_ends_with_its_client(sign):
    """Nobody could come back to it: the secret of its seat ends with the client."""
    with native_server() as server:
        with running(server, "sh", "-c", "echo up; exec sleep 100000") as process:
            process.send_signal(sign)
            assert process.wait(GENEROUS) == 128 + sign
        server.wait_log(r"session \d+ hung up: its peer is gone")
        server.wait_log(r"session \d+ ended: ")


def test_a_program_whose_output_nobody_reads_any_more_ends():
    with native_server() as server:
        with running(server, "sh", "-c", "echo up; exec yes") as process:
            process.stdout.close()
            assert process.wait(GENEROUS) == 128 + signal.SIGPIPE
        server.wait_log(r"session \d+ ended: ")


def test_a_client_that_is_killed_ends_no_program_at_once():
    """Its path may have broken: the client of a cut connection comes back."""
    with native_server() as server:
        with running(server, "sh", "-c", "echo up; exec sleep 100000") as process:
            process.kill()
            process.wait(GENEROUS)
        server.wait_log("the connection was cut off")
        assert "hung up" not in server.log
        farpty(server, "kill", "--accept-new", target(server), "1")
        server.wait_log(r"session \d+ ended: ")


def test_a_key_that_is_not_listed_is_refused():
    with native_server() as server:
        other = make_key(server, "other")
        done = execute(server, "echo", "in", flags=("-i", str(other)))
        assert (done.returncode, done.stdout) == (255, b"")
        assert re.search(rb"your key SHA256:\S+ may not come in here", done.stderr)
        server.wait_log(r"\(SHA256:\S+\) refused: ")


def test_a_key_that_is_taken_off_the_list_is_refused_at_once():
    with native_server() as server:
        assert execute(server, "true").returncode == 0
        (config_folder(server) / "authorized_keys").write_text("")
        assert execute(server, "true").returncode == 255


def test_authorized_keys_that_others_can_write_lets_nobody_in():
    with native_server() as server:
        (config_folder(server) / "authorized_keys").chmod(0o666)
        assert execute(server, "true").returncode == 255


def test_another_user_than_the_servers_is_refused():
    with native_server() as server:
        done = execute(server, "true", to="somebody-else@" + target(server))
        assert done.returncode == 255
        assert b"not somebody-else" in done.stderr


def test_options_of_a_key_are_kept():
    with native_server(options='command="echo forced"') as server:
        assert execute(server, "echo", "wanted").stdout == b"forced\n"
    with native_server(options='from="192.0.2.1"') as server:
        assert execute(server, "true").returncode == 255
    with native_server(options="some-new-option") as server:
        assert execute(server, "true").returncode == 255
        server.wait_log("lets nobody in")
    with native_server(options="no-pty") as server:
        assert execute(server, "echo", "in").stdout == b"in\n"
        assert b"no-pty" in execute(server, "echo", "in", flags=("-t",)).stderr
    with native_server(options="read-only") as server:
        assert execute(server, "echo", "in").returncode == 255


def test_a_changed_host_key_is_refused_with_both_fingerprints():
    with native_server() as server:
        assert execute(server, "true").returncode == 0
        known = config_folder(server) / "known_hosts"
        old = known.read_text()
        other = make_key(server, "other").with_name("other.pub").read_text().split()
        known.write_text(" ".join([old.split()[0], *other[:2]]) + "\n")
        done = execute(server, "echo", "in")
        assert (done.returncode, done.stdout) == (255, b"")
        assert len(set(re.findall(rb"SHA256:\S{43}", done.stderr))) == 2
        assert b"known_hosts" in done.stderr


def test_an_unknown_host_is_not_trusted_without_a_person():
    with native_server() as server:
        done = subprocess.run([farpty_binary(), "exec", target(server), "--", "echo", "in"], env=server.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, start_new_session=True, check=False)
        assert (done.returncode, done.stdout) == (255, b"")
        assert b"SHA256:" in done.stderr and b"--accept-new" in done.stderr


def test_the_first_meeting_is_a_question_and_the_second_is_not():
    with native_server("--", "bash", "--norc", "--noprofile", "-i") as server:
        command = [farpty_binary(), "connect", target(server)]
        with Screen(command, environment=server.environment) as screen:
            screen.wait_for("Are you sure")
            assert server.wait_log(r"key is (SHA256:\S+)")[1] in "".join(screen.emulator.display)
            screen.line("yes")
            screen.wait_for("$ ")
            screen.line("exit 4")
            assert screen.wait_exit() == 4
        with Screen(command, environment=server.environment) as screen:
            screen.wait_for("$ ")
            screen.line("exit")


def test_a_shell_on_a_terminal_of_the_right_size_and_name():
    with native_server("--", "bash", "--norc", "--noprofile", "-i") as server:
        execute(server, "true")  # makes the host known
        variables = server.environment | {"TERM": "vt220", "LC_ALL": "C.UTF-8", "COLORTERM": "truecolor", "SECRET": "x"}
        with Screen([farpty_binary(), "connect", "--accept-new", target(server)], environment=variables, size=(101, 33)) as screen:
            screen.wait_for("$ ")
            screen.line("stty size; echo $TERM-$LC_ALL-$COLORTERM-$SECRET-; tty")
            screen.wait_for("33 101")
            screen.wait_for("vt220-C.UTF-8-truecolor--")
            screen.wait_for("/dev/pts/")
            screen.resize(90, 20)
            # The signal that tells of it and what is typed go different ways.
            screen.line("clear; until [ \"$(stty size)\" = '20 90' ]; do sleep 0.1; done; echo ch''anged")
            screen.wait_for("changed")
            screen.line("exit 5")
            assert screen.wait_exit() == 5


def test_a_server_with_a_program_of_its_own_runs_no_commands():
    with native_server("--", "echo", "mine") as server:
        assert b"runs one program" in execute(server, "echo", "other").stderr


def test_nobody_enters_by_another_protocol():
    with native_server() as server:
        with server.connect("farpty") as peer:
            peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(ConnectionError):  # what was not read any more becomes a reset
                while got := peer.recv(4096):
                    assert b"HTTP" not in got
        assert execute(server, "echo", "still here").stdout == b"still here\n"


def test_a_terminal_that_the_server_does_not_know_is_described_by_the_client(tmp_path):
    source = subprocess.run(["infocmp", "-x", "vt100"], capture_output=True, text=True, check=True).stdout
    renamed = re.sub(r"^vt100[^\n]*,", "farpty-odd|a terminal of this test,", re.sub(r"^#.*\n", "", source), count=1, flags=re.M)
    subprocess.run(["tic", "-x", "-o", str(tmp_path), "-"], input=renamed, text=True, check=True)
    with native_server() as server:
        variables = server.environment | {"TERM": "farpty-odd", "TERMINFO": str(tmp_path)}
        done = subprocess.run([farpty_binary(), "exec", "--accept-new", "-t", target(server), "--", "sh", "-c", "tput cols; echo $TERM"],
                              env=variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        assert done.stdout.split() == [b"80", b"farpty-odd"], done


def test_a_client_that_leaves_or_is_cut_is_not_punished_and_nonsense_is():
    with native_server() as server:
        for _ in range(40):  # many more than the bound of the penalties
            server.connect("farpty").close()
        assert execute(server, "echo", "in").stdout == b"in\n"

        def is_turned_away():
            with server.connect("farpty") as peer, contextlib.suppress(ConnectionError):
                peer.sendall(b"nonsense " * 10)
                while peer.recv(4096):
                    pass
            return "turned away" in server.log

        wait_until(is_turned_away, "a source of nonsense to be turned away")
        assert execute(server, "true").returncode == 255


def test_with_reauth_a_key_that_is_taken_off_the_list_has_to_leave():
    with native_server("--reauth", "1s") as server:
        command = [farpty_binary(), "exec", "--accept-new", target(server), "--", "sh", "-c", "echo in; exec cat"]
        with subprocess.Popen(command, env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as running:
            assert running.stdout.readline() == b"in\n"
            (config_folder(server) / "authorized_keys").write_text("")
            _, said = running.stdout.read(), running.stderr.read()
            assert running.wait(60) == 255
            assert b"not be here any longer" in said
        server.wait_log("has to leave: ")
        # It was all that it had; its program waits on pipes for a client that cannot come.
        number = re.search(r"session (\d+) started: sh", server.log)[1]
        subprocess.run([farpty_binary(), "kill", number], env=server.environment, check=True, timeout=60)
        server.wait_idle()


def test_without_reauth_it_stays_until_it_leaves():
    with native_server() as server:
        command = [farpty_binary(), "exec", "--accept-new", target(server), "--", "cat"]
        with subprocess.Popen(command, env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            running.stdin.write(b"one\n")
            running.stdin.flush()
            assert running.stdout.readline() == b"one\n"
            (config_folder(server) / "authorized_keys").write_text("")
            assert execute(server, "true").returncode == 255
            assert running.communicate(b"two\n", timeout=60)[0] == b"two\n"
