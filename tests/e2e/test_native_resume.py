"""Sessions that outlive their connections: cuts at any byte, and nothing is lost or doubled."""

import os
import random
import socket
import subprocess
import tempfile

import pytest

from kit import DelayProxy, Screen, wait_until
from kit.farpty1 import HELLO, Speaker, context, make_certificate, start
from kit.native import config_folder, native_server, target
from kit.need import need
from kit.server import farpty_binary
from kit.sweep import sweep

SHELL = ("--", "bash", "--norc", "--noprofile", "-i")


def test_a_cut_at_any_byte_changes_nothing():
    """The short form of `make sweep`."""
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    total = sweep(60, seed)
    print(f"FARPTY_SEED={seed}: {total}")
    assert not total.different, total.different


def test_a_shell_goes_on_after_a_cut_and_what_was_typed_meanwhile_arrives_once():
    with native_server(*SHELL) as server:
        with DelayProxy(server.address("farpty")) as proxy:
            command = [farpty_binary(), "connect", "--accept-new", target(server, proxy.address)]
            with Screen(command, environment=server.environment) as screen:
                screen.wait_for("$ ")
                screen.line("x=kept; echo be''fore")
                screen.wait_for("before")
                proxy.tell("cut")
                screen.line("echo af''ter-$x")
                screen.wait_for("after-kept")
                assert sum("after-kept" in line for line in screen.lines) == 1
                screen.line("exit 6")
                assert screen.wait_exit() == 6
        server.wait_log("resumed")


def test_a_path_that_swallows_everything_is_told_and_leaves_no_trace():
    with native_server(*SHELL) as server:
        with DelayProxy(server.address("farpty")) as proxy:
            command = [farpty_binary(), "connect", "--accept-new", target(server, proxy.address)]
            with Screen(command, environment=server.environment) as screen:
                screen.wait_for("$ ")
                proxy.tell("refuse on")  # or a fresh attempt comes through at once
                proxy.tell("stall")
                screen.line("echo af''ter")
                screen.wait_for("no contact for")
                proxy.tell("refuse off")
                screen.wait_for("after")
                screen.wait_for(lambda screen: "no contact" not in screen.text)
                screen.line("echo e''nd; exit 6")
                screen.wait_for("end")
                assert "no contact" not in screen.text
                assert screen.wait_exit() == 6


def test_a_change_of_the_network_is_noticed_and_the_session_goes_on():
    """In a network of its own: an address more is a change, and whoever has it is asked whether he is still there."""
    need(os.getuid() == 0 and subprocess.run(["unshare", "-n", "true"], check=False).returncode == 0, "a network namespace")
    apart = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    with native_server(prefix=apart) as server, tempfile.TemporaryFile() as errors:
        inside = ["nsenter", "--net", "-t", str(server.process.pid)]
        client = subprocess.Popen([*inside, farpty_binary(), "exec", "--accept-new", "-v", target(server), "--", "cat"],
                                  env=server.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)

        def said() -> bytes:
            return os.pread(errors.fileno(), 1 << 20, 0)

        wait_until(lambda: b"session 1 started" in said(), "the session", describe=said)
        subprocess.run([*inside, "ip", "address", "add", "192.0.2.1/32", "dev", "lo"], check=True)
        wait_until(lambda: b"the network has changed" in said(), "the change to be noticed", describe=said)
        output, _ = client.communicate(b"still here\n", timeout=60)
        assert (client.returncode, output) == (0, b"still here\n"), said()


# --- TLS tickets: what a client with a key comes back with


def by_ticket(server) -> int:
    return server.log.count(" is let in by its ticket")


def cut_while(server, change) -> tuple[Screen, DelayProxy]:
    """A shell whose connection is cut, and what `change` does to the server's user before it comes back."""
    proxy = DelayProxy(server.address("farpty"))
    screen = Screen([farpty_binary(), "connect", "--accept-new", target(server, proxy.address)], environment=server.environment,
                    size=(200, 24))  # no message wraps
    screen.wait_for("$ ")
    proxy.tell("refuse on")
    proxy.tell("cut")
    change()
    proxy.tell("refuse off")
    return screen, proxy


