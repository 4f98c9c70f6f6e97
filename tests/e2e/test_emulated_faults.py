"""What programs, and the machine, do to an emulated terminal that must not matter: to other sessions, to the server, to whoever
sits at it."""

import contextlib
import os
import random
import re
import signal
import struct
from pathlib import Path

import pytest
from kit import Screen, connected, need, serve, wait_until
from kit.emulated import emulated, wait_running
from kit.processes import descendants, read_process
from kit.shells import BASH, JOB, PROMPT

HOSTILE = f"/usr/bin/python3 {Path(__file__).resolve().parent}/programs/hostile.py"
NOBODY_ELSE = 61888
"""A user who has no other processes on this machine."""
SERVED = ("--terminal", "emulated", "--any-local-user", "--kill-all")


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("FARPTY_SEED", random.randrange(2**31)))
    print(f"FARPTY_SEED={chosen}")
    return chosen


@pytest.fixture
def server():
    with serve(*SERVED, "--", *BASH) as running:
        yield running


def still_works(screen: Screen, word: str) -> None:
    """A line is read, and a program finds the terminal. The screen holds little else."""
    screen.line(f"clear; stty sane; stty size; echo {word}''")
    screen.wait_for(re.compile(rf"^24 80\n{word}\n\$$", re.MULTILINE))


@contextlib.contextmanager
def two_sessions(server):
    with connected(server) as one, connected(server) as other:
        for screen in (one, other):
            screen.wait_for(PROMPT)
        yield one, other
        still_works(other, "other")
        still_works(one, "one")


def test_programs_killed_at_any_instant(seed):
    chance = random.Random(seed)
    with emulated(BASH) as screen:
        screen.wait_for(PROMPT)
        for turn in range(8):
            screen.line(f"stty sane; clear; {HOSTILE} busy; echo killed{turn}''")
            wait_running(screen, "python3")
            victim = next(process for process in descendants(screen.process.pid) if process.name == "python3")
            screen.wait_still(chance.random() * 0.2)  # waits for nothing: any instant will do
            os.kill(victim.pid, signal.SIGKILL)
            screen.wait_for(re.compile(rf"^killed{turn}$", re.MULTILINE))
        still_works(screen, "fine")


def test_the_page_is_the_devices_alone(server):
    with two_sessions(server) as (hostile, _):
        hostile.line(f"clear; {HOSTILE} page")
        hostile.wait_for(re.compile(r"shrink EPERM\ngrow EPERM\nwrite EPERM\nmap EPERM\nsize .*columns=80, lines=24"))


def test_wishes_of_any_content(server, seed):
    with two_sessions(server) as (hostile, _):
        hostile.line(f"clear; {HOSTILE} wishes {seed}")
        hostile.wait_for("shrink EPERM\ngrow EPERM\nscribbled, restored True")


def test_the_group_of_another_session_is_not_interrupted(server):
    with two_sessions(server) as (hostile, other):
        other.line("trap 'echo no''tified' INT HUP TERM; echo read''y; cat")
        other.wait_for("ready")
        wait_until(lambda: any(process.name == "cat" for process in server.descendants()), "cat to run")
        victim = next(process for process in server.descendants() if process.name == "cat")
        hostile.line(f"clear; {HOSTILE} forge {victim.pid}")
        hostile.wait_for("forged, foreground as before")
        hostile.line(JOB)
        hostile.wait_for("\njob")
        hostile.key("C-c")
        hostile.wait_for(re.compile(r"\^C\n\$ ?$"))
        other.line("still here")
        other.wait_for("still here\nstill here")
        other.key("C-d")
        other.wait_for(PROMPT)
        assert "notified" not in other.text


def test_a_flood_of_requests_is_its_own_sessions_matter(server):
    with two_sessions(server) as (hostile, other):
        hostile.line(f"{HOSTILE} flood")
        hostile.wait_for(re.compile("^flooding$", re.MULTILINE))
        still_works(other, "meanwhile")
        hostile.key("C-c")
        hostile.wait_for(re.compile(r"KeyboardInterrupt\n+\$ ?$"))


def test_two_thousand_terminals(server):
    """Eight sessions of one server, each with one of the server's making and 249 of its programs'."""
    sessions, each = 8, 249
    with contextlib.ExitStack() as stack:
        screens = [stack.enter_context(connected(server)) for _ in range(sessions)]
        for screen in screens:
            screen.wait_for(PROMPT)
            screen.line(f"ulimit -n {4 * each}; {HOSTILE} pairs {each}")
        for screen in screens:
            screen.wait_for(re.compile(f"^pairs {each}$", re.MULTILINE))
        for number, screen in enumerate(screens):
            screen.line("")
            screen.wait_for(re.compile(r"^\n?\$ ?$", re.MULTILINE))
            still_works(screen, f"session{number}")


def test_a_program_that_may_open_nothing(server):
    """A request needs one descriptor and finds none: the call fails, and nothing else."""
    with two_sessions(server) as (poor, _):
        poor.line("clear; (ulimit -n 3; stty -echo; stty size); echo done''")
        poor.wait_for(re.compile(r"done\n\$ ?$"))


