"""`farpty connect`: the user's own terminal is raw while connected and as before on every way out; escape keys; pipes."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import termios
from collections.abc import Iterator

import pytest
from kit import DelayProxy, RawPeer, Screen, connected, serve, wait_until
from kit.processes import children, is_alive
from kit.server import Server, farpty_binary

BASH = ("--", "bash", "--norc", "--noprofile", "-i")
ECHO_RAW = ("--", "/usr/bin/python3", "-c", "import os, tty; tty.setraw(0); os.write(1, b'ready')\n"
            "while data := os.read(0, 100): os.write(1, b'<' + data.hex().encode() + b'>')")


def client_of(screen: Screen) -> int:
    """The pid of `farpty connect` among the children of the shell on this screen; its guard is not meant."""
    found = wait_until(lambda: [child for child in children(screen.process.pid) if child.name == "farpty"], "the client")
    return found[0].pid


def is_raw(screen: Screen) -> bool:
    """Every flag that cfmakeraw clears is clear (termios(3))."""
    iflag, oflag, _, lflag, *_ = screen.attributes()
    raw_i = (termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR | termios.IGNCR |
             termios.ICRNL | termios.IXON)
    raw_l = termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
    return not (iflag & raw_i or oflag & termios.OPOST or lflag & raw_l)


@contextlib.contextmanager
def in_a_script(server: Server, *flags: str, screen: type[Screen] = Screen) -> Iterator[tuple[Screen, list]]:
    """A client under `sh -c`, as in a script, where no shell repairs the terminal; and the terminal's state from before."""
    command = f"read start; {farpty_binary()} connect {' '.join(flags)} {server.url}; echo status $?; read end"
    with screen(["sh", "-c", command], environment=server.environment) as shown:
        before = shown.attributes()
        shown.line("")
        yield shown, before


@contextlib.contextmanager
def in_a_shell(server: Server, *flags: str) -> Iterator[Screen]:
    """A client started from an interactive shell with job control, whose prompt is `near>`."""
    with Screen(["bash", "--norc", "--noprofile", "-i"], environment=server.environment | {"PS1": "near> "}) as screen:
        screen.wait_for("near>")
        screen.line(f"{farpty_binary()} connect {' '.join(flags)} {server.url}")
        yield screen


def test_raw_while_connected_and_as_before_after_the_end():
    with serve(*BASH) as server, in_a_script(server) as (screen, before):
        screen.wait_for("$ ")
        assert is_raw(screen)
        screen.line("exit 3")
        screen.wait_for("status ")
        assert screen.attributes() == before


def test_exit_status_is_0_where_the_protocol_cannot_carry_it():
    with serve("--", "sh", "-c", "exit 7") as server, in_a_script(server) as (screen, _):
        screen.wait_for("status 0")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGSEGV,
                                  signal.SIGABRT, signal.SIGKILL], ids=lambda sign: sign.name)
def test_the_terminal_is_restored_whatever_ends_the_client(sign):
    """Exit, signals, crash, and kill -9: a guard process sees to it."""
    # A sanitizer's report of the crash would be written over the raw screen, and the status after it wherever it stopped.
    quiet = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":handle_segv=0:handle_abort=0"}
    with serve(*BASH, environment=quiet) as server:
        with in_a_script(server) as (screen, before):
            screen.wait_for("$ ")
            wait_until(lambda: is_raw(screen), "raw mode")
            client = client_of(screen)
            os.kill(client, sign)
            wait_until(lambda: not is_alive(client), "the client to end")
            wait_until(lambda: screen.attributes() == before, "the terminal to be as before", describe=screen.attributes)
            screen.wait_for("status ")
        server.wait_idle()


def test_the_terminal_is_restored_when_the_connection_breaks():
    with serve(*BASH) as server, DelayProxy(server.address()) as proxy:
        with Screen(["sh", "-c", f"{farpty_binary()} connect {proxy.url()}; echo status $?; read end"],
                    environment=server.environment) as screen:
            screen.wait_for("$ ")
            wait_until(lambda: is_raw(screen), "raw mode")
            proxy.tell("reset")
            screen.wait_for(re.compile(r"status [1-9]"))
            assert not is_raw(screen)


def test_no_guard_process_stays_behind():
    with serve(*BASH) as server, in_a_script(server) as (screen, _):
        screen.wait_for("$ ")
        screen.line("exit")
        screen.wait_for("status 0")
        wait_until(lambda: not children(screen.process.pid), "client and guard to be gone")