def rewrite_options(server, options: str):
    file = config_folder(server) / "authorized_keys"
    words = file.read_text().split(" ")
    file.write_text(" ".join([options, *words] if options else words))


def test_a_key_comes_back_by_a_ticket_and_gets_the_next_one():
    with native_server(*SHELL) as server:
        with DelayProxy(server.address("farpty")) as proxy:
            command = [farpty_binary(), "connect", "--accept-new", target(server, proxy.address)]
            with Screen(command, environment=server.environment) as screen:
                screen.wait_for("$ ")
                assert by_ticket(server) == 0
                for times in (1, 2, 3):
                    proxy.tell("cut")
                    screen.line(f"echo ti''me-{times}")
                    screen.wait_for(f"time-{times}")
                    server.wait_log(" is let in by its ticket", times)
                screen.line("exit 6")
                assert screen.wait_exit() == 6


def test_a_key_that_is_taken_off_the_list_does_not_come_back_by_a_ticket():
    with native_server(*SHELL) as server:
        screen, proxy = cut_while(server, lambda: (config_folder(server) / "authorized_keys").write_text(""))
        with screen, proxy:
            screen.wait_for("may not come in here")
            assert screen.wait_exit() == 255
        assert by_ticket(server) == 0


@pytest.mark.parametrize(("options", "refusal"), [
    ('from="192.0.2.1"', "may not come in here"), ('expiry-time="20200101"', "may not come in here"),
    ("some-new-option", "may not come in here"), ("no-pty", "this session is no part of it"),
    ('command="true"', "this session is no part of it"), ("read-only", None)])
def test_what_the_key_may_do_is_decided_again(options, refusal):
    with native_server(*SHELL) as server:
        screen, proxy = cut_while(server, lambda: rewrite_options(server, options))
        with screen, proxy:
            if refusal:
                screen.wait_for(refusal)
                assert screen.wait_exit() == 255
            else:
                server.wait_log("resumed")  # by a full login, with what it may do now
                screen.line("touch typed")
                screen.send("~.")
                assert screen.wait_exit() == 255
        assert by_ticket(server) == 0
        assert not (server.home / "typed").exists()


def test_a_ticket_of_one_server_means_nothing_to_another(tmp_path):
    """As a client of another make sees it (python's ssl)."""
    certificate, key, line = make_certificate(tmp_path, "other")
    tls = context(certificate, key)

    def come(server, session=None) -> tuple[bool, object]:
        with socket.create_connection(server.address("farpty"), timeout=60) as plain:
            with Speaker(tls.wrap_socket(plain, session=session)) as speaker:
                speaker.say(HELLO + start("true"))
                assert speaker.wait("exit")[0] == "exit"
                return speaker.stream.session_reused, speaker.stream.session

    with native_server() as one, native_server() as two:
        for server in (one, two):
            with open(config_folder(server) / "authorized_keys", "a") as file:
                file.write(line + "\n")
        reused, ticket = come(one)
        assert not reused and ticket.has_ticket
        assert come(one, ticket)[0]
        assert not come(two, ticket)[0]
        # Nor to one that is not given out before its holder was let in.
        one.wait_log(" is let in by its ticket")
        assert by_ticket(one) == 1 and by_ticket(two) == 0


def test_no_ticket_is_on_a_disk():
    with native_server(*SHELL) as server:
        with DelayProxy(server.address("farpty")) as proxy:
            command = [farpty_binary(), "connect", "--accept-new", target(server, proxy.address)]
            with Screen(command, environment=server.environment) as screen:
                screen.wait_for("$ ")
                screen.line("exit")
                screen.wait_exit()
        names = {path.name for path in server.home.rglob("*") if path.is_file()}
        keys = {"host_ed25519", "host_ed25519.pub", "id_ed25519", "id_ed25519.pub"}
        assert names - {".bash_history"} == keys | {"authorized_keys", "known_hosts"}
