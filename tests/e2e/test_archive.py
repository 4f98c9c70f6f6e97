"""Static programs that are linked to libfarpty.a, on a host without ptys: the same screens as on a kernel pty, without a listener."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from kit import Screen, farpty_binary, need, need_program, wait_until
from kit.emulated import assert_same_as_kernel, emulated
from kit.paths import ROOT
from kit.processes import descendants
from kit.shells import BASH, PROMPT, UNTIL_STOPPED, shell

EXAMPLE = ROOT / "examples/static-terminal"
HERE = Path(__file__).resolve().parent


def processor(file: Path) -> bytes:
    """elf(5), e_machine: of an object, or of an archive's first one."""
    contents = file.read_bytes()
    start = contents.index(b"\x7fELF")
    return contents[start + 18 : start + 20]


def archive() -> Path:
    """Of the build under test, or another one for this processor; it has no sanitizers in any."""
    places = [Path(farpty_binary()).parent, *sorted((ROOT / "build").glob("*"))]
    here = processor(Path(sys.executable))
    found = [file for place in places if (file := place / "libfarpty.a").exists() and processor(file) == here]
    need(found, "libfarpty.a (cmake --build --preset release --target farpty_archive)")
    return found[0]


@pytest.fixture(scope="module")
def folder():
    """A folder that anybody may enter: not pytest's, which another run of pytest closes again."""
    with tempfile.TemporaryDirectory(prefix="farpty-test-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def ask(folder):
    """The example, made as its README says."""
    need_program("musl-gcc", "musl-tools")
    for name in ("ask.c", "Makefile"):
        (folder / name).write_bytes((EXAMPLE / name).read_bytes())
    subprocess.run([need_program("make"), "-s", "-C", folder, "ask", f"ARCHIVE={archive()}"], check=True, stdin=subprocess.DEVNULL)
    return str(folder / "ask")


@pytest.fixture(scope="module")
def program(folder):
    """tests/e2e/programs/archive.c: it uses stdio and names the archive itself."""
    compiler = need_program("musl-gcc", "musl-tools")
    made = folder / "archive"
    subprocess.run([compiler, "-static", "-o", made, HERE / "programs/archive.c", "-Wl,-u,farpty_archive", archive()], check=True)
    return str(made)


def answered(screen: Screen):
    screen.wait_for("press a key:")
    screen.send("x")
    screen.wait_for("the key was 120\npassword:")
    screen.line("secret")
    screen.wait_for("6 characters\nline:")
    yield
    screen.send("a lime\x7f\x7fne\r")
    screen.wait_for("read 'a line'\nline:")
    screen.send("part\x04\x04")
    screen.wait_for("read 'part'\nline:")
    yield
    screen.key("C-d")
    screen.wait_for("end of file")
    yield


def test_the_example(ask, uid):
    assert_same_as_kernel([ask], answered, uid=uid)


def wait_continued(screen: Screen, name: str) -> None:
    """After `fg`: bash gives the terminal away before it sends SIGCONT, and after it has named the job."""
    def runs() -> bool:
        screen.pump(0)
        return any(process.name == name and process.state != "T" for process in descendants(screen.process.pid))

    wait_until(runs, f"{name} to run again", describe=lambda: screen.text)


def test_job_control(ask, uid):
    def dialogue(screen: Screen):
        screen.wait_for(PROMPT)
        screen.line(ask)
        screen.wait_for("press a key:")
        screen.key("C-z")
        screen.wait_for(re.compile(r"Stopped.*\n\$$"))
        screen.line("fg")
        wait_continued(screen, "ask")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n\$$"))
        yield
        screen.line(f"stty sane; clear; {ask} & {UNTIL_STOPPED}; jobs")
        screen.wait_for(re.compile(r"Stopped.*\n(.*\n)*\$$"))
        yield
        screen.line("clear; fg")
        screen.wait_for(re.compile(r"press a key:$"))
        screen.key("C-c")
        screen.wait_for(re.compile(r"press a key:\n\$$"))
        yield

    assert_same_as_kernel(BASH, dialogue, uid=uid)


def test_a_terminal_by_stdio_alone(program, uid):
    def dialogue(screen: Screen):
        screen.wait_for("ready")
        screen.line("a line")
        screen.wait_for("one, read a line")
        screen.key("C-d")
        screen.wait_for("end of file: 1")
        screen.line("this")
        screen.wait_for("and then this")
        yield

    assert_same_as_kernel([program, "stdio"], dialogue, uid=uid)


def test_what_it_executes(program, uid):
    busybox = need_program("busybox", "busybox-static")
    tools = [f"{program} execute {name}" for name in ("/usr/bin/tty", "/bin/stty size", f"{busybox} stty size", f"{program} execute /usr/bin/tty")]
    assert_same_as_kernel(BASH, shell(*tools), uid=uid)


def filters(pid: int) -> int:
    """How many seccomp filters stand before its system calls: the one of noptyrun, and the listener's."""
    return int(re.search(r"^Seccomp_filters:\s+(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1])


def test_it_is_not_listened_to(ask):
    with emulated([ask]) as screen:
        screen.wait_for("press a key:")
        running = {process.name: process.pid for process in descendants(screen.process.pid)}
        assert filters(running["ask"]) == filters(screen.process.pid)


def test_without_a_terminal(ask):
    done = subprocess.run([ask], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "ask: standard input is no terminal\n")
