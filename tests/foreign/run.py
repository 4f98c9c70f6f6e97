#!/usr/bin/python3
"""Two suites that nobody here wrote, on a kernel pty and on the emulated terminal: `make foreign`.

    tests/foreign/run.py [--suite bash|python] [--uid N] [--report FILE] [TEST]...

Plays bash's own tests and those of python3.11-testsuite that have to do with terminals (build/foreign, see fetch), each in a
session of its own: once with a kernel pty as its terminal, once with `farpty run --terminal emulated` on a host whose
ptys are refused (tests/kit/noptyrun). What counts is that both sides say the same, not that they pass: a bash of another
locale or a python of another patch level fails some of its tests anywhere. A test that comes out differently is played again
on both, for some of them depend on time: it differs where no outcome of the one is among those of the other.

Exit status 0: each difference is listed in `deviations`, with its reason, and none is listed that is none; 1: not so.
"""

import argparse
import contextlib
import fnmatch
import os
import re
import shutil
import sys
import tempfile
import time
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from kit import processes  # noqa: E402
from kit.emulated import REFUSED, as_user, emulated_command  # noqa: E402
from kit.screen import Screen  # noqa: E402

FOREIGN = ROOT / "build/foreign"
SIDES = ("kernel", "emulated")
TRIES = 4
PATIENCE = 600  # seconds for one test, on a busy machine

# Modules of python's suite, and which tests of them; `*`: all.
PYTHON = {
    "test_pty": "*", "test_openpty": "*", "test_ioctl": "*", "test_curses": "*", "test_readline": "*", "test_getpass": "*",
    "test_builtin": "*", "test_os": "*", "test_posix": "*", "test_shutil": "*erminal*", "test_file": "*", "test_fileio": "*",
    "test_io": "*", "test_fileinput": "*", "test_fcntl": "*", "test_poll": "*", "test_select": "*", "test_selectors": "*",
    "test_signal": "*", "test_subprocess": "*", "test_cmd_line": "*", "test_cmd": "*", "test_code": "*", "test_pdb": "*",
    "test_asyncio": "*pty*",
}

Results = dict[str, str]
"""Name of a case: how it came out."""


class Deviation(NamedTuple):
    pattern: str
    reason: str


def deviations() -> list[Deviation]:
    found = []
    for line in (Path(__file__).parent / "deviations").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, _, reason = line.partition(" ")
            found.append(Deviation(pattern, reason.strip()))
    return found


# -- one session on one terminal


class Place(NamedTuple):
    """Where a test of one side is played: folders of its own, and whose they are."""
    folder: Path
    home: Path
    uid: int


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
                   "SHELL": "/bin/sh", "TMPDIR": str(where.folder / "tmp"), "USER": "tester", "LOGNAME": "tester"} | more
    command = argv if side == "kernel" else emulated_command(argv, mode=REFUSED)
    with Screen(as_user(where.uid, command), environment=environment, cwd=str(cwd), owner=where.uid) as screen:
        end = time.monotonic() + PATIENCE
        while screen.process.poll() is None:
            if time.monotonic() > end:
                return None
            screen.pump(0.2)
            screen.raw = screen.raw[-4096:]
        while screen.pump(0):
            pass
        return screen.process.returncode


# -- bash


def bash_tests() -> list[str]:
    apart = {"run-all", "run-minimal"}
    return sorted(path.name[4:] for path in (FOREIGN / "bash/tests").glob("run-*") if path.name not in apart)


def run_bash(side: str, test: str, uid: int) -> Results:
    """One case for each script run-*: what it prints, which is where it differs from what bash's authors expect."""
    with place(uid) as where:
        tests = where.folder / "tests"
        shutil.copytree(FOREIGN / "bash/tests", tests)
        more = {"THIS_SH": "/bin/bash", "BUILD_DIR": str(where.folder), "BASH_TSTOUT": str(where.folder / "tmp/out"),
                "PATH": ".:/usr/local/bin:/usr/bin:/bin"}
        status = play(side, ["sh", "-c", f"exec sh ./run-{test} >{where.folder}/result 2>&1"], where, tests, more)
        said = (where.folder / "result").read_text(errors="replace").replace(str(where.folder), "FOLDER")
    lines = [line for line in said.splitlines() if not line.startswith("warning: ")]
    outcome = "never ended" if status is None else "passes" if not lines and status == 0 else "\n".join([f"status {status}", *lines])
    return {f"bash/{test}": outcome}


# -- python


def run_python(side: str, test: str, uid: int) -> Results:
    """One case for each test method, and one for the module as a whole."""
    with place(uid) as where:
        report = where.folder / "tmp/report.xml"
        argv = ["/usr/bin/python3", "-m", "test", "-u", "curses", "--junit-xml", str(report), test]
        if PYTHON.get(test, "*") != "*":
            argv[-1:-1] = ["-m", PYTHON[test]]
        (where.folder / "work").mkdir()
        status = play(side, argv, where, where.folder / "work", {"PYTHONPATH": str(python_of(uid)), "PYTHONDONTWRITEBYTECODE": "1"})
        results = {f"python/{test}": "never ended" if status is None else f"status {status}"}
        if report.exists():
            for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
                results[f"python/{test}/{case.get('name', '').removeprefix('test.')}"] = outcome_of(case)
    return results


