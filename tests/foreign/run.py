#!/usr/bin/python3
"""Two suites that nobody here wrote, on a kernel pty and on the emulated terminal: `make foreign`.

    tests/foreign/run.py [--suite bash|farpty-sh|python]... [--uid N]... [--jobs N] [--report FILE] [TEST]...

Plays bash's own tests and those of python3.11-testsuite that have to do with terminals (build/foreign, see fetch), each in a
session of its own: once with a kernel pty as its terminal, once with `farpty run --terminal emulated` on a host whose
ptys are refused (tests/kit/noptyrun); as root and as user 1000. Some of bash's are played again with farpty-sh, where it was
built. What counts is that both sides say the same, not that they pass: a bash of another locale or a python of another patch
level fails some of its tests anywhere. A test that comes out differently is played again on both, for some of them depend on
time: it differs where no outcome of the one is among those of the other.

Exit status 0: each difference is listed in `deviations`, with its reason, and none is listed that is none; 1: not so.
"""

import argparse
import fnmatch
import multiprocessing
import os
import platform
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import suites  # noqa: E402
from suites import SIDES, SUITES, loosely  # noqa: E402

TRIES = 4


class Deviation(NamedTuple):
    pattern: str
    reason: str


class Task(NamedTuple):
    suite: str
    uid: int
    test: str


class Case(NamedTuple):
    name: str
    outcomes: dict[str, str]  # by side: the one they have in common, or the first of each
    same: bool
    reason: str = ""  # of a deviation that is listed


class Played(NamedTuple):
    task: Task
    cases: list[Case]
    seconds: float


def deviations() -> list[Deviation]:
    found = []
    for line in (HERE / "deviations").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, _, reason = line.partition(" ")
            found.append(Deviation(pattern, reason.strip()))
    return found


def judge(sides: dict[str, list[str]]) -> tuple[dict[str, str], bool]:
    """The outcomes, and whether they are the same."""
    kernel, emulated = (sides[side] or ["is not there"] for side in SIDES)
    for outcome in emulated:
        if loosely(outcome) in {loosely(other) for other in kernel}:
            return dict.fromkeys(SIDES, outcome), True
    return {"kernel": kernel[0], "emulated": emulated[0]}, False


def play(task: Task) -> Played:
    start = time.monotonic()
    seen: dict[str, dict[str, list[str]]] = {}
    judged: dict[str, tuple[dict[str, str], bool]] = {}
    for _ in range(TRIES):
        for side in SIDES:
            for name, outcome in SUITES[task.suite].run(side, task.test, task.uid).items():
                seen.setdefault(name, {each: [] for each in SIDES})[side].append(outcome)
        judged = {name: judge(sides) for name, sides in seen.items()}
        if all(same for _, same in judged.values()):
            break
    listed = deviations()
    cases = [Case(name, outcomes, same, next((each.reason for each in listed if fnmatch.fnmatch(name, each.pattern)), ""))
             for name, (outcomes, same) in sorted(judged.items())]
    return Played(task, cases, time.monotonic() - start)


def indented(text: str) -> str:
    return text.replace("\n", "\n        ")


def tell(played: Played) -> None:
    different = [case for case in played.cases if not case.same]
    bad = [case for case in different if not case.reason]
    print(f"{played.task.suite}/{played.task.test} as {played.task.uid}: {len(played.cases)} cases, {len(different)} different, "
          f"{len(bad)} of them not listed ({played.seconds:.0f} s)", flush=True)
    for case in bad:
        for side in SIDES:
            print(f"    {case.name} on {side}: {indented(case.outcomes[side])}", flush=True)


def table(everything: list[Played]) -> list[str]:
    lines = ["| suite | as user | tests | cases | pass on both | skipped on both | fail alike | differ |", "|---|---|---|---|---|---|---|---|"]
    for suite, uid in dict.fromkeys((played.task.suite, played.task.uid) for played in everything):
        here = [played for played in everything if (played.task.suite, played.task.uid) == (suite, uid)]
        cases = [case for played in here for case in played.cases]
        same = [case.outcomes["kernel"] for case in cases if case.same]
        passed, skipped = sum(outcome == "passes" for outcome in same), sum(outcome.startswith("skipped") for outcome in same)
        lines.append(f"| {suite} | {uid} | {len(here)} | {len(cases)} | {passed} | {skipped} | {len(same) - passed - skipped} | "
                     f"{len(cases) - len(same)} |")
    return lines


def report(everything: list[Played]) -> str:
    """The table, and each case that does not pass on both sides."""
    lines = [f"{platform.system()} {platform.release()}, {time.strftime('%Y-%m-%d')}", "", *table(everything), ""]
    for played in everything:
        for case in played.cases:
            if not case.same:
                lines.append(f"differs as {played.task.uid}: {case.name}: {case.reason or 'NOT LISTED'}")
                lines += [f"    {side}: {indented(case.outcomes[side])}" for side in SIDES]
            elif case.outcomes["kernel"] != "passes":
                lines.append(f"alike as {played.task.uid}: {case.name}: {indented(case.outcomes['kernel'])}")
    return "\n".join(lines) + "\n"


def needless(everything: list[Played]) -> list[str]:
    """Deviations that are listed and none any more."""
    found = []
    for each in deviations():
        matching = [case for played in everything for case in played.cases if fnmatch.fnmatch(case.name, each.pattern)]
        if matching and all(case.same for case in matching):
            found.append(each.pattern)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=sorted(SUITES), action="append")
    parser.add_argument("--uid", type=int, action="append", help="as this user; without: as root and as 1000, or as who calls")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many tests at a time")
    parser.add_argument("--report", type=Path, help="a file that also tells what does not pass on both sides")
    parser.add_argument("test", nargs="*", help="names or patterns; without: all")
    options = parser.parse_args()
    uids = options.uid or ([0, 1000] if os.getuid() == 0 else [os.getuid()])
    tasks = [Task(suite, uid, test) for suite in options.suite or sorted(SUITES) for uid in uids for test in SUITES[suite].tests()
             if not options.test or any(fnmatch.fnmatch(test, pattern) for pattern in options.test)]
    everything = []
    with suites.prepared(uids), multiprocessing.get_context("fork").Pool(options.jobs if suites.has_own_tmp() else 1) as pool:
        for played in pool.imap(play, tasks):
            tell(played)
            everything.append(played)
    print("\n" + "\n".join(table(everything)))
    if options.report:
        options.report.write_text(report(everything))
    for pattern in needless(everything):
        print(f"listed, but it does not differ any more: {pattern}")
    wrong = needless(everything) or any(not case.same and not case.reason for played in everything for case in played.cases)
    return 1 if wrong or not everything else 0


if __name__ == "__main__":
    sys.exit(main())
