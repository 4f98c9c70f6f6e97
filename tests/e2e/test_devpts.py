"""The second rung of the ladder: a /dev without pseudoterminals, on a kernel that lets farpty mount a devpts of its own."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from kit import Screen, connected, farpty_binary, need_program, serve, wait_until
from kit.emulated import as_user, home_of
from kit.need import need
from kit.paths import built, farpty_path
from kit.server import base_environment
from kit.shells import JOB, PROMPT, continued

BARE_DEV = [built("noptyrun"), "-l", "mount"]


@pytest.fixture(autouse=True)
def one_thread():
    need(b"__tsan_init" not in Path(farpty_path()).read_bytes(),
         "a binary without ThreadSanitizer, whose thread shares the file system: setns(2) refuses CLONE_NEWNS then")


@pytest.fixture(params=[0, 1000], ids=["root", "user"])
def uid(request):
    need(request.param == os.getuid() or os.getuid() == 0, "root")
    return request.param


def run(uid: int, *arguments: str, prefix=BARE_DEV, **more) -> subprocess.CompletedProcess[bytes]:
    with home_of(uid) as home:
        return subprocess.run(as_user(uid, [*prefix, *arguments]), capture_output=True, cwd=home, env=base_environment(home),
                              timeout=60, **({"stdin": subprocess.DEVNULL} | more))


def test_a_real_terminal(uid):
    done = run(uid, farpty_binary(), "run", "--size", "100x30", "--", "sh", "-c",
               "tty; stty size; test -c /dev/pts/0 && test -t 0 && test -r /proc/self/fd/0 && pwd")
    assert done.returncode == 0, done
    assert re.fullmatch(rb"/dev/pts/0\r\n30 100\r\n/.*farpty-test-.*\r\n", done.stdout), done


def test_who_one_is(uid):
    done = run(uid, farpty_binary(), "run", "--", "sh", "-c", "id -u; id -g; exit 3")
    assert (done.returncode, done.stdout) == (3, f"{uid}\r\n{uid}\r\n".encode()), done


def test_terminals_inside(uid):
    need_program("script")
    reading, writing = os.pipe()  # without an end, which script would echo somewhere
    try:
        done = run(uid, farpty_binary(), "run", "--", "script", "-qc", "tty; stty size", "/dev/null", stdin=reading)
    finally:
        os.close(reading)
        os.close(writing)
    assert done.stdout == b"/dev/pts/1\r\n24 80\r\n", done


def test_the_rest_of_dev_is_there_and_the_hosts_is_not_touched(uid):
    look = "ls /dev; wc -l </proc/self/mountinfo"
    done = run(uid, "sh", "-c", f"{look}; echo inside; {farpty_binary()} run -- sh -c 'ls /dev; echo x >/dev/null'; echo after; {look}")
    before, inside, after = re.split(r"inside\n|after\n", done.stdout.decode().replace("\r", ""))
    assert before == after
    assert inside.split() == sorted([*before.split()[:-1], "ptmx", "pts"])


def test_job_control(uid):
    with home_of(uid) as home:
        command = as_user(uid, [*BARE_DEV, farpty_binary(), "run", "--", "bash", "--norc", "--noprofile", "-i"])
        with Screen(command, environment=base_environment(home), cwd=str(home)) as screen:
            screen.wait_for(PROMPT)
            screen.line(JOB)
            screen.wait_for("\njob")
            screen.key("C-z")
            screen.wait_for(re.compile(r"Stopped.*\n\$ ?$"))
            screen.line("fg")
            continued(screen, 'sh -c .*cat"')
            screen.key("C-c")
            screen.wait_for(re.compile(r"\^C\n\$ ?$"))
            screen.line("exit 4")
            assert screen.wait_exit() == 4


def ask_for_the_terminal(screen: Screen, expected: str):
    screen.wait_for(PROMPT)
    screen.line("tty")
    screen.wait_for(f"\n{expected}\n")


def test_behind_a_door(uid):
    with serve("--any-local-user", "--kill-all", "--", "bash", "--norc", "--noprofile", "-i", prefix=BARE_DEV,
               uid=None if uid == os.getuid() else uid) as server:
        server.wait_log("terminals: a private devpts, because the host gives none: cannot open /dev/ptmx")
        with connected(server) as screen:
            ask_for_the_terminal(screen, "/dev/pts/0")
            with connected(server) as other:
                ask_for_the_terminal(other, "/dev/pts/1")
                screen.line("exit")
                screen.wait_exit()
                other.line("sleep 1000")
                wait_until(lambda: any(process.name == "sleep" for process in server.descendants()), "sleep to run")
        wait_until(lambda: not server.descendants(), "nothing to be left", describe=server.descendants)


def test_asked_for_where_the_kernel_has_its_own(uid):
    done = run(uid, farpty_binary(), "run", "--terminal", "devpts", "--", "tty", prefix=[])
    assert (done.returncode, done.stdout) == (0, b"/dev/pts/0\r\n"), done


def test_the_host_refuses(uid):
    done = run(uid, farpty_binary(), "run", "--terminal", "devpts", "--", "tty", prefix=[built("noptyrun")])
    assert done.returncode == 125 and b"cannot make a private devpts: " in done.stderr, done


def test_exit_by_signal(uid):
    done = run(uid, farpty_binary(), "run", "--", "sh", "-c", "kill -TERM $$")
    assert done.returncode == 128 + signal.SIGTERM


def test_doctor(uid):
    done = run(uid, farpty_binary(), "doctor")
    assert done.returncode == 0 and re.search(rb"^chosen +devpts$", done.stdout, re.MULTILINE), done
    assert b"An interactive shell is\npossible" in done.stdout
    assert (b"sudo and su" in done.stdout) == (uid != 0)
    assert b"/dev/tty: programs that ask for a password" in done.stdout