def python_of(uid: int) -> Path:
    """The suite where that user can read it."""
    return FOREIGN / "python" if uid == os.getuid() else shared_copy()


_copies: list[Path] = []


def shared_copy() -> Path:
    if not _copies:
        copy = Path(tempfile.mkdtemp(prefix="farpty-foreign-python-"))
        shutil.copytree(FOREIGN / "python", copy, dirs_exist_ok=True)
        copy.chmod(0o755)
        _copies.append(copy)
    return _copies[0]


def outcome_of(case: xml.etree.ElementTree.Element) -> str:
    for kind in ("error", "failure", "skipped"):
        found = case.find(kind)
        if found is not None:
            last = (found.text or found.get("message") or "").strip().splitlines()
            return f"{kind}: {last[-1] if last else ''}".strip()
    return "passes" if case.get("result", "completed") == "completed" else str(case.get("result"))


# -- comparing

SUITES = {"bash": (bash_tests, run_bash), "python": (lambda: list(PYTHON), run_python)}


class Case(NamedTuple):
    name: str
    outcomes: dict[str, str]  # by side: the one they have in common, or the first of each
    same: bool
    reason: str  # of a deviation that is listed; else empty


def loosely(outcome: str) -> str:
    """Without what differs from run to run: numbers of processes and descriptors, addresses, times."""
    return re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "N", outcome)


def compare(run, test: str, uid: int) -> dict[str, tuple[dict[str, str], bool]]:
    """By case: the outcomes, and whether they are the same."""
    seen: dict[str, dict[str, list[str]]] = {}
    for _ in range(TRIES):
        for side in SIDES:
            for name, outcome in run(side, test, uid).items():
                seen.setdefault(name, {each: [] for each in SIDES})[side].append(outcome)
        judged = {name: judge(sides) for name, sides in seen.items()}
        if all(same for _, same in judged.values()):
            break
    return judged


def judge(sides: dict[str, list[str]]) -> tuple[dict[str, str], bool]:
    kernel, emulated = (sides[side] or ["is not there"] for side in SIDES)
    for outcome in emulated:
        if loosely(outcome) in {loosely(other) for other in kernel}:
            return dict.fromkeys(SIDES, outcome), True
    return {"kernel": kernel[0], "emulated": emulated[0]}, False


def play_suite(suite: str, chosen: list[str], uid: int) -> list[Case]:
    tests, run = SUITES[suite]
    listed = deviations()
    cases = []
    for test in tests():
        if chosen and not any(fnmatch.fnmatch(test, pattern) for pattern in chosen):
            continue
        start = time.monotonic()
        found = []
        for name, (outcomes, same) in sorted(compare(run, test, uid).items()):
            reason = next((each.reason for each in listed if fnmatch.fnmatch(name, each.pattern)), "")
            found.append(Case(name, outcomes, same, reason))
        bad = [case for case in found if not case.same and not case.reason]
        print(f"{suite}/{test}: {len(found)} cases, {sum(not case.same for case in found)} different, {len(bad)} of them not listed "
              f"({time.monotonic() - start:.0f} s)", flush=True)
        for case in bad:
            for side in SIDES:
                print(f"    {case.name} on {side}: " + case.outcomes[side].replace("\n", "\n        "), flush=True)
        cases += found
    return cases


# -- the report


def summary(suite: str, cases: list[Case]) -> str:
    same = [case for case in cases if case.same]
    passed = sum(case.outcomes["kernel"] == "passes" for case in same)
    skipped = sum(case.outcomes["kernel"].startswith("skipped") for case in same)
    return f"| {suite} | {len(cases)} | {passed} | {skipped} | {len(same) - passed - skipped} | {len(cases) - len(same)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=sorted(SUITES), action="append")
    parser.add_argument("--uid", type=int, default=os.getuid())
    parser.add_argument("--verbose", action="store_true", help="also tell what fails on both")
    parser.add_argument("test", nargs="*", help="names or patterns; without: all")
    options = parser.parse_args()
    suites = {suite: play_suite(suite, options.test, options.uid) for suite in options.suite or sorted(SUITES)}
    print("\n| suite | cases | pass on both | skipped on both | fail alike | differ |\n|---|---|---|---|---|---|")
    for suite, cases in suites.items():
        print(summary(suite, cases))
    everything = [case for cases in suites.values() for case in cases]
    for case in everything:
        if not case.same:
            print(f"differs: {case.name}: {case.reason or 'NOT LISTED'}")
        elif options.verbose and case.outcomes["kernel"] != "passes":
            print(f"alike: {case.name}: {case.outcomes['kernel']}")
    needless = [each.pattern for each in deviations() if (matching := fnmatch.filter([case.name for case in everything], each.pattern))
                and all(case.same for case in everything if case.name in matching)]
    for pattern in needless:
        print(f"listed, but it does not differ any more: {pattern}")
    for copy in _copies:
        shutil.rmtree(copy, ignore_errors=True)
    return 1 if needless or any(not case.same and not case.reason for case in everything) or not everything else 0


if __name__ == "__main__":
    sys.exit(main())