def test_sigtstp_and_sigcont():
    """Stopped from outside: the terminal is the shell's again; continued: raw again, nothing lost."""
    with serve(*BASH) as server, in_a_shell(server) as screen:
        screen.wait_for(re.compile(r"^\$", re.MULTILINE))
        os.kill(client_of(screen), signal.SIGTSTP)
        screen.wait_for("Stopped")
        assert not is_raw(screen)
        screen.line("echo near a''gain; fg")
        screen.wait_for("near again")
        wait_until(lambda: is_raw(screen), "raw mode")
        screen.line("echo far a''gain")
        screen.wait_for("far again")
        screen.line("exit")
        screen.wait_for(re.compile(r"exit\s+near> $|exit[\s\S]*near>\s*$"))


def test_escape_disconnects():
    with serve(*BASH) as server:
        with in_a_script(server) as (screen, before):
            screen.wait_for("$ ")
            screen.send("\r~.")
            screen.wait_for("status ")
            assert screen.attributes() == before
        server.wait_idle()


def test_escape_disconnects_while_the_far_end_is_stuck():
    with serve(*BASH) as server, DelayProxy(server.address()) as proxy:
        with Screen(["sh", "-c", f"{farpty_binary()} connect {proxy.url()}; echo status $?; read end"],
                    environment=server.environment) as screen:
            screen.wait_for("$ ")
            proxy.tell("stall")
            screen.send("typed\r~.")
            screen.wait_for("status ")


def test_escape_suspends():
    with serve(*BASH) as server, in_a_shell(server) as screen:
        screen.wait_for(re.compile(r"^\$", re.MULTILINE))
        screen.send("\r~\x1a")
        screen.wait_for("Stopped")
        screen.line("fg")
        wait_until(lambda: is_raw(screen), "raw mode")
        screen.line("echo far a''gain")
        screen.wait_for("far again")
        screen.send("\r~.")
        screen.wait_for(re.compile(r"near>\s*$"))


def test_escape_help():
    with serve(*ECHO_RAW) as server, in_a_script(server) as (screen, _):
        screen.wait_for("ready")
        screen.send("~?")
        screen.wait_for("~.")
        screen.wait_for("~~")
        assert "7e" not in screen.text
        screen.send("\r~.")


def test_escape_twice_sends_one():
    with serve(*ECHO_RAW) as server, in_a_script(server) as (screen, _):
        screen.wait_for("ready")
        screen.send("~~")
        screen.wait_for("<7e>")
        screen.send("a~")
        screen.wait_for(re.compile(r"<7e><61(><)?7e>"))  # not at a line's start: a plain character
        screen.send("\r~x")
        screen.wait_for(re.compile(r"<0d(><)?7e(><)?78>"))  # no command: both are sent
        screen.send("\r~.")


@pytest.mark.parametrize("flag, typed, sent", [("none", "~.", "7e.*2e"), ("^A", "~.", "7e.*2e")])
def test_escape_char_can_be_changed(flag, typed, sent):
    with serve(*ECHO_RAW) as server, in_a_script(server, f"--escape-char '{flag}'") as (screen, _):
        screen.wait_for("ready")
        screen.send(typed)
        screen.wait_for(re.compile(sent))
        if flag != "none":
            screen.send("\r\x01.")
            screen.wait_for("status ")


def test_input_that_is_no_terminal():
    with serve(*BASH) as server:
        done = subprocess.run([farpty_binary(), "connect", server.url], input=b"echo h''i\nexit\n", capture_output=True,
                              timeout=60, env=server.environment, check=False)
        assert done.returncode == 0 and re.search(rb"[\r\n]hi\r\n", done.stdout), done


def test_a_lone_tilde_in_piped_input_is_data():
    with serve("--", "cat") as server:
        done = subprocess.run([farpty_binary(), "connect", server.url], input=b"~.\n", capture_output=True, timeout=60,
                              env=server.environment, check=False)
        assert b"~.\r\n~.\r\n" in done.stdout


def test_output_that_is_no_terminal(tmp_path):
    with serve(*BASH) as server:
        command = f"read start; {farpty_binary()} connect {server.url} > {tmp_path}/out; echo status $?; read end"
        with Screen(["sh", "-c", command], environment=server.environment) as screen:
            before = screen.attributes()
            screen.line("")
            out = tmp_path / "out"
            wait_until(lambda: out.exists() and b"$ " in out.read_bytes(), "the prompt in the file")
            screen.line("echo in the f''ile; exit")
            screen.wait_for("status 0")
            assert b"in the file" in out.read_bytes() and "in the file" not in screen.text
            assert screen.attributes() == before


