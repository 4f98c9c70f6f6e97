"""The sweep: one scripted dialogue over the native door, cut at every byte and at random points, and compared with itself undisturbed.

    make sweep                       every byte boundary, and random cuts up to 10,000 in all
    python3 -m kit.sweep --cuts N    so many; the seed is printed, and --seed replays it

A plan is what goes wrong with one run of the dialogue: faults at chosen bytes of its successive connections.
"""

import argparse
import concurrent.futures
import dataclasses
import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator

from .native import execute, introduce, native_server, target
from .proxy import DelayProxy
from .server import Server

DIALOGUE = ("sh", "-c", "printf one; cat; printf 'an error' >&2; echo two; exit 7")
INPUT = bytes(range(256)) * 8
WANT = b"one" + INPUT + b"two\n"
PATIENCE = 120  # seconds for one dialogue


@dataclasses.dataclass
class Outcome:
    plan: list[str]
    cuts: int  # that happened
    reached: bool  # the login came through once, so that there was a dialogue
    difference: str = ""


@dataclasses.dataclass
class Total:
    dialogues: int = 0
    cuts: int = 0
    unreached: int = 0
    different: list[Outcome] = dataclasses.field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.dialogues += 1
        self.cuts += outcome.cuts
        self.unreached += not outcome.reached
        if outcome.difference:
            self.different.append(outcome)

    def __str__(self) -> str:
        return (f"{self.cuts} cuts in {self.dialogues} dialogues, {len(self.different)} differences "
                f"({self.unreached} dialogues were cut before their login was through, and said so)")


def run(server: Server, plan: list[str]) -> Outcome:
    with DelayProxy(server.address("farpty"), fault=plan) as proxy:
        introduce(server, proxy.address)
        try:
            got = execute(server, *DIALOGUE, stdin=INPUT, to=target(server, proxy.address), patience=PATIENCE)
        except subprocess.TimeoutExpired as hung:
            return Outcome(plan, 0, reached=True, difference=f"no end within {PATIENCE} s: {hung.stdout!r}, {hung.stderr!r}")
        cuts = min(len(plan), max(0, proxy.stats()["accepted"] - 1))
    if (got.returncode, got.stdout) == (255, b"") and b"cannot connect to" in got.stderr:
        # Cut before the login was through: the command never ran, and the user is told.
        return Outcome(plan, 1, reached=False)
    outcome = Outcome(plan, cuts, reached=True)
    if got.returncode != 7:
        outcome.difference = f"status {got.returncode}: {got.stderr[-200:]!r}"
    elif got.stdout != WANT:
        at = next((i for i, (a, b) in enumerate(zip(got.stdout, WANT, strict=False)) if a != b), min(len(got.stdout), len(WANT)))
        outcome.difference = f"{len(got.stdout)} bytes instead of {len(WANT)}, different from {at} on"
    elif got.stderr.count(b"an error") != 1:
        outcome.difference = f"errors are {got.stderr!r}"
    return outcome


def volume(server: Server) -> dict[str, int]:
    """Bytes that one undisturbed dialogue takes each way."""
    with DelayProxy(server.address("farpty")) as proxy:
        introduce(server, proxy.address)
        execute(server, *DIALOGUE, stdin=INPUT, to=target(server, proxy.address))
        [one] = proxy.stats()["connections"]
        return {"up": one["up"]["in"], "down": one["down"]["in"]}


def boundaries(volumes: dict[str, int]) -> list[list[str]]:
    """One cut at each byte of the dialogue, either way."""
    return [[f"1#{way}@{at}=cut"] for way in ("up", "down") for at in range(volumes[way] + 1)]


def at_random(chance: random.Random, volumes: dict[str, int]) -> list[str]:
    """Up to four faults in a row, each of a connection that came in place of the one before."""
    plan = []
    for number in range(chance.randint(1, 4)):
        way = chance.choice(("up", "down"))
        fault = chance.choice(("cut", "cut", "reset"))
        # Often early: within the handshake or what resumes; else anywhere.
        most = volumes[way] if number == 0 or chance.random() < 0.5 else 2500
        plan.append(f"{1 + number}#{way}@{chance.randint(0, most)}={fault}")
    return plan


def plans(cuts: int, seed: int, volumes: dict[str, int]) -> Iterator[list[str]]:
    """Every byte boundary where there are cuts enough for that, else half of them at some; random ones without end."""
    chance = random.Random(seed)
    every = boundaries(volumes)
    chance.shuffle(every)
    yield from every[: len(every) if cuts > len(every) else cuts // 2]
    while True:
        yield at_random(chance, volumes)


def sweep(cuts: int, seed: int, *, workers: int = 1, progress: bool = False) -> Total:
    total = Total()
    with native_server() as server, concurrent.futures.ThreadPoolExecutor(workers) as pool:
        undisturbed = run(server, [])
        assert not undisturbed.difference, undisturbed
        coming = plans(cuts, seed, volume(server))
        while total.cuts < cuts:
            for outcome in pool.map(lambda plan: run(server, plan), itertools.islice(coming, 50 if workers > 1 else 1)):
                total.add(outcome)
                if outcome.difference:
                    print(f"DIFFERENT: {outcome}", flush=True)
            if progress:
                print(f"sweep: {total}", flush=True)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description="cut a native session's connections, and compare")
    parser.add_argument("--cuts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    given = parser.parse_args()
    print(f"sweep: seed {given.seed}", flush=True)
    total = sweep(given.cuts, given.seed, workers=given.workers, progress=True)
    print(f"sweep: done, seed {given.seed}: {total}")
    return 1 if total.different else 0


if __name__ == "__main__":
    sys.exit(main())
