"""The measures: each runs the probe over the servers in turn and returns {server name: [figure of each round]}.

Figures of one round were taken within moments of each other, so ratios are taken round by round (`ratio`); what else the
machine does in that moment then meets both sides alike.
"""

import os
import re
import signal
import statistics
import subprocess
import time
from pathlib import Path

import peers

PATIENCE = 300  # seconds for one answer of the probe


class Probe:
    def __init__(self, programs):
        self.path, self.environment = programs / "probe", {**os.environ, "FARPTY_FAR": str(programs / "far")}

    def command(self, measure, rounds, count, servers):
        return [self.path, measure, str(rounds), str(count), *(f"{server.name}={server.target}" for server in servers)]

    def samples(self, measure, rounds, count, servers):
        """{quantity: {server name: [[samples] for each round]}}"""
        said = subprocess.run(self.command(measure, rounds, count, servers), env=self.environment, text=True,
                              stdout=subprocess.PIPE, check=True).stdout
        found = {}
        for line in said.splitlines():
            name, round_, quantity, value = line.split()
            rows = found.setdefault(quantity, {}).setdefault(name, [[] for _ in range(rounds)])
            rows[int(round_)].append(int(value))
        return found

    def hold(self, server):
        return Held(subprocess.Popen(self.command("hold", 1, 1, [server]), env=self.environment, text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE))


class Held:
    """Sessions that the probe holds open while something is measured from outside."""

    def __init__(self, process):
        self.process = process

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)

    def do(self, order):
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "ok\n":
            raise RuntimeError(f"the probe failed at '{order}'")


def ratio(figures, ours, theirs):
    """The median over the rounds of ours / theirs."""
    return statistics.median(a / b for a, b in zip(figures[ours], figures[theirs]))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def echo(probe, servers, rounds, keys):
    """Microseconds from a key to its echo: the median and the 99th percentile of each round."""
    found = probe.samples("echo", rounds, keys, servers)["echo_ns"]
    return ({name: [statistics.median(row) / 1e3 for row in rows] for name, rows in found.items()},
            {name: [percentile(row, 0.99) / 1e3 for row in rows] for name, rows in found.items()})


def single(probe, measure, quantity, servers, rounds, count=1, scale=1.0):
    found = probe.samples(measure, rounds, count, servers)[quantity]
    return {name: [row[0] / scale for row in rows] for name, rows in found.items()}


def bulk(probe, servers, rounds, mib):
    """MB/s of the program's text."""
    found = probe.samples("bulk", rounds, mib, servers)["bulk_ns"]
    return {name: [mib * 1.048576 / (row[0] / 1e9) for row in rows] for name, rows in found.items()}


def interrupt(probe, servers, rounds):
    """Milliseconds from Ctrl-C to the prompt, and the KiB that were still shown after it."""
    found = probe.samples("interrupt", rounds, 1, servers)
    return ({name: [row[0] / 1e6 for row in rows] for name, rows in found["interrupt_ns"].items()},
            {name: [row[0] / 1024 for row in rows] for name, rows in found["shown_bytes"].items()})


def rate(probe, servers, rounds, sessions):
    """Sessions a second, one after another, each from its connection to its end."""
    found = probe.samples("rate", rounds, sessions, servers)["session_ns"]
    return {name: [1e9 / row[0] for row in rows] for name, rows in found.items()}


def calls_of(server, held, keys, report):
    """{system call: count} of the server's processes during `keys` keystrokes."""
    command = ["strace", "-f", "-c", "-U", "calls,name", "-o", report]
    for pid in server.pids():
        command += ["-p", str(pid)]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    attached = 0
    while attached < len(server.pids()):
        if "attached" in strace.stderr.readline():
            attached += 1
    held.do(f"keys {keys}")
    strace.send_signal(signal.SIGINT)
    strace.communicate()
    return {match[2]: int(match[1]) for match in re.finditer(r"^ *(\d+) +(\w+)$", report.read_text(), re.M)
            if match[2] != "total"}


def keystroke_calls(probe, server, private, few=100, many=600):
    """{system call: calls a keystroke}: the difference of two runs, so that attaching costs nothing."""
    report = private / "strace"
    with probe.hold(server) as held:
        held.do("echoes 1")
        held.do("keys 20")
        less, more = calls_of(server, held, few, report), calls_of(server, held, many, report)
    found = {name: (count - less.get(name, 0)) / (many - few) for name, count in more.items()}
    return {name: round(count, 2) for name, count in found.items() if abs(count) >= 0.005}


def pss_kib(server, kind="Pss"):
    """What the server's processes hold of the memory, shared pages by their share (smaps_rollup)."""
    return sum(int(re.search(rf"^{kind}: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1])
               for pid in server.pids())


def session_memory(probe, server, sessions):
    """KiB of server memory for each session beyond the shell, from none to `sessions` idle ones."""
    before = pss_kib(server)
    with probe.hold(server) as held:
        held.do(f"shells {sessions}")
        return (pss_kib(server) - before) / sessions


def leaks(probe, server, sessions, warm_up):
    """What `sessions` sessions in a row leave behind in a warm server: (descriptors, processes, KiB)."""
    probe.samples("rate", 1, warm_up, [server])
    before = settled(server)
    probe.samples("rate", 1, sessions, [server])
    return tuple(after - then for after, then in zip(settled(server), before))


def settled(server):
    """Descriptors, processes and KiB of a server once it is alone: the last session's end may still be under way."""
    until = time.monotonic() + 20
    while len(peers.tree(server.process.pid)) > 1 and time.monotonic() < until:
        time.sleep(0.01)
    # Anonymous memory only: the share of a library changes with everybody else's comings and goings.
    return (len(os.listdir(f"/proc/{server.process.pid}/fd")), len(peers.tree(server.process.pid)),
            pss_kib(server, "Pss_Anon"))
