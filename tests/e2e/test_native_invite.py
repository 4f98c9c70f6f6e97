"""Invitations to a native door: made here and from afar, used once or for a while, and what they do not open."""

import re
import subprocess
from pathlib import Path

import pytest

from kit import DelayProxy, Screen, wait_until
from kit.native import execute, native_server, target
from kit.server import Server, farpty_binary
from kit.wait import GENEROUS

SHELL = ("--", "bash", "--norc", "--noprofile", "-i")


def invite(server: Server, *flags: str) -> str:
    """The line that `farpty invite` prints."""
    done = subprocess.run([farpty_binary(), "invite", *flags], env=server.environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=GENEROUS, check=True)
    assert re.fullmatch(r"farpty://127\.0\.0\.1:\d+/#[-_A-Za-z0-9]{32}\n", done.stdout), done
    assert token_of(done.stdout) not in done.stderr
    return done.stdout.strip()


def token_of(line: str) -> str:
    return line.strip().split("#")[1]


def guest(server: Server, tmp_path: Path) -> dict[str, str]:
    """The environment of someone who has neither key nor known hosts."""
    home = tmp_path / "guest"
    home.mkdir(exist_ok=True)
    return server.environment | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home)}


def enter(server: Server, tmp_path: Path, address: str, *flags: str, stdin: bytes = b"", token: str | None = None,
          command: tuple[str, ...] = ("echo", "in")) -> subprocess.CompletedProcess[bytes]:
    variables = guest(server, tmp_path) | ({} if token is None else {"FARPTY_TOKEN": token})
    return subprocess.run([farpty_binary(), "exec", *flags, address, "--", *command], env=variables, input=stdin,
                          capture_output=True, timeout=GENEROUS, check=False)


@pytest.mark.parametrize("way", ["arguments", "environment", "stdin"])
def test_a_guest_needs_neither_key_nor_known_host(tmp_path, way):
    with native_server() as server:
        line = invite(server)
        address = line.split("#")[0]
        if way == "arguments":
            done = enter(server, tmp_path, line)
        elif way == "environment":
            done = enter(server, tmp_path, address, token=token_of(line))
        else:
            done = enter(server, tmp_path, address, "--token-stdin", stdin=token_of(line).encode() + b"\nand more",
                         command=("cat",))
        assert done.returncode == 0, done
        assert done.stdout == (b"and more" if way == "stdin" else b"in\n")
        assert not (tmp_path / "guest" / ".config").exists()
        assert token_of(line) not in server.log


def test_the_token_is_gone_from_the_command_line_and_the_environment(tmp_path):
    with native_server(*SHELL) as server:
        line = invite(server)
        for words, variables in (([line], {}), ([line.split("#")[0]], {"FARPTY_TOKEN": line})):
            with Screen([farpty_binary(), "connect", *words], environment=guest(server, tmp_path) | variables) as screen:
                screen.wait_for("$ ")
                for name in ("cmdline", "environ"):
                    seen = Path(f"/proc/{screen.process.pid}/{name}").read_bytes()
                    assert token_of(line).encode() not in seen, name
                screen.line("env; exit")
                assert screen.wait_exit() == 0
                assert token_of(line) not in screen.raw.decode()


def test_once_is_once(tmp_path):
    with native_server() as server:
        line = invite(server, "--once")
        assert enter(server, tmp_path, line).stdout == b"in\n"
        second = enter(server, tmp_path, line)
        assert (second.returncode, second.stdout) == (255, b"")
        many = invite(server)
        for _ in range(2):
            assert enter(server, tmp_path, many).stdout == b"in\n"


