"""The two suites and how a test of them is played on a terminal of one kind; what comes of it is for run.py to compare.

A test has a session of its own, a home of its own and, where this machine lets root mount one, a /tmp of its own: some of the
tests write files of fixed names there, and two are played at a time.
"""

import contextlib
import functools
import os
import platform
import re
import shutil
import subprocess
import tempfile
import time
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from kit import processes
from kit.emulated import REFUSED, as_user, emulated_command
from kit.screen import Screen

FOREIGN = Path(__file__).resolve().parents[2] / "build/foreign"
SIDES = ("kernel", "emulated")
PATIENCE = 600
"""Seconds for one test, on a busy machine."""
OUTSIDE = "/var/tmp"
"""Where our own files lie: /tmp may be the test's."""
tempfile.tempdir = OUTSIDE

PYTHON = {
    "test_pty": "*", "test_openpty": "*", "test_ioctl": "*", "test_curses": "*", "test_readline": "*", "test_getpass": "*",
    "test_builtin": "*", "test_os": "*", "test_posix": "*", "test_shutil": "*erminal*", "test_file": "*", "test_fileio": "*",
    "test_io": "*", "test_fileinput": "*", "test_fcntl": "*", "test_poll": "*", "test_select": "*", "test_selectors": "*",
    "test_signal": "*", "test_subprocess": "*", "test_cmd_line": "*", "test_cmd": "*", "test_code": "*", "test_pdb": "*",
    "test_asyncio": "*pty*",
}
"""Modules of python's suite, and which tests of them; `*`: all. Its 3.11 has none for the modules termios and tty alone."""
UNCAPTURED = ["test_builtin.PtyTests"]
"""Classes that ask for a terminal as their standard output, which the runner of the suite takes away for its report."""

Results = dict[str, str]
"""Name of a case: how it came out."""


class Suite(NamedTuple):
    tests: Callable[[], list[str]]
    run: Callable[[str, str, int], Results]
    """Side, test, user id."""


@contextlib.contextmanager
def prepared(uids: list[int]) -> Iterator[None]:
    """What all tests share is made before they part into processes, and removed after them."""
    for uid in uids:
        as_user(uid, emulated_command(["true"]))  # copies what was built to where everybody can run it
    has_own_tmp()
    elsewhere = any(uid != os.getuid() for uid in uids)
    try:
        if elsewhere:
            shared_copy()
        yield
    finally:
        if elsewhere:
            shutil.rmtree(shared_copy(), ignore_errors=True)


# -- one session on one terminal


class Place(NamedTuple):
    """Where a test of one side is played: folders of its own, and whose they are."""
    folder: Path
    home: Path
    uid: int

    @property
    def tmp(self) -> Path:
        """As the test names it."""
        return Path("/tmp") if has_own_tmp() else self.folder / "tmp"


@functools.cache
def has_own_tmp() -> bool:
    """Whether root may mount here."""
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/tmp"], stderr=subprocess.DEVNULL, check=False).returncode == 0


@contextlib.contextmanager
def place(uid: int) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="farpty-foreign-") as name:
        folder, home = Path(name), Path(name) / "home"
        home.mkdir()
        (folder / "tmp").mkdir()
        yield Place(folder, home, uid)
        for process in processes.with_environment("HOME", str(home)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, 9)


def play(side: str, argv: list[str], where: Place, cwd: Path, more: dict[str, str]) -> int | None:
    """Runs the command in a session on that terminal. Its exit status; None: it had to be ended."""
    for path in (where.folder, *where.folder.rglob("*")):
        os.chown(path, where.uid, where.uid, follow_symlinks=False)
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": str(where.home), "TERM": "xterm", "LANG": "C.UTF-8",
                   "SHELL": "/bin/sh", "TMPDIR": str(where.tmp), "USER": "tester", "LOGNAME": "tester"} | more
    command = as_user(where.uid, argv if side == "kernel" else emulated_command(argv, mode=REFUSED))
    if has_own_tmp():
        command = ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /tmp && exec "$@"', str(where.folder / "tmp"), *command]
    with Screen(command, environment=environment, cwd=str(cwd), owner=where.uid) as screen:
        end = time.monotonic() + PATIENCE
        while screen.process.poll() is None:
            if time.monotonic() > end:
                return None
            screen.pump(0.2)
            screen.raw = screen.raw[-4096:]
        while screen.pump(0):
            pass
        return screen.process.returncode


def readable_by(uid: int, what: str) -> Path:
    """A folder of the suites where that user can read it."""
    return FOREIGN / what if uid == os.getuid() else shared_copy() / what


@functools.cache
def shared_copy() -> Path:
    copy = Path(tempfile.mkdtemp(prefix="farpty-foreign-shared-"))
    shutil.copytree(FOREIGN / "python", copy / "python")
    copy.chmod(0o755)
    return copy


# -- bash


