"""`farpty serve` on a host without ptys: the doors hand out emulated terminals, as root and as a user."""

import os
import re

import pytest
from kit import Screen, connected, need, serve, wait_until
from kit.emulated import as_user, home_of
from kit.paths import built
from kit.server import base_environment, farpty_binary
from kit.shells import BASH, JOB, PROMPT, continued


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def server(request):
    need(request.param == os.getuid() or os.getuid() == 0, "root")
    uid = None if request.param == os.getuid() else request.param
    with serve("--any-local-user", "--kill-all", "--", *BASH, prefix=[built("noptyrun")], uid=uid,
               listen=["raw://127.0.0.1:0", "telnet://127.0.0.1:0"]) as running:
        yield running


def test_the_log_says_so(server):
    server.wait_log("terminals: emulated, because the kernel gives none: cannot open /dev/ptmx")


@pytest.mark.parametrize("scheme", ["raw", "telnet"])
def test_job_control_behind_a_door(server, scheme):
    with connected(server, scheme=scheme) as screen:
        screen.wait_for(PROMPT)
        screen.line("tty; stty size")
        screen.wait_for(re.compile(r"/dev/pts/0\n24 80\n\$ ?$"))
        screen.line(JOB)
        screen.wait_for("\njob")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n\$ ?$"))
        screen.line("fg")
        continued(screen, 'sh -c .*cat"')
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$ ?$"))
        screen.line("exit 5")
        screen.wait_exit()


def test_the_window_follows(server):
    with connected(server, scheme="telnet") as screen:
        screen.wait_for(PROMPT)
        screen.line("trap 'echo now $(stty size)' WINCH; echo set")
        screen.wait_for(re.compile(r"^set\n\$$", re.MULTILINE))
        screen.resize(70, 20)
        screen.wait_for("now 20 70")


def test_sessions_do_not_see_each_other(server):
    with connected(server) as one, connected(server) as other:
        for screen in (one, other):
            screen.wait_for(PROMPT)
        one.line("sleep 1000")
        wait_until(lambda: any(process.name == "sleep" for process in server.descendants()), "sleep to run")
        other.line("echo $(ls -l /proc/$$/fd/0 | grep -o 'socket:.*'); tty")
        other.wait_for(re.compile(r"/dev/pts/0\n\$ ?$"))
        prompts = other.raw.count(b"$ ")
        other.key("C-c")
        # A shell that is interrupted drops the key that it was just reading, on any terminal; where its prompt stands then
        # depends on whether it was reading already.
        other.wait_for(lambda screen: screen.raw.count(b"$ ") > prompts)
        other.line("echo still here")
        other.wait_for("\nstill here")
        assert any(process.name == "sleep" for process in server.descendants())


def test_a_peer_that_vanishes_takes_its_session_along(server):
    with connected(server) as screen:
        screen.wait_for(PROMPT)
        screen.line("cat & sleep 1000")
        wait_until(lambda: any(process.name == "sleep" for process in server.descendants()), "sleep to run")
        screen.process.kill()
    server.wait_idle()
    wait_until(lambda: not server.descendants(), "nothing to be left", describe=server.descendants)


def test_the_sandbox_needs_a_kernel_pty():
    need(os.getuid() == 0, "root, to become a user")
    command = [built("noptyrun"), farpty_binary(), "serve", "--listen", "raw://127.0.0.1:0", "--sandbox", "--", *BASH]
    with home_of(1000) as home, Screen(as_user(1000, command), cwd=str(home), environment=base_environment(home)) as screen:
        assert screen.wait_exit() == 1
        assert "emulated terminal needs a socket" in screen.unwrapped
