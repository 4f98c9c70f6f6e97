"""Dialling out: the user listens, the host dials, and the terminal at the desk is the host's program's."""

import re
import signal
import subprocess

import pytest

from kit import DelayProxy, Screen, wait_until
from kit.dial import SHELL, desk, environ_of, home, host, said
from kit.paths import built
from kit.server import base_environment, farpty_binary
from kit.wait import GENEROUS


def interrupt_and_leave(at):
    at.screen.line("echo re''ady; sleep 1000")
    at.screen.wait_for("ready")
    at.screen.key("C-c")
    at.screen.line("echo aft''er")
    at.screen.wait_for("after")
    at.screen.line("exit 7")
    assert at.screen.wait_exit() == 7


def test_the_terminal_at_the_desk_is_the_hosts_programs():
    with desk() as at, host(at):
        at.screen.wait_for("$ ")
        at.screen.line("echo si''ze-$(stty size | tr ' ' x); tty")
        at.screen.wait_for("size-24x120")
        at.screen.line("test -t 0 && echo $TERM-is-he''re")
        at.screen.wait_for("xterm-256color-is-here")
        at.screen.resize(100, 30)
        at.screen.line("while [ \"$(stty size)\" != '30 100' ]; do sleep 0.05; done; echo fol''lowed")
        at.screen.wait_for("followed")
        interrupt_and_leave(at)


def test_a_host_that_has_no_pseudoterminals_makes_the_terminal():
    with desk() as at, host(at, prefix=[built("noptyrun")], flags=["--terminal", "emulated"]):
        at.screen.wait_for("$ ")
        at.screen.line("echo si''ze-$(stty size | tr ' ' x)")
        at.screen.wait_for("size-24x120")
        interrupt_and_leave(at)


def test_the_exit_of_the_program_ends_the_host_too():
    with desk() as at, host(at, "sh", "-c", "echo do''ne; exit 3") as over_there:
        at.screen.wait_for("done")
        assert at.screen.wait_exit() == 3
        assert over_there.wait(GENEROUS) == 0


def test_a_signal_that_killed_the_program_is_told():
    with desk() as at, host(at, "sh", "-c", "kill -TERM $$"):
        assert at.screen.wait_exit() == 128 + signal.SIGTERM


def test_to_disconnect_hangs_the_program_up_and_ends_both():
    with desk() as at, host(at) as over_there:
        at.screen.wait_for("$ ")
        at.screen.send("\r~.")
        assert at.screen.wait_exit() == 255
        assert over_there.wait(GENEROUS) == 0


def test_a_desk_that_is_ended_while_a_host_waits_tells_it():
    with desk() as at, host(at) as first, host(at) as second:
        at.screen.wait_for("$ ")
        at.wait_hosts("attached", "waiting")
        at.screen.process.send_signal(signal.SIGTERM)
        assert at.screen.wait_exit() == 128 + signal.SIGTERM
        assert (first.wait(GENEROUS), second.wait(GENEROUS)) == (0, 0)