def test_of_two_at_a_time_one_comes_in(tmp_path):
    with native_server() as server:
        line = invite(server, "--once")
        command = [farpty_binary(), "exec", line, "--", "cat"]
        running = [subprocess.Popen(command, env=guest(server, tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL) for _ in range(6)]
        got = [one.communicate(b"here", timeout=GENEROUS)[0] for one in running]
        assert sorted(got) == [b""] * 5 + [b"here"]


def test_a_handshake_that_was_not_finished_spends_nothing(tmp_path):
    with native_server() as server:
        line = invite(server, "--once")
        with DelayProxy(server.address("farpty"), fault=["1#up@100=cut"]) as proxy:  # within the client's first message
            cut = enter(server, tmp_path, line.replace(target(server), target(server, proxy.address)))
            assert cut.returncode == 255
        assert enter(server, tmp_path, line).stdout == b"in\n"


def test_who_is_cut_between_his_login_and_his_session_is_told(tmp_path):
    """The invitation is spent, and there is nothing yet with which he could come back."""
    with native_server() as server:
        line = invite(server, "--once")
        with DelayProxy(server.address("farpty"), fault=["1#up@400=cut"]) as proxy:
            cut = enter(server, tmp_path, line.replace(target(server), target(server, proxy.address)))
        assert (cut.returncode, cut.stdout) == (255, b"")
        assert b"cannot connect to" in cut.stderr


def test_an_invitation_ends_also_for_who_is_in(tmp_path):
    with native_server() as server:
        for seconds in (2, 4, 8, 16, 32):  # until it is long enough to come in on this machine
            line = invite(server, "--expires", f"{seconds}s")
            done = enter(server, tmp_path, line, command=("sleep", "1000"))
            assert (done.returncode, done.stdout) == (255, b"")
            if b"not be here any longer" in done.stderr:
                break
        else:
            raise AssertionError(done)
        late = enter(server, tmp_path, line)
        assert (late.returncode, late.stdout) == (255, b"")
        number = re.search(r"session (\d+) started: sleep", server.log)[1]
        subprocess.run([farpty_binary(), "kill", number], env=server.environment, check=True, timeout=GENEROUS)
        server.wait_idle()


def test_wrong_tokens_open_nothing(tmp_path):
    with native_server() as server:
        line = invite(server)
        token = token_of(line)
        first, last = ("A" if one != "A" else "B" for one in (token[0], token[-1]))
        for wrong in (token[:-1] + last, first + token[1:], "A" * 32):
            done = enter(server, tmp_path, line.split("#")[0], token=wrong)
            assert (done.returncode, done.stdout) == (255, b"")
        assert b"token is not one of ours" in enter(server, tmp_path, line.split("#")[0], token="short").stderr
        assert enter(server, tmp_path, line).stdout == b"in\n"


def test_who_may_only_look_on_does_so(tmp_path):
    with native_server(*SHELL) as server:
        line = invite(server, "--read-only")
        with Screen([farpty_binary(), "connect", "--accept-new", "--name", "work", target(server)], environment=server.environment) as writer:
            writer.wait_for("$ ")
            with Screen([farpty_binary(), "attach", line], environment=guest(server, tmp_path)) as looker:
                wait_until(lambda: "attached: " in server.log, "the guest to attach")
                looker.send("echo from-loo''ker\r~w")
                writer.line("echo from-wri''ter")
                looker.wait_for("from-writer")
                assert "from-looker" not in writer.text
                looker.send("\r~d")
                assert looker.wait_exit() == 0
            refused = enter(server, tmp_path, line)
            assert refused.returncode == 255
            assert b"read-only" in refused.stderr
            killed = subprocess.run([farpty_binary(), "kill", line, "work"], env=guest(server, tmp_path), capture_output=True,
                                    timeout=GENEROUS, check=False)
            assert killed.returncode == 1
            writer.line("exit")
            assert writer.wait_exit() == 0


def test_an_invitation_to_one_session_leads_to_no_other(tmp_path):
    with native_server(*SHELL) as server:
        options = {"environment": server.environment}
        with Screen([farpty_binary(), "connect", "--accept-new", "--name", "one", target(server)], **options) as one:
            with Screen([farpty_binary(), "connect", "--accept-new", "--name", "two", target(server)], **options) as two:
                one.wait_for("$ ")
                two.wait_for("$ ")
                line = invite(server, "--session", "one")
                with Screen([farpty_binary(), "connect", line], environment=guest(server, tmp_path)) as screen:
                    screen.line("echo from-gue''st")
                    one.wait_for("from-guest")
                    listed = subprocess.run([farpty_binary(), "ls", line], env=guest(server, tmp_path), capture_output=True,
                                            text=True, timeout=GENEROUS, check=True).stdout
                    assert "one" in listed
                    assert "two" not in listed
                    screen.line("exit")
                    assert screen.wait_exit() == 0
                assert one.wait_exit() == 0
                # The session is no more, and so is the way to it.
                assert enter(server, tmp_path, line).returncode == 255
                two.line("exit")
                assert two.wait_exit() == 0


def test_a_guest_of_once_comes_back_after_a_cut_to_that_session_only(tmp_path):
    with native_server(*SHELL) as server, DelayProxy(server.address("farpty")) as proxy:
        line = invite(server, "--once").replace(target(server), target(server, proxy.address))
        with Screen([farpty_binary(), "connect", line], environment=guest(server, tmp_path)) as screen:
            screen.wait_for("$ ")
            screen.line("kept=60; echo re''ady")
            screen.wait_for("ready")
            for i in range(2):
                proxy.tell("cut")
                screen.line(f"echo after-{i}-$kept")
                screen.wait_for(f"after-{i}-60")
            server.wait_log("resumed", count=2)
            screen.line("exit 5")
            assert screen.wait_exit() == 5
        assert enter(server, tmp_path, line).returncode == 255


def test_an_invitation_is_asked_for_from_afar_by_a_key_and_not_by_a_guest(tmp_path):
    with native_server() as server:
        line = invite(server, "--accept-new", "--once", target(server))
        assert enter(server, tmp_path, line).stdout == b"in\n"
        again = subprocess.run([farpty_binary(), "invite", invite(server)], env=guest(server, tmp_path), capture_output=True,
                               text=True, timeout=GENEROUS, check=False)
        assert (again.returncode, again.stdout) == (1, "")
        assert "a guest may not invite" in again.stderr


def test_a_server_that_shows_a_certificate_is_no_host_of_ours(tmp_path):
    """An impostor at the address has a key, and not the secret."""
    with native_server() as server, native_server() as impostor:
        line = invite(server)
        done = enter(server, tmp_path, line.replace(target(server), target(impostor)))
        assert (done.returncode, done.stdout) == (255, b"")
        assert enter(server, tmp_path, line).stdout == b"in\n"  # not spent, not spoiled


def test_what_a_program_gets_holds_no_token(tmp_path):
    with native_server() as server:
        line = invite(server)
        for command in (("env",), ("sh", "-c", "tr '\\0' '\\n' < /proc/self/environ")):
            done = enter(server, tmp_path, line.split("#")[0], token=token_of(line), command=command)
            assert done.returncode == 0
            assert token_of(line).encode() not in done.stdout
        run = subprocess.run([farpty_binary(), "run", "--", "env"], env=server.environment | {"FARPTY_TOKEN": line},
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=GENEROUS, check=True)
        assert token_of(line) not in run.stdout
        assert execute(server, "true").returncode == 0
