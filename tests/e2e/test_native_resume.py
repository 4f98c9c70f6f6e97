"""Sessions that outlive their connections: cuts at any byte, and nothing is lost or doubled."""

import os
import random

from kit import DelayProxy, Screen
from kit.native import execute, native_server, target
from kit.server import farpty_binary

SWEEP = int(os.environ.get("FARPTY_CUTS", "60"))
"""How many cuts a sweep makes: at every byte boundary where it is large enough, else at so many of them."""

DIALOGUE = ("sh", "-c", "printf one; cat; printf 'an error' >&2; echo two; exit 7")
INPUT = bytes(range(256)) * 8


def undisturbed(server):
    done = execute(server, *DIALOGUE, stdin=INPUT)
    assert (done.returncode, done.stdout) == (7, b"one" + INPUT + b"two\n")
    return done


def cut_at(server, fault: str):
    """The dialogue with one cut; what its client showed. The first connection only brings the unknown host's key."""
    with DelayProxy(server.address("farpty"), fault=["2#" + fault]) as proxy:
        return execute(server, *DIALOGUE, stdin=INPUT, to=target(server, proxy.address))


def volume(server) -> dict[str, int]:
    with DelayProxy(server.address("farpty")) as proxy:
        execute(server, "true", to=target(server, proxy.address))  # the host is met: the dialogue is one connection
        before = len(proxy.stats()["connections"])
        execute(server, *DIALOGUE, stdin=INPUT, to=target(server, proxy.address))
        one = proxy.stats()["connections"][before]
        return {"up": one["up"]["in"], "down": one["down"]["in"]}


def test_a_cut_at_any_byte_changes_nothing():
    with native_server() as server:
        want = undisturbed(server)
        bytes_of = volume(server)
        points = [(way, at) for way in ("up", "down") for at in range(bytes_of[way] + 1)]
        random.Random(4).shuffle(points)
        wrong, unreached = [], 0
        for way, at in points[:SWEEP]:
            got = cut_at(server, f"{way}@{at}=cut")
            if (got.returncode, got.stdout) == (255, b"") and b"cannot connect to" in got.stderr:
                unreached += 1  # cut before the login was through: the command never ran, and the user is told
                continue
            if (got.returncode, got.stdout) != (want.returncode, want.stdout) or b"an error" not in got.stderr:
                wrong.append((way, at, got.returncode, len(got.stdout), got.stderr[-200:]))
        print(f"{len(points[:SWEEP])} cuts of {bytes_of} bytes, {unreached} of them before the login was through")
        assert not wrong, wrong


def test_a_shell_goes_on_after_a_cut_and_what_was_typed_meanwhile_arrives_once():
    with native_server("--", "bash", "--norc", "--noprofile", "-i") as server:
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
