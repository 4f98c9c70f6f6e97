"""poll(2) of a terminal whose output is stopped, on a host without ptys: who may not wait would write in vain, again and again."""

import subprocess

import pytest

from kit.emulated import as_user, emulated_command, home_of
from kit.paths import built
from kit.server import base_environment, farpty_binary
from kit.wait import GENEROUS

# The answers are told by a file, for the terminal's output is stopped. Whether the child lets it go on before or after its parent
# waits does not matter.
SCRIPT = r"""
import os, select, sys, termios
told = open(sys.argv[1], "w")
poll, read_end, write_end = select.poll(), *os.pipe()
poll.register(1, select.POLLOUT)
poll.register(read_end, select.POLLIN)
os.set_blocking(1, False)
def say(what, *answer):
    print(what, *answer, file=told, flush=True)
def names(found):
    return sorted({1: "terminal", read_end: "pipe"}[fd] for fd, _ in found)
say("runs", *names(poll.poll(0)))
termios.tcflow(1, termios.TCOOFF)
say("stopped", *names(poll.poll(0)))
say("waited", *names(poll.poll(50)))
try:
    os.write(1, b"x")
except BlockingIOError:
    say("refused")
os.write(write_end, b"x")
say("other", *names(poll.poll()))
os.read(read_end, 1)
child = os.fork()
if child == 0:
    termios.tcflow(1, termios.TCOON)
    os._exit(0)
say("started", *names(poll.poll()))
say("wrote", os.write(1, b"x"))
os.waitpid(child, 0)
"""


def test_poll_while_output_is_stopped(uid):
    with home_of(uid) as home:
        (home / "script.py").write_text(SCRIPT)
        command = as_user(uid, emulated_command(["/usr/bin/python3", str(home / "script.py"), str(home / "told")]))
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=home,
                              env=base_environment(home), timeout=300, check=False)
        assert done.returncode == 0, done.stdout
        assert (home / "told").read_text().splitlines() == [
            "runs terminal", "stopped", "waited", "refused", "other pipe", "started terminal", "wrote 1"]


@pytest.mark.parametrize("terminal", ["kernel", "emulated"])
@pytest.mark.parametrize("program", ["ttyuser", "ttyuser-static"])
def test_every_way_to_ask_while_output_is_stopped(uid, program, terminal):
    with home_of(uid) as home:
        told = home / "told"
        argv = ["sh", "-c", f"exec {built(program)} stopped 2>{told}"]
        whole = emulated_command(argv) if terminal == "emulated" else [farpty_binary(), "run", "--terminal", terminal, "--", *argv]
        done = subprocess.run(as_user(uid, whole), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              cwd=home, env=base_environment(home), timeout=GENEROUS, check=False)
        assert done.returncode == 0, done.stdout
        one = ["runs 1", "stopped 0", "write -1 Resource temporarily unavailable", "started 1", "write 1"]
        assert told.read_text().splitlines() == 3 * one