def bash_tests() -> list[str]:
    """All of its scripts but the two that run the others."""
    apart = {"run-all", "run-minimal"}
    return sorted(path.name[4:] for path in (FOREIGN / "bash/tests").glob("run-*") if path.name not in apart)


def run_bash(side: str, test: str, uid: int, suite: str = "bash", shell: Path | None = None) -> Results:
    """One case for each script run-*: what it prints, which is where it differs from what bash's authors expect. `shell`: instead of
    Debian's, under its name as far as the tests see it."""
    with place(uid) as where:
        if shell:
            (where.folder / "bin").mkdir()
            shutil.copy(shell, where.folder / "bin/bash")
        tests = where.folder / "tests"
        shutil.copytree(FOREIGN / "bash/tests", tests)
        more = {"THIS_SH": str(where.folder / "bin/bash") if shell else "/bin/bash", "BUILD_DIR": str(where.folder), "BASH_TSTOUT": f"{where.tmp}/out",
                "PATH": ".:/usr/local/bin:/usr/bin:/bin"}
        status = play(side, ["sh", "-c", f"exec sh ./run-{test} >{where.folder}/result 2>&1"], where, tests, more)
        said = (where.folder / "result").read_text(errors="replace").replace(str(where.folder), "FOLDER")
    lines = [line for line in said.splitlines() if not line.lower().startswith("warning: ")]
    outcome = "never ended" if status is None else "passes" if not lines and status == 0 else "\n".join([f"status {status}", *lines])
    return {f"{suite}/{test}": outcome}


FARPTY_SH = Path(os.environ.get("FARPTY_SH", FOREIGN.parent / f"farpty-sh/farpty-sh-{platform.machine()}-linux")).resolve()


def farpty_sh_tests() -> list[str]:
    """Job control, read, redirection, and what is near to them; none where it was not built (make farpty-sh)."""
    wanted = ("jobs", "trap", "lastpipe", "coproc", "read", "redir", "heredoc", "herestr", "procsub", "vredir", "mapfile", "invert", "exp-tests")
    return [test for test in bash_tests() if test in wanted] if FARPTY_SH.exists() else []


def run_farpty_sh(side: str, test: str, uid: int) -> Results:
    """Debian's bash on a kernel pty; on an emulated terminal farpty-sh."""
    return run_bash(side, test, uid, "farpty-sh", None if side == "kernel" else FARPTY_SH)


# -- python


def python_tests() -> list[str]:
    return [*PYTHON, *UNCAPTURED]


def run_python(side: str, test: str, uid: int) -> Results:
    """One case for each test method, and one for the module as a whole."""
    if test in UNCAPTURED:
        return run_uncaptured(side, test, uid)
    with place(uid) as where:
        report = where.folder / "report.xml"
        argv = ["/usr/bin/python3", "-m", "test", "-u", "curses", "--junit-xml", str(report), test]
        if PYTHON[test] != "*":
            argv[-1:-1] = ["-m", PYTHON[test]]
        status = play_python(side, argv, where)
        results = {f"python/{test}": "never ended" if status is None else "passes" if status == 0 else f"status {status}"}
        if report.exists():
            for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
                name = f"python/{test}/{case.get('name', '').removeprefix('test.')}"
                results[name] = outcome_of(case).replace(str(where.folder), "FOLDER")
    return results


def play_python(side: str, argv: list[str], where: Place) -> int | None:
    (where.folder / "work").mkdir()
    return play(side, argv, where, where.folder / "work",
                {"PYTHONPATH": str(readable_by(where.uid, "python")), "PYTHONDONTWRITEBYTECODE": "1"})


def run_uncaptured(side: str, test: str, uid: int) -> Results:
    with place(uid) as where:
        said = where.folder / "said"
        status = play_python(side, ["sh", "-c", f"exec /usr/bin/python3 -m unittest -v test.{test} 2>{said}"], where)
        cases = re.findall(r"^(\w+) \(.*\) \.\.\. (?:.*\n)*?(?:.*\.\.\. )?(ok|FAIL|ERROR|skipped .*)$", said.read_text(errors="replace"), re.MULTILINE)
    results = {f"python/{test}": "never ended" if status is None else "passes" if status == 0 else f"status {status}"}
    return results | {f"python/{test}/{name}": "passes" if outcome == "ok" else outcome for name, outcome in cases}


def outcome_of(case: xml.etree.ElementTree.Element) -> str:
    for kind in ("error", "failure", "skipped"):
        found = case.find(kind)
        if found is not None:
            last = (found.text or found.get("message") or "").strip().splitlines()
            return f"{kind}: {last[-1] if last else ''}".strip()
    return "passes" if case.get("result", "completed") == "completed" else str(case.get("result"))


def loosely(outcome: str) -> str:
    """Without what differs from run to run: numbers of processes and descriptors, addresses, times."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "N", outcome)


SUITES = {"bash": Suite(bash_tests, run_bash), "farpty-sh": Suite(farpty_sh_tests, run_farpty_sh), "python": Suite(python_tests, run_python)}