def test_without_terminals_bytes_are_bytes():
    with home() as folder, subprocess.Popen(
            [farpty_binary(), "listen", "--on", "farpty://127.0.0.1:0"], env=base_environment(folder), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listener:
        line = listener.stdout.readline().decode()
        token, url = re.fullmatch(r"FARPTY_TOKEN=(\S+) farpty run --to (\S+) -- bash\n", line).groups()
        data = bytes(range(256)) * 1000
        with home() as other, DelayProxy(("127.0.0.1", int(url.rpartition(":")[2]))) as proxy:
            over_there = subprocess.Popen([farpty_binary(), "run", "--to", proxy.url("farpty"), "--", "cat"], env=base_environment(other) | {"FARPTY_TOKEN": token},
                                          stdin=subprocess.DEVNULL)
            output, _ = listener.communicate(data, timeout=GENEROUS)
            assert over_there.wait(GENEROUS) == 0
            assert proxy.stats()["accepted"] == 1
        assert listener.returncode == 0
        assert output == data


# --- the token


@pytest.mark.parametrize("way", ["environment", "stdin", "address", "flag"])
def test_the_token_comes_by_several_ways_and_is_seen_in_none(way):
    with desk() as at, home() as folder:
        url = f"farpty://{at.address[0]}:{at.address[1]}"
        variables = base_environment(folder)
        flags, stdin = [url], b""
        if way == "environment":
            variables["FARPTY_TOKEN"] = at.token
        elif way == "stdin":
            flags, stdin = [url, "--token-stdin"], at.token.encode() + b"\n"
        else:
            flags = [f"{url}/#{at.token}"]
        to = [f"--to={flags[0]}"] if way == "flag" else ["--to", *flags]
        over_there = subprocess.Popen([farpty_binary(), "run", *to, "--", *SHELL], env=variables, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder)
        try:
            over_there.stdin.write(stdin)
            over_there.stdin.close()
            at.screen.wait_for("$ ")
            assert at.token.encode() not in environ_of(over_there.pid)
            assert at.token.encode() not in environ_of(at.screen.process.pid)
            at.screen.line("env | sed 's/^/v:/'; tr '\\0' '\\n' < /proc/$$/environ; echo e''nd; read; exit")
            at.screen.wait_for(lambda screen: b"end\r\n" in screen.raw)
            assert b"v:HOME=" in at.screen.raw, at.screen.raw
            at.screen.line("")
            assert at.screen.wait_exit() == 0
            assert at.screen.raw.decode().count(at.token) == 1  # the line that the desk has printed
            assert at.token not in said(over_there)
        finally:
            over_there.kill()
            over_there.wait()
            over_there.stdout.close()


def refused(process: subprocess.Popen[bytes]) -> None:
    assert process.wait(GENEROUS) == 125
    assert "the token was not accepted there" in said(process)


def test_a_wrong_token_opens_nothing():
    with desk() as at:
        first, last = ("A" if one != "A" else "B" for one in (at.token[0], at.token[-1]))
        for wrong in (at.token[:-1] + last, first + at.token[1:], "A" * 32):
            with host(at, token=wrong) as over_there:
                assert over_there.wait(GENEROUS) == 125
                assert wrong not in said(over_there)
        assert at.run("ls").stdout == ""


def test_without_a_token_nothing_is_dialled():
    with home() as folder:
        done = subprocess.run([farpty_binary(), "run", "--to", "farpty://127.0.0.1:1", "--", "true"], env=base_environment(folder),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GENEROUS, check=False)
        assert done.returncode == 125
        assert "there is no token" in done.stderr


def test_once_is_for_one_host_and_for_that_one_after_a_cut_too():
    with desk("--once") as at, DelayProxy(at.address) as proxy, host(at, address=proxy.address):
        at.screen.wait_for("$ ")
        with host(at) as second:
            refused(second)
        at.screen.line("kept=60")
        proxy.tell("cut")
        at.screen.line("echo af''ter-$kept")
        at.screen.wait_for("after-60")
        at.screen.line("exit")
        assert at.screen.wait_exit() == 0


def test_an_expired_token_opens_nothing_and_who_is_in_stays():
    with desk("--expires", "1s") as early:
        early.screen.wait_for("no host has dialled in within 1s")
        assert early.screen.wait_exit() == 255
    for seconds in (2, 4, 8, 16, 32):  # until it is long enough to come in on this machine
        with desk("--expires", f"{seconds}s") as at, host(at, ended=False) as over_there:
            at.screen.wait_for(lambda screen, host=over_there: b"$ " in screen.raw or host.poll() is not None)
            if over_there.poll() is not None:
                continue

            def is_over(at=at) -> bool:
                with host(at, "true") as late:
                    wait_until(lambda: late.poll() is not None or at.run("ls").stdout.count("waiting") > 0, "a refusal or a place")
                    over = late.poll() is not None
                    late.terminate()
                    return over and "the token was not accepted there" in said(late)

            wait_until(is_over, "the token's time to be over")
            at.screen.line("echo st''ill")
            at.screen.wait_for("still")
            return
    raise AssertionError("no time was long enough")


# --- impostors


def test_a_host_that_comes_by_a_key_is_no_host_of_ours():
    """A client of the native door, with a certificate: the desk has none to answer with."""
    with desk() as at, home() as folder:
        variables = base_environment(folder)
        (folder / ".config" / "farpty").mkdir(parents=True, mode=0o700)
        subprocess.run([farpty_binary(), "keygen", "-f", str(folder / ".config/farpty/id_ed25519")], env=variables, check=True,
                       stdout=subprocess.PIPE, timeout=GENEROUS)
        done = subprocess.run([farpty_binary(), "exec", "--accept-new", f"{at.address[0]}:{at.address[1]}", "--", "true"], env=variables,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=GENEROUS, check=False)
        assert done.returncode == 255
        # Nor does the token open a desk for who speaks farpty/1 as a client.
        done = subprocess.run([farpty_binary(), "exec", f"{at.address[0]}:{at.address[1]}", "--", "true"], env=variables | {"FARPTY_TOKEN": at.token},
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=GENEROUS, check=False)
        assert done.returncode == 255
        assert at.run("ls").stdout == ""


def test_a_desk_that_shows_a_certificate_is_no_desk_of_ours():
    from kit.native import native_server
    with desk() as at, native_server() as impostor, host(at, address=impostor.address("farpty")) as over_there:
        refused(over_there)


# --- cuts


def test_the_session_goes_on_after_cuts_and_what_was_typed_meanwhile_arrives_once():
    with desk() as at, DelayProxy(at.address) as proxy, host(at, address=proxy.address):
        at.screen.wait_for("$ ")
        at.screen.line("x=kept; echo be''fore")
        at.screen.wait_for("before")
        for times in (1, 2, 3):
            proxy.tell("cut")
            at.screen.line(f"echo af''ter-{times}-$x")
            at.screen.wait_for(f"after-{times}-kept")
            assert sum(f"after-{times}-kept" in line for line in at.screen.lines) == 1
        at.screen.line("exit 6")
        assert at.screen.wait_exit() == 6


def test_a_path_that_swallows_everything_is_told_and_the_host_dials_again():
    with desk() as at, DelayProxy(at.address) as proxy, host(at, address=proxy.address):
        at.screen.wait_for("$ ")
        proxy.tell("refuse on")
        proxy.tell("stall")
        at.screen.line("echo af''ter")
        at.screen.wait_for("no contact for")
        proxy.tell("refuse off")
        at.screen.wait_for("after")
        at.screen.line("exit 6")
        assert at.screen.wait_exit() == 6


def test_a_cut_within_the_first_handshake_spends_nothing():
    for at_byte in (100, 400):  # within the host's first message, and within its second
        with desk("--once") as at, DelayProxy(at.address, fault=[f"1#up@{at_byte}=cut"]) as proxy:
            with host(at, address=proxy.address, ended=False) as cut:
                at.screen.wait_for(lambda screen, host=cut: b"$ " in screen.raw or host.poll() is not None)
                if cut.poll() is None:
                    continue  # it had come in, and came back
            with host(at):
                at.screen.wait_for("$ ")
                at.screen.line("exit 4")
                assert at.screen.wait_exit() == 4


# --- several hosts


def test_of_several_hosts_ls_and_attach_choose():
    with desk() as at:
        with host(at, *SHELL, environment={"PS1": "one$ "}) as one:
            at.screen.wait_for("one$ ")
            with host(at, *SHELL, environment={"PS1": "two$ "}) as two:
                at.wait_hosts("attached", "waiting")
                assert "several" in at.run("attach").stderr
                with Screen([farpty_binary(), "attach", "2"], environment=at.environment) as second:
                    second.wait_for("two$ ")
                    second.line("kept=2; echo se''cond")
                    second.wait_for("second")
                    at.wait_hosts("attached", "attached")
                    second.send("\r~d")
                    second.wait_for("farpty attach 2 comes back")
                    assert second.wait_exit() == 0
                at.wait_hosts("attached", "waiting")
                with Screen([farpty_binary(), "attach", "2"], environment=at.environment) as second:
                    second.wait_for("second")  # the screen as it was
                    second.line("echo still-$kept")
                    second.wait_for("still-2")
                    second.line("exit 5")
                    assert second.wait_exit() == 5
                assert two.wait(GENEROUS) == 0
                at.wait_hosts("attached")
            assert "there is none" in at.run("attach", "2").stderr
            at.screen.line("exit 3")
            assert at.screen.wait_exit() == 3
            assert one.wait(GENEROUS) == 0


def test_who_attaches_takes_the_line_and_the_first_terminal_looks_in_vain():
    with desk() as at, host(at):
        at.screen.wait_for("$ ")
        at.screen.send("\r~d")
        at.screen.wait_for("farpty attach 1 comes back")
        at.wait_hosts("waiting")
        with Screen([farpty_binary(), "attach"], environment=at.environment) as second:
            second.line("echo ta''ken")
            second.wait_for("taken")
            second.line("exit 9")
            assert second.wait_exit() == 9
        assert at.screen.wait_exit() == 0


def test_an_attached_host_comes_back_after_a_cut_to_who_attached():
    with desk() as at, DelayProxy(at.address) as proxy, host(at):
        at.screen.wait_for("$ ")
        with host(at, address=proxy.address):
            at.wait_hosts("attached", "waiting")
            proxy.tell("cut")  # while nobody sits at its line
            at.wait_hosts("attached", "waiting")
            with Screen([farpty_binary(), "attach", "2"], environment=at.environment) as second:
                second.wait_for("$ ")
                proxy.tell("cut")
                second.line("echo ba''ck")
                second.wait_for("back")
                second.line("exit 8")
                assert second.wait_exit() == 8
        at.screen.line("exit")
        assert at.screen.wait_exit() == 0


def test_a_host_that_was_killed_is_away_until_it_is_forgotten():
    with desk() as at, host(at):
        at.screen.wait_for("$ ")
        with host(at, ended=False) as other:
            at.wait_hosts("attached", "waiting")
            other.kill()
            at.wait_hosts("attached", "away")
        assert at.run("kill", "2").returncode == 0
        at.wait_hosts("attached")
        assert "no such session" in at.run("kill", "2").stderr
        at.screen.line("exit 5")
        assert at.screen.wait_exit() == 5


def test_a_host_that_is_hung_up_ends_and_so_does_who_sits_there():
    with desk() as at, host(at), DelayProxy(at.address) as proxy:
        at.screen.wait_for("$ ")
        with host(at) as waiting:
            at.wait_hosts("attached", "waiting")
            assert at.run("kill", "2").returncode == 0
            waiting.wait(GENEROUS)
        with host(at, address=proxy.address) as away:
            at.wait_hosts("attached", "waiting")
            proxy.tell("refuse on")
            proxy.tell("cut")
            at.wait_hosts("attached", "away")
            assert at.run("kill", "3").returncode == 0
            at.wait_hosts("attached")
            assert away.poll() is None
            proxy.tell("refuse off")
            away.wait(GENEROUS)
        assert at.run("kill", "1").returncode == 0
        assert at.screen.wait_exit() == 255


def test_without_a_listener_ls_and_attach_say_so():
    with home() as folder:
        for command in ("ls", "attach"):
            done = subprocess.run([farpty_binary(), command], env=base_environment(folder), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=GENEROUS, check=False)
            assert done.returncode in (1, 255)
            assert "no listener of yours is running" in done.stderr