def test_large_output_through_a_slow_reader_is_whole():
    with serve("--", "seq", "1", "300000") as server:
        done = subprocess.run(f"{farpty_binary()} connect {server.url} < /dev/null | (sleep 0.5; sha256sum)", shell=True,
                              capture_output=True, timeout=120, env=server.environment, check=False)
        expected = subprocess.run("seq 1 300000 | sed 's/$/\\r/' | sha256sum", shell=True, capture_output=True, check=True)
        assert done.stdout == expected.stdout


def test_a_closed_output_ends_the_client():
    with serve("--", "yes") as server:
        done = subprocess.run(f"{farpty_binary()} connect {server.url} < /dev/null | head -c 10", shell=True,
                              capture_output=True, timeout=60, env=server.environment, check=False)
        assert done.stdout == b"y\r\ny\r\ny\r\ny"
        server.wait_idle()


def test_verbose_explains_each_step():
    with serve("--", "true") as server:
        done = subprocess.run([farpty_binary(), "connect", "-v", server.url], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, env=server.environment, check=False)
        assert done.returncode == 0
        assert str(server.port) in done.stderr and len(done.stderr.splitlines()) >= 2, done.stderr
        quiet = subprocess.run([farpty_binary(), "connect", server.url], stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, timeout=60, env=server.environment, check=False)
        assert quiet.stderr == ""


def test_a_server_that_is_not_there_is_told():
    with socket.socket() as bound:  # and listens not: nobody else comes to the port
        bound.bind(("127.0.0.1", 0))
        url = f"raw://127.0.0.1:{bound.getsockname()[1]}"
        done = subprocess.run([farpty_binary(), "connect", url], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
    assert done.returncode != 0
    assert re.search(rf"cannot connect to .*{re.escape(url.removeprefix('raw://'))}.*connection refused", done.stderr), done.stderr


def test_unix_socket(tmp_path):
    with serve(*BASH, listen=[f"raw+unix://{tmp_path}/shell"]) as server, connected(server) as screen:
        screen.wait_for("$ ")
        screen.line("echo h''i; exit")
        screen.wait_for("hi")
        assert screen.wait_exit() == 0


class Unread(Screen):
    """A terminal that shows nothing: pyte gives up at sequences that a terminal passes over."""

    def _render(self, data: bytes) -> None:
        pass


def test_a_hostile_server_only_costs_the_connection():
    """The server is hostile too: whatever it sends, the client passes it on or ends, and the terminal is restored."""
    with serve("--", "sh", "-c", "head -c 200000 /dev/urandom") as server, in_a_script(server, screen=Unread) as (screen, before):
        screen.wait_for(lambda screen: re.search(rb"status \d+", screen.raw[-300:]))
        assert screen.attributes() == before


def test_window_size_is_restored_when_the_far_end_changed_it():
    """A program asks the terminal to be 100x30 (XTWINOPS 8); at the end it is asked back to what it was."""
    with serve(*BASH) as server, in_a_script(server) as (screen, _):
        screen.wait_for("$ ")
        screen.line(r"printf '\033[8;30;100t'")
        screen.wait_for(lambda screen: b"\x1b[8;30;100t" in screen.raw)
        screen.resize(100, 30)  # as a terminal does that allows it
        screen.line("exit")
        screen.wait_for("status ")
        assert b"\x1b[8;24;80t" in screen.raw or screen.window_size() == (80, 24)


def test_two_clients_at_once_have_their_own_sessions():
    with serve(*BASH) as server, connected(server) as one, connected(server) as two:
        for number, screen in enumerate((one, two)):
            screen.wait_for("$ ")
            screen.line(f"me={number}; echo I am num''ber $me")
            screen.wait_for(f"I am number {number}")
        for screen in (one, two):
            screen.line("exit")
            screen.wait_exit()


def test_client_and_netcat_see_the_same_bytes():
    program = ("--", "sh", "-c", r"printf 'a\tb\033[31mc\033[0m\n'; stty -onlcr; printf 'd\n\000\377\n'")
    with serve(*program) as server:
        with RawPeer(server) as peer:
            by_socket = peer.expect_end()
        done = subprocess.run([farpty_binary(), "connect", server.url], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, env=server.environment, check=False)
        assert done.stdout == by_socket
