"""Sessions that outlive their connections: cuts at any byte, and nothing is lost or doubled."""

import os
import random
import subprocess
import tempfile

from kit import DelayProxy, Screen, wait_until
from kit.native import native_server, target
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
                assert screen.process.wait(60) == 6
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
                wait_until(lambda: screen.pump() or "no contact" not in screen.text, "the status line to go",
                           describe=lambda: screen.text)
                screen.line("echo e''nd; exit 6")
                screen.wait_for("end")
                assert "no contact" not in screen.text
                assert screen.process.wait(60) == 6


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
