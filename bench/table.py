"""The one table of results: a row for each measure, its figures with their ratios to the floor, its bound and the verdict.

A bound is held against the worse of farpty's doors. Ratios are medians of the ratios of the rounds (measures.ratio).
"""

import statistics
from dataclasses import dataclass
from typing import Callable

from measures import ratio

OURS = ("farpty-raw", "farpty-telnet")
PEERS = ("socat", "telnetd", "openssh")
COLUMNS = ("floor", *PEERS, *OURS)


@dataclass
class Row:
    name: str                 # as in the figures
    title: str
    form: str                 # how a figure is written
    bound: str                # in words
    judge: Callable           # (figures, name of ours) -> (what the bound speaks of, met), by ours alone
    written: str = "{:.2f}x"  # how the judged value is written


def worst(comparisons, better):
    return max(comparisons) if better == "less" else min(comparisons)


def against(names, limit, better="less"):
    """Ours to the best of `names`: at most (or, for better="more", at least) `limit`."""
    def judge(figures, ours):
        known = [ratio(figures, ours, name) for name in names if name in figures]
        value = worst(known, better)
        return value, value <= limit if better == "less" else value >= limit
    return judge


def at_most(limit):
    def judge(figures, ours):
        value = statistics.median(figures[ours])
        return value, value <= limit
    return judge


NOISE = 1.5   # the issue's: smaller differences of echo are noise here
EQUAL = 1.05  # "no slower": what two runs of the same server differ by

ROWS = (
    Row("echo p50", "keystroke echo, p50 (µs)", "{:.1f}", "≤ 1.5x socat and telnetd", against(("socat", "telnetd"), NOISE)),
    Row("echo p99", "keystroke echo, p99 (µs)", "{:.1f}", "≤ 1.5x socat and telnetd", against(("socat", "telnetd"), NOISE)),
    Row("calls", "server system calls a keystroke", "{:.1f}", "≤ 8, aim 6", at_most(8), "{:.1f}"),
    Row("bulk", "bulk output, 100 MiB (MB/s)", "{:.0f}", "≥ fastest peer", against(PEERS, 1 / EQUAL, "more")),
    Row("memory", "memory a session (KiB, PSS)", "{:.1f}", "≤ 16", at_most(16), "{:.1f}"),
    Row("prompt", "connect to prompt (ms)", "{:.2f}", "≤ best peer", against(PEERS, EQUAL)),
    Row("exit", "exit to the client's end (ms)", "{:.2f}", "≤ best peer", against(PEERS, EQUAL)),
    Row("interrupt", "Ctrl-C in a flood to prompt (ms)", "{:.2f}", "≤ 2x floor", against(("floor",), 2)),
    Row("shown", "shown after that Ctrl-C (KiB)", "{:.1f}", "≤ 64", at_most(64), "{:.1f}"),
    Row("rate", "sessions a second", "{:.0f}", "≥ 0.9x floor", against(("floor",), 0.9, "more")),
    Row("leak fds", "left by 500 sessions: descriptors", "{:.0f}", "0", at_most(0), "{:.0f}"),
    Row("leak processes", "left by 500 sessions: processes", "{:.0f}", "0", at_most(0), "{:.0f}"),
    Row("leak KiB", "left by 500 sessions: memory (KiB)", "{:.0f}", "≤ 64 (0.13 a session)", at_most(64), "{:.0f}"),
)


def cell(row, figures, name):
    if name not in figures:
        return "–"
    text = row.form.format(statistics.median(figures[name]))
    if "floor" in figures and name != "floor":
        text += f" ({ratio(figures, name, 'floor'):.2f}x)"
    return text


def verdict(row, figures):
    ours = [name for name in OURS if name in figures]
    try:
        judged = [row.judge(figures, name) for name in ours]
    except ValueError:  # none of the servers to compare with was measured
        judged = []
    if not judged:
        return "–", "–"
    return (" / ".join(row.written.format(value) for value, _ in judged),
            "yes" if all(met for _, met in judged) else "**no**")


def render(names, found):
    """The Markdown table; `measured` is what the bound speaks of, for the raw and the telnet door."""
    columns = [name for name in COLUMNS if name in names]
    lines = ["| measure | " + " | ".join(columns) + " | bound | measured (raw / telnet) | met |",
             "|---|" + "---:|" * len(columns) + "---|---|---|"]
    for row in ROWS:
        if figures := found.get(row.name):
            measured, met = verdict(row, figures)
            cells = [cell(row, figures, name) for name in columns]
            lines.append("| " + " | ".join([row.title, *cells, row.bound, measured, met]) + " |")
    return "\n".join(lines)


NOTES = """What the table does not say by itself:

- Bulk output is bound by the kernel's pty, which is why the floor itself is no faster: in four runs of `bench/run.py --only bulk` on
  the quiet machine the ratios to the fastest peer were 0.95x / 0.88x, 1.00x / 0.95x, 1.00x / 0.96x and 1.02x / 0.97x; the server
  spends an eighth of socat's waits and writes on it.
- Exit to the client's end: 0.03 to 0.07 ms above socat. The kernel hangs a terminal up before it makes the exit status known
  (exit.c: do_exit: disassociate_ctty before exit_notify). socat leaves at the first; we wait for the second, which is logged and
  is our own client's exit status, and read the terminal once more after it, so that nothing is lost. Under load the order turned:
  0.94x / 0.95x.
- ttyd is not in Debian 12. Its known figures, from elsewhere: 7.6 KiB a session, 12 ms to the prompt, 2.4 ms to the end.
- OpenSSH's figures hold its client, too, and its key exchange where a connection is made.
"""


def page(machine, text):
    return f"""# Speed and memory, beside the peers

`make bench` takes these figures and prints this table; `bench/run.py --write` renews this page. All servers ran side by
side in one run on loopback, each giving the same shell; the floor is that shell on a local pty with no network. Figures are
medians, in brackets the ratio to the floor, taken round by round (A B A B).

Machine: {machine}.

{text}

{NOTES}"""