def test_a_device_without_descriptors():
    """A program makes pairs until the server has no descriptor left; its other sessions go on, and it gets some back."""
    with serve(*SERVED, "--", *BASH, prefix=["prlimit", "--nofile=80:80"]) as server, two_sessions(server) as (greedy, other):
        greedy.line(f"ulimit -n 80; clear; {HOSTILE} pairs 200")
        greedy.wait_for(re.compile(r"^no more\npairs \d+$", re.MULTILINE))
        other.line("clear; echo still he''re; read x; echo got $x")
        other.wait_for(re.compile("^still here$", re.MULTILINE))
        other.line("typed")
        other.wait_for("got typed")
        greedy.line("")
        greedy.wait_for(PROMPT)


def test_processes_up_to_the_limit():
    need(os.getuid() == 0, "root, to become a user whose processes are counted")
    with serve(*SERVED, "--rlimit", "nproc=40", "--", *BASH, uid=NOBODY_ELSE) as limited, connected(limited) as screen:
        screen.wait_for(PROMPT)
        screen.line("for i in $(seq 100); do sleep 1000 & done; echo bo''mb")
        screen.wait_for("retry")
        screen.key("C-c")
        screen.wait_for(PROMPT)

        def sleeping() -> list[int]:
            return [process.pid for process in limited.descendants() if process.name == "sleep"]

        for pid in sleeping():
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not sleeping(), "the shell to have been told of each")
        still_works(screen, "fine")


@pytest.mark.parametrize("way, says", [("bare", r"opened \['/dev/pts/0', '/dev/pts/0', '/dev/pts/0'\] True"),
                                       ("dup2", r"stormed \[False, False, False, False\] True")])
def test_descriptors_that_change(server, way, says):
    with two_sessions(server) as (screen, _):
        screen.line(f"clear; {HOSTILE} {way}")
        screen.wait_for(re.compile(says))


def test_an_executable_of_another_machine_is_told_of_once(tmp_path):
    """Neither library nor listener can serve it. One line in each session says so; the rest is the kernel's answer."""
    foreign = tmp_path / "foreign"
    machine = {"x86_64": 183, "aarch64": 62}[os.uname().machine]  # the other one's, elf(5)
    foreign.write_bytes(b"\x7fELF\2\1\1" + bytes(9) + struct.pack("HHI", 2, machine, 1) + bytes(40))
    foreign.chmod(0o755)
    with emulated(BASH) as screen:
        screen.wait_for(PROMPT)
        screen.line(f"clear; cd {tmp_path}; clear; ./foreign; ./foreign; echo status $?")
        screen.wait_for(re.compile(r"status 126\n\$$"))
        assert screen.text.count("farpty: ./foreign sees no terminal: it is made for another kind of processor") == 1, screen.text
        assert screen.text.count("Exec format error") == 2
        still_works(screen, "fine")


def test_a_request_that_nobody_answers_any_more(tmp_path):
    """The device takes no more requests, and then it is gone: whoever waits is told."""
    ready, go, log = tmp_path / "ready", tmp_path / "go", tmp_path / "log"
    script = f"""
import errno, os, signal, termios, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
termios.tcflush(0, termios.TCIFLUSH)
log = open({str(log)!r}, "w", buffering=1)
open({str(ready)!r}, "w").close()
while not os.path.exists({str(go)!r}):
    time.sleep(0.01)
print("asks", file=log)
try:
    termios.tcflush(0, termios.TCIFLUSH)
except termios.error as error:
    print(errno.errorcode[error.args[0]], file=log)
"""
    with emulated(["/usr/bin/python3", "-c", script]) as screen:
        wait_until(lambda: screen.pump(0) or ready.exists(), "the program to be there")
        everyone = descendants(screen.process.pid)
        os.kill(screen.process.pid, signal.SIGSTOP)
        wait_until(lambda: (now := read_process(screen.process.pid)) and now.state == "T", "the device to be stopped")
        go.touch()
        wait_until(lambda: "asks" in log.read_text(), "the program to ask")
        os.kill(screen.process.pid, signal.SIGKILL)
        wait_until(lambda: log.read_text().split() == ["asks", "EIO"], "the program to be told", describe=log.read_text)
        wait_until(lambda: not any((now := read_process(process.pid)) and now.state not in "ZX" for process in everyone),
                   "nobody to be left")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_device(number, tmp_path):
    """A reader and a writer that ignore SIGHUP are told by what their calls return; the leader, and by it its job, by the signal."""
    log, ready = tmp_path / "log", tmp_path / "ready"
    # Who is forked ignores the signal from its first moment; what is written may wrap anywhere.
    script = (f"exec 3>>{log}; trap '' HUP; "
              "(while read -r x; do :; done; echo 'read ended' >&3) <&0 & "
              "(while printf x 2>/dev/null; do sleep 0.02; done; echo 'write failed' >&3) & "
              f"trap 'echo hup >&3; exit' HUP; touch {ready}; while :; do sleep 0.05; done")
    with emulated(["bash", "-c", script]) as screen:
        wait_until(lambda: screen.pump(0) or ready.exists(), "all to be there")
        everyone = descendants(screen.process.pid)
        os.kill(screen.process.pid, number)
        wait_until(lambda: log.exists() and sorted(log.read_text().splitlines()) == ["hup", "read ended", "write failed"],
                   "all to be told", describe=lambda: log.read_text() if log.exists() else "nothing")
        # Orphans that nobody has waited for yet are no programs any more.
        wait_until(lambda: not any((now := read_process(process.pid)) and now.state not in "ZX" for process in everyone),
                   "nobody to be left")
