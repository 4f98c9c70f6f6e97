#!/usr/bin/python3
"""make bench-start: how long the static executable of `make dist` takes to a shell's first prompt, beside the dynamic build.

    bench/start.py [--rounds N] [--static FILE] [--farpty FILE]

Both run busybox's shell on an emulated terminal as uid 1000, in turn, and their prompt is awaited on a pty of the kernel's: the static one in a
root with nothing in it but itself, busybox and /proc, the dynamic one in this machine's own. Needs root, for the empty root. Told are the median
and the best of all rounds; the ratio is the median of the rounds' own, and that of the best.
"""

import argparse
import os
import platform
import pty
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
USER = 1000
PROMPT = b"ready> "
BOUND = 1.2


def first_prompt(root, farpty):
    """Seconds from the start to the prompt."""
    ours, theirs = pty.openpty()

    def enter():
        os.chroot(root)
        os.chdir("/")
        os.setgroups([])
        os.setgid(USER)
        os.setuid(USER)

    start = time.perf_counter()
    command = [farpty, "run", "--terminal", "emulated", "--", "/busybox" if root != "/" else shutil.which("busybox"), "sh"]
    process = subprocess.Popen(command, preexec_fn=enter, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                               env={"TERM": "xterm", "PS1": PROMPT.decode(), "PATH": "/usr/bin:/bin"})
    os.close(theirs)
    seen = b""
    while PROMPT not in seen:
        seen += os.read(ours, 4096)
    took = time.perf_counter() - start
    os.write(ours, b"exit\n")
    try:
        while os.read(ours, 4096):
            pass
    except OSError:  # EIO: all have closed it
        pass
    os.close(ours)
    if process.wait(60) != 0:
        raise SystemExit(f"failed: {command}: {seen!r}")
    return took


def row(found):
    ratios = [static / dynamic for static, dynamic in zip(found["static"], found["dynamic"])]
    best = {kind: min(figures) for kind, figures in found.items()}
    cells = [f"{statistics.median(found[kind]) * 1000:.1f} ({best[kind] * 1000:.1f})" for kind in ("dynamic", "static")]
    ratio, of_best = statistics.median(ratios), best["static"] / best["dynamic"]
    met = "yes" if ratio <= BOUND else "**no**"
    return f"| start to first prompt (ms) | {cells[0]} | {cells[1]} | {ratio:.2f}x ({of_best:.2f}x) | ≤ {BOUND}x | {met} |"


def main():
    parser = argparse.ArgumentParser(description="the static executable's start beside the dynamic build's")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--static", type=Path, default=HERE / f"build/dist/farpty-{platform.machine()}-linux")
    parser.add_argument("--farpty", type=Path, default=HERE / "build/release/farpty")
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("start.py makes an empty root: it is to be run by root")
    if "BENCH_START_INSIDE" not in os.environ:  # mounts of its own, which end with it
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, *sys.argv[1:]],
                   {**os.environ, "BENCH_START_INSIDE": "1"})
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        empty, dynamic = Path(folder, "empty"), Path(folder, "dynamic")
        (empty / "proc").mkdir(parents=True)
        dynamic.mkdir()
        shutil.copy(options.static, empty / "farpty")
        shutil.copy(shutil.which("busybox"), empty / "busybox")
        for file in (options.farpty, options.farpty.parent / "libfarpty.so"):
            shutil.copy(file, dynamic)
        subprocess.run(["mount", "-t", "proc", "proc", empty / "proc"], check=True)
        try:
            found = {"static": [], "dynamic": []}
            for round_ in range(options.rounds + 1):
                for kind, root, farpty in (("static", str(empty), "/farpty"), ("dynamic", "/", str(dynamic / "farpty"))):
                    took = first_prompt(root, farpty)
                    if round_ > 0:  # the first one of each reads its files
                        found[kind].append(took)
        finally:
            subprocess.run(["umount", empty / "proc"], check=True)
    print(f"load {os.getloadavg()[0]:.1f}, {options.rounds} rounds; static {options.static.stat().st_size} bytes, "
          f"dynamic {options.farpty.stat().st_size} bytes")
    print("| measure | dynamic: median (best) | static: median (best) | ratio: median (best) | bound | met |\n|---|---:|---:|---:|---|---|")
    print(row(found))


if __name__ == "__main__":
    main()
