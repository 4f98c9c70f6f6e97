"""`farpty run` and `farpty doctor`: on a kernel pty and, as on a host without ptys, on an emulated terminal."""

import os
import re
import shlex
import signal
import subprocess

import pytest
from kit import GENEROUS, Screen, farpty_binary, wait_until
from kit.emulated import as_user, emulated, emulated_command, home_of
from kit.need import need
from kit.paths import built
from kit.processes import children
from kit.server import base_environment


@pytest.fixture(params=["kernel", "emulated", "user"])
def run(request):
    """Runs farpty with a subcommand's arguments, not on a terminal."""
    uid = 1000 if request.param == "user" else os.getuid()
    need(uid == os.getuid() or os.getuid() == 0, "root")
    prefix = [] if request.param == "kernel" else [built("noptyrun")]

    def start(*arguments: str, **more) -> subprocess.CompletedProcess[bytes]:
        with home_of(uid) as home:
            return subprocess.run(as_user(uid, [*prefix, farpty_binary(), *arguments]), capture_output=True, cwd=home,
                                  env=base_environment(home), timeout=60, **({"stdin": subprocess.DEVNULL} | more))

    return start


def test_exit_statuses(run):
    assert run("run", "--", "sh", "-c", "exit 7").returncode == 7
    assert run("run", "--", "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM
    assert run("run", "--", "/no/such/program").returncode == 127
    assert run("run", "--", "/etc/passwd").returncode == 126
    assert run("run", "--terminal", "none", "--", "true").returncode == 125
    assert run("run", "--size", "0x0", "--", "true").returncode == 125


def test_a_terminal_without_one(run):
    done = run("run", "--size", "100x30", "--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && stty size; tty | sed 's/[0-9]*$//'")
    assert done.stdout == b"30 100\r\n/dev/pts/\r\n"


def test_a_scripted_shell(run):
    done = run("run", "--", "bash", "--norc", "-i", input=b"echo $((6 * 7))\nexit 3\n", stdin=None)
    assert (done.returncode, b"\r42\r\n" in done.stdout) == (3, True), done.stdout


def test_all_output_arrives(run):
    done = run("run", "--", "seq", "1", "200000")
    assert done.stdout.split() == [str(n).encode() for n in range(1, 200001)]


def test_lines_of_a_paste(run):
    lines = b"".join(b"line %d\n" % n for n in range(2000))
    done = run("run", "--", "sh", "-c", "stty -echo; echo ready; while read -r word number; do echo got$number; done", input=lines, stdin=None)
    assert re.findall(rb"got(\d+)", done.stdout) == [str(n).encode() for n in range(2000)]


def test_input_without_an_end_does_not_hide_the_programs(run):
    with open("/dev/zero", "rb") as endless:
        assert run("run", "--", "sh", "-c", "stty raw -echo; exit 3", stdin=endless).returncode == 3


def test_input_without_an_end_does_not_hide_a_signal():
    with home_of(os.getuid()) as home, open("/dev/zero", "rb") as endless:
        running = subprocess.Popen(emulated_command(["sh", "-c", "stty raw -echo; echo on; exec cat >/dev/null"]), stdin=endless,
                                   stdout=subprocess.PIPE, cwd=home, env=base_environment(home))
        assert running.stdout is not None
        assert running.stdout.readline().endswith(b"on\n")
        running.terminate()
        assert running.wait(GENEROUS) == 128 + signal.SIGTERM
        running.stdout.close()


def test_doctor(run):
    done = run("doctor")
    assert done.returncode == 0 and b"An interactive shell is possible" in done.stdout, done
    assert re.search(rb"^emulated terminals +yes$", done.stdout, re.MULTILINE)


def test_a_doctor_without_a_shell(run):
    """He has his own executable look, which says by its exit status whether it sees the terminal of the trial."""
    look = [farpty_binary(), "doctor", "--look"]
    assert run("run", "--size", "77x7", "--", *look).returncode == 0
    assert run("run", "--size", "77x8", "--", *look).returncode == 1
    assert run("run", "--terminal", "pipes", "--", *look).returncode == 1


def test_the_users_terminal_is_as_it_was():
    with emulated(["sh", "-c", "stty raw -echo; echo ready; sleep 1000"]) as screen:
        before = Screen(["true"]).attributes()
        screen.wait_for("ready")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.wait_exit() == 128 + signal.SIGTERM
        wait_until(lambda: screen.attributes()[3] == before[3], "the terminal's modes to be back")


def test_a_background_program_of_the_ended_session_gets_eio(tmp_path):
    """nohup'd work goes on; its writes to the terminal fail, as when the kernel hangs up."""
    seen = tmp_path / "seen"
    script = f"trap '' HUP; (while printf x 2>/dev/null; do sleep 0.01; done; echo ended >{seen}) & sleep 0.1"
    with emulated(["bash", "-c", script]) as screen:
        assert screen.wait_exit() == 0
    wait_until(lambda: seen.exists() and seen.read_text() == "ended\n", "the background program to be told")


def test_suspended_and_continued():
    """By the shell above, which has its terminal meanwhile; the size that was missed is told."""
    inside = "trap 'echo now $(stty size)' WINCH; stty raw; echo re''ady; while :; do sleep 0.1; done"
    command = shlex.join(emulated_command(["sh", "-c", inside]))
    with home_of(os.getuid()) as home, Screen(["bash", "--norc", "--noprofile", "-i"], environment=base_environment(home), cwd=str(home)) as screen:
        prompt = re.compile(r"\$ ?$")
        screen.wait_for(prompt)
        screen.line(command)
        screen.wait_for("ready")  # which is not in the line that was typed, wherever that wraps
        run = next(process for process in children(screen.process.pid) if process.name == "farpty")
        os.kill(run.pid, signal.SIGTSTP)
        screen.wait_for("Stopped")
        screen.line("echo the shell is ba''ck")
        screen.wait_for("the shell is back")
        screen.resize(100, 40)
        screen.line("fg")
        screen.wait_for("now 40 100")
        os.kill(run.pid, signal.SIGTERM)
        screen.wait_for(prompt)
