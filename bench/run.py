#!/usr/bin/python3
"""make bench: farpty beside OpenSSH, inetutils telnetd and socat, all in one run on loopback; the floor is the same shell on
a local pty with no network. Prints one table: figures, ratios to the floor, the bounds and whether they are met.

    bench/run.py [--write] [--smoke] [--only MEASURE]... [--programs DIR] [--farpty BINARY]

--write also puts the table into bench/RESULTS.md; --smoke takes few samples of the floor and of farpty only: it shows that
the benchmarks still work and says nothing of speed.
"""

import argparse
import datetime
import os
import platform
import sys
import tempfile
from pathlib import Path

import measures
import peers
import table

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "build" / "release"
OURS = ("farpty-raw", "farpty-telnet")
MEASURES = ("echo", "calls", "bulk", "memory", "prompt", "exit", "interrupt", "rate", "leaks")


class Amount:
    """How much is measured; the smoke test takes little."""

    def __init__(self, smoke):
        self.rounds = 2 if smoke else 41
        self.echo_rounds, self.keys = (2, 20) if smoke else (63, 100)
        self.mib = 1 if smoke else 100
        self.bulk_rounds = 1 if smoke else 9
        self.sessions_held = 5 if smoke else 200
        self.rate_rounds, self.rate_sessions = (2, 2) if smoke else (63, 3)
        self.leak_sessions, self.warm_up = (5, 2) if smoke else (500, 50)


def start(name, options, private):
    """A fresh server, in a directory of its own for its keys and logs."""
    directory = Path(tempfile.mkdtemp(dir=private))
    return {"floor": peers.Floor,
            "farpty-raw": lambda: peers.farpty(options.farpty, "raw", directory),
            "farpty-telnet": lambda: peers.farpty(options.farpty, "telnet", directory),
            "socat": peers.socat,
            "telnetd": lambda: peers.telnetd(options.programs / "inetd"),
            "openssh": lambda: peers.openssh(directory)}[name]()


def say(text):
    print(text, file=sys.stderr, flush=True)


def alone(names, options, private, measure):
    """{name: [measure(server)]}, each server fresh and started for this alone."""
    found = {}
    for name in names:
        server = start(name, options, private)
        try:
            found[name] = [measure(server)]
        finally:
            server.stop()
    return found


def together(measure, probe, servers, amount):
    """The figures of the measures that the probe takes of all servers in turn: {row of the table: figures}."""
    if measure == "echo":
        return dict(zip(("echo p50", "echo p99"), measures.echo(probe, servers, amount.echo_rounds, amount.keys)))
    if measure == "bulk":
        return {"bulk": measures.bulk(probe, servers, amount.bulk_rounds, amount.mib)}
    if measure == "prompt":
        return {"prompt": measures.single(probe, "prompt", "prompt_ns", servers, amount.rounds, scale=1e6)}
    if measure == "exit":
        return {"exit": measures.single(probe, "exit", "exit_ns", servers, amount.rounds, scale=1e6)}
    if measure == "interrupt":
        return dict(zip(("interrupt", "shown"), measures.interrupt(probe, servers, amount.rounds)))
    return {"rate": measures.rate(probe, servers, amount.rate_rounds, amount.rate_sessions)}


def apart(measure, probe, names, options, private, amount):
    """The figures that are taken of one server at a time, from outside."""
    real = [name for name in names if name != "floor"]
    if measure == "calls":
        calls = alone(real, options, private, lambda server: measures.keystroke_calls(probe, server, private))
        for name, (found,) in calls.items():
            say(f"  {name}: " + ", ".join(f"{call} {count:g}" for call, count in sorted(found.items())))
        return {"calls": {name: [sum(found.values())] for name, (found,) in calls.items()}}
    if measure == "memory":
        return {"memory": alone(real, options, private,
                                lambda server: measures.session_memory(probe, server, amount.sessions_held))}
    left = alone([name for name in real if name in OURS], options, private,
                 lambda server: measures.leaks(probe, server, amount.leak_sessions, amount.warm_up))
    return {f"leak {what}": {name: [found[i]] for name, (found,) in left.items()}
            for i, what in enumerate(("fds", "processes", "KiB"))}


def collect(options, private, amount):
    """Starts what can be started and takes the measures: {row: {server: [figures]}}."""
    names = ["floor", *OURS] if options.smoke else ["floor", "socat", "telnetd", "openssh", *OURS]
    servers = []
    probe, found = measures.Probe(options.programs), {}
    try:
        for name in names:
            try:
                servers.append(start(name, options, private))
            except peers.Unavailable as reason:
                say(f"not measured: {name}: {reason}")
                if options.smoke or (name in OURS and not options.without_farpty):
                    raise SystemExit(1)
        names = [server.name for server in servers]
        for measure in options.only or MEASURES:
            say(f"{measure} ...")
            if measure in ("calls", "memory", "leaks"):
                found |= apart(measure, probe, names, options, private, amount)
            else:
                found |= together(measure, probe, servers, amount)
    finally:
        for server in servers:
            server.stop()
    return names, found


def machine():
    cpu = next((line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return (f"{datetime.datetime.now(datetime.UTC) if hasattr(datetime, 'UTC') else datetime.datetime.utcnow():%Y-%m-%d}, "
            f"{os.cpu_count()} cores ({cpu}, virtual), {memory:.0f} GiB, Linux {platform.release().split('-')[0]}, "
            f"load {os.getloadavg()[0]:.1f} at the start")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    parser.add_argument("--smoke", action="store_true", help="few samples, floor and farpty only")
    parser.add_argument("--only", action="append", choices=MEASURES, help="this measure (may be given several times)")
    parser.add_argument("--without-farpty", action="store_true", help="the peers alone")
    parser.add_argument("--programs", type=Path, default=BUILT / "bench", help="where probe, far and inetd are built")
    parser.add_argument("--farpty", default=str(BUILT / "farpty"), help="the binary to measure")
    options = parser.parse_args()
    description = machine()
    options.programs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.programs, prefix="run-") as private:  # mode 0700
        names, found = collect(options, Path(private), Amount(options.smoke))
    text = table.render(names, found)
    print(text)
    if options.write:
        results = HERE / "RESULTS.md"
        _, more, terminal = results.read_text().partition("## The emulated terminal")  # terminal.py's
        results.write_text(table.page(description, text) + ("\n" if more else "") + more + terminal)


if __name__ == "__main__":
    main()
