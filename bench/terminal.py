#!/usr/bin/python3
"""make bench-terminal: the emulated terminal beside a kernel's pty, both by `farpty run` in one run. Prints one table.

    bench/terminal.py [--write] [--smoke] [--rounds N] [--without-static] [--programs DIR] [--farpty BINARY]

Each round measures the one and then the other, so that what else the machine does in that moment meets both alike; figures are
medians, ratios are medians of the ratios of the rounds. Times of calls are also told as the best of all rounds: on a busy
machine that is what the call costs without being interrupted. --write renews its section of bench/RESULTS.md; --smoke takes one
short round and says nothing of speed.
"""

import argparse
import collections
import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "build" / "release"
KINDS = ("kernel", "emulated")
TITLE = "## The emulated terminal beside the kernel's"


class Bench:
    def __init__(self, options, private):
        self.calls, self.far = options.programs / "calls", options.programs / "far"
        self.static_calls = options.programs / "calls-static"
        self.farpty, self.private = options.farpty, Path(private)
        self.found = collections.defaultdict(lambda: {kind: [] for kind in KINDS})  # quantity: kind: [figure of each round]

    def figures(self, *command, keep_open=True):
        """What the command wrote to $BENCH_OUT: {quantity: [ns]}. Its stdin stays open, as a user's does."""
        out = self.private / "out"
        out.unlink(missing_ok=True)
        process = subprocess.Popen([str(part) for part in command], env={**os.environ, "BENCH_OUT": str(out)},
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        if process.wait(600) != 0:
            raise SystemExit(f"failed: {' '.join(map(str, command))}")
        process.stdin.close()
        found = collections.defaultdict(list)
        for line in out.read_text().splitlines():
            name, value = line.split()
            found[name].append(int(value))
        return found

    def on_terminal(self, kind, *command):
        return self.figures(self.farpty, "run", "--terminal", kind, "--", *command)

    def take(self, name, kind, figures):
        self.found[name][kind].append(statistics.median(figures))

    def tty_calls(self, count, program, prefix=""):
        for kind in KINDS:
            for name, figures in self.on_terminal(kind, program, "tty", count).items():
                self.take(prefix + name, kind, figures)

    def start(self, name, count, program):
        for kind in KINDS:
            self.take(name, kind, self.on_terminal(kind, self.calls, "start", count, program)["start"])

    def script(self, processes):
        loop = f"i=0; while [ $i -lt {processes} ]; do /bin/true; i=$((i+1)); done"
        for kind in KINDS:
            self.take("script", kind, self.on_terminal(kind, self.calls, "run", "/bin/sh", "-c", loop)["run"])

    def echo(self, name, keys, program):
        for kind in KINDS:
            figures = self.figures(self.calls, "echo", keys, self.farpty, "run", "--terminal", kind, "--", *program)["echo"]
            self.take(name, kind, figures)

    def bulk(self, mib):
        for kind in KINDS:
            (took,) = self.figures(self.calls, "bulk", self.farpty, "run", "--terminal", kind, "--", self.far, "text", mib)["bulk"]
            self.found["bulk"][kind].append(mib * 1.048576 / (took / 1e9))


def compiled(private, name, *compiler):
    """A program that does nothing, of another libc; None where that cannot be compiled."""
    source, program = Path(private) / "nothing.c", Path(private) / name
    source.write_text("int main(void) { return 0; }\n")
    try:
        subprocess.run([*compiler, "-O2", "-o", program, source], check=True, capture_output=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        print(f"not measured: {name}: no {compiler[0]}")
        return None
    return program


PRIVATE = re.compile(r"^Private_(?:Dirty|Clean): +(\d+)", re.MULTILINE)


def process_memory(bench):
    """KiB of private memory that a process has more on an emulated terminal, after it has used that. Another one like it runs
    beside it: the pages of a file, the shim's among them, that nobody else has mapped at the moment would count as private, too."""
    sizes = {}
    use = "stty -a >/dev/null; test -t 0; "
    for kind in KINDS:
        def shell(script, **options):
            return subprocess.Popen([bench.farpty, "run", "--terminal", kind, "--", "bash", "--norc", "-c", use + script],
                                    stdout=subprocess.PIPE, **options)
        figures = []
        with shell("echo ready; read -r; exit 0", stdin=subprocess.PIPE) as beside:
            beside.stdout.readline()
            for _ in range(5):
                with shell("cat /proc/$$/smaps_rollup", stdin=subprocess.DEVNULL) as measured:
                    figures.append(sum(map(int, PRIVATE.findall(measured.stdout.read().decode().replace("\r", "")))))
            beside.stdin.write(b"\n")
            beside.stdin.close()
        sizes[kind] = statistics.median(figures)
    return sizes["emulated"] - sizes["kernel"]


def tty_memory(bench, kind, terminals):
    """KiB that one more session costs the server: its private and shared memory, the programs' pages among it."""
    door = bench.private / f"door-{kind}"
    command = [bench.farpty, "serve", "--terminal", kind, "--listen", f"raw+unix://{door}", "--limit-sessions", str(terminals + 1), "--",
               "sleep", "1000"]
    import socket
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        while "listening" not in server.stderr.readline():
            pass
        def size():
            text = Path(f"/proc/{server.pid}/smaps_rollup").read_text()
            return int(re.search(r"^Pss: +(\d+)", text, re.MULTILINE)[1])
        def connected():
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(str(door))
            return peer
        held = [connected() for _ in range(10)]
        while server.stderr.readline().count("started") < 1:
            pass
        seen = 1
        while seen < len(held):
            seen += server.stderr.readline().count("started")
        before = size()
        held += [connected() for _ in range(terminals - 10)]
        while seen < terminals:
            seen += server.stderr.readline().count("started")
        grown = size() - before
        server.terminate()
        server.stderr.read()
    return grown / (terminals - 10)


def ratio(figures):
    return statistics.median(ours / theirs for ours, theirs in zip(figures["emulated"], figures["kernel"]))


def best_ratio(figures):
    return min(figures["emulated"]) / min(figures["kernel"])


ROWS = (  # quantity, title, unit, divisor, bound in words, verdict
    ("isatty", "isatty", "ns", 1, "≤ 1x", lambda f: best_ratio(f) <= 1),
    ("tcgetattr", "tcgetattr", "ns", 1, "≤ 1x", lambda f: best_ratio(f) <= 1),
    ("winsize", "TIOCGWINSZ", "ns", 1, "≤ 1x", lambda f: best_ratio(f) <= 1),
    ("tcsetattr", "tcsetattr (TCSANOW), nothing unprocessed", "ns", 1, "≤ 2x", lambda f: best_ratio(f) <= 2),
    ("tcflush", "a request (tcflush)", "µs", 1e3, "≤ 40 µs", lambda f: min(f["emulated"]) <= 40e3),
    ("tcgetpgrp", "tcgetpgrp", "ns", 1, "–", None),
    ("static isatty", "isatty of a static program", "µs", 1e3, "≤ 30 µs", lambda f: min(f["emulated"]) <= 30e3),
    ("static tcgetattr", "tcgetattr of a static program", "µs", 1e3, "≤ 30 µs", lambda f: min(f["emulated"]) <= 30e3),
    ("static winsize", "TIOCGWINSZ of a static program", "µs", 1e3, "≤ 30 µs", lambda f: min(f["emulated"]) <= 30e3),
    ("static tcsets", "TCSETS of a static program", "µs", 1e3, "≤ 30 µs", lambda f: min(f["emulated"]) <= 30e3),
    ("static tcsetattr", "tcsetattr (TCSANOW) of a static program, three calls by this glibc", "µs", 1e3, "–", None),
    ("echo", "a key to its echo by the terminal", "µs", 1e3, "≤ 1x", lambda f: ratio(f) <= 1.05),
    ("echo back", "a key to its echo by the program", "µs", 1e3, "≤ 1x", lambda f: ratio(f) <= 1.05),
    ("bulk", "bulk output", "MB/s", 1, "≥ 2x", lambda f: ratio(f) >= 2),
    ("glibc", "fork, exec, wait of a glibc program", "µs", 1e3, "≤ 1.3x", lambda f: ratio(f) <= 1.3),
    ("musl", "fork, exec, wait of a musl program, dynamic", "µs", 1e3, "≤ +350 µs", lambda f: added(f) <= 350e3),
    ("static", "fork, exec, wait of a static program", "µs", 1e3, "≤ +350 µs", lambda f: added(f) <= 350e3),
    ("script", "a script of 1,000 processes", "ms", 1e6, "≤ 1.3x", lambda f: ratio(f) <= 1.3),
)


def figure(value):
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def added(figures):
    return statistics.median(ours - theirs for ours, theirs in zip(figures["emulated"], figures["kernel"]))


def table(bench, memory):
    lines = ["| measure | kernel: median (best) | emulated: median (best) | ratio: median (best) | bound | met |",
             "|---|---:|---:|---:|---|---|"]
    for name, title, unit, divisor, bound, met in ROWS:
        if name not in bench.found:
            continue
        figures = bench.found[name]
        best = max if unit == "MB/s" else min
        cells = [f"{figure(statistics.median(figures[kind]) / divisor)} ({figure(best(figures[kind]) / divisor)})" for kind in KINDS]
        ratios = f"{ratio(figures):.2f}x ({best(figures['emulated']) / best(figures['kernel']):.2f}x)"
        verdict = "–" if met is None else "yes" if met(figures) else "**no**"
        lines.append(f"| {title} ({unit}) | {cells[0]} | {cells[1]} | {ratios} | {bound} | {verdict} |")
    for title, value, bound in memory:
        lines.append(f"| {title} (KiB) | – | {value:.1f} | – | ≤ {bound} | {'yes' if value <= bound else '**no**'} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="renew the section of bench/RESULTS.md")
    parser.add_argument("--smoke", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--without-static", action="store_true", help="calls-static is not built (sanitizers)")
    parser.add_argument("--programs", type=Path, default=BUILT / "bench", help="where calls and far are built")
    parser.add_argument("--farpty", default=str(BUILT / "farpty"), help="the binary to measure")
    options = parser.parse_args()
    rounds, scale = (1, 0.02) if options.smoke else (options.rounds, 1)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="farpty-bench-") as private:
        bench = Bench(options, private)
        musl, static = compiled(private, "musl", "musl-gcc"), compiled(private, "static", "cc", "-static")
        for _ in range(rounds):
            bench.tty_calls(int(5000 * scale), bench.calls)
            if not options.without_static:
                bench.tty_calls(int(1000 * scale), bench.static_calls, "static ")
            bench.echo("echo back", int(500 * scale), [bench.far, "echo"])
            bench.echo("echo", int(500 * scale), ["sh", "-c", "stty -icanon; printf '\\002ready\\003'; exec cat >/dev/null"])
            bench.bulk(max(1, int(50 * scale)))
            bench.start("glibc", max(3, int(100 * scale)), "/bin/true")
            for name, program in (("musl", musl), ("static", static)):
                if program:
                    bench.start(name, max(3, int(50 * scale)), program)
            bench.script(max(10, int(1000 * scale)))
        memory = [] if options.smoke else [("memory that a terminal costs the server more than a kernel's", tty_memory(bench, "emulated", 400) - tty_memory(bench, "kernel", 400), 16),
                                           ("private memory that a process has more", process_memory(bench), 64)]
        text = table(bench, memory)
    print(text)
    if options.write:
        import run
        results = HERE / "RESULTS.md"
        page = results.read_text()
        before, _, rest = page.partition(TITLE)
        _, mark, after = rest.partition("\n## ")  # native.py's, and what else there is
        section = (f"{TITLE}\n\nBy `make bench-terminal` (`bench/terminal.py --write`): both by `farpty run` in one run, in turn, {rounds} "
                   f"rounds.\nMachine: {run.machine()}\n\n{text}\n")
        results.write_text(f"{before.rstrip()}\n\n{section}{mark}{after}")


if __name__ == "__main__":
    main()
