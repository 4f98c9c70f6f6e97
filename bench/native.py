#!/usr/bin/python3
"""make bench-native: the native door beside OpenSSH and our raw door, all in one run on loopback. Prints one table.

    bench/native.py [--smoke] [--only MEASURE]... [--programs DIR] [--farpty BINARY] [--proxy DELAYPROXY]

OpenSSH and the native door are measured through their own clients, on a pty; the raw door without one, and through ours ("raw by client"). `trips` is the time
to the prompt through a proxy with 100 ms of round trip, in round trips; `dial` is the same for a host that dials out, from its first packet to
the prompt at the desk; `interrupt` goes through one of 8 Mbit/s and 50 ms.
"""

import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import measures
import peers

HERE = Path(__file__).resolve().parent
BUILT = HERE.parent / "build" / "release"
MEASURES = ("echo", "calls", "bulk", "exec", "memory", "trips", "dial", "logins", "interrupt")
TRIP = 0.1  # seconds

BOUNDS = {  # row: (title, how a figure is written, bound in words, (ours, openssh's, raw's; see compared()) -> met)
    "echo p50": ("keystroke echo, p50 (µs)", "{:.0f}", "< OpenSSH, ≤ 1.3x raw by its client", lambda f, s, r: f < s and f <= 1.3 * r),
    "echo p99": ("keystroke echo, p99 (µs)", "{:.0f}", "< OpenSSH, ≤ 1.3x raw by its client", lambda f, s, r: f < s and f <= 1.3 * r),
    "calls": ("server system calls a keystroke", "{:.1f}", "≤ 9", lambda f, s, r: f <= 9),
    "bulk": ("bulk through the terminal (MB/s)", "{:.0f}", "≥ OpenSSH, ≥ 0.9x raw by its client", lambda f, s, r: f >= s and f >= 0.9 * r),
    "exec down": ("exec on pipes, from there (MB/s)", "{:.0f}", "≥ 2x OpenSSH", lambda f, s, r: f >= 2 * s),
    "exec up": ("exec on pipes, to there (MB/s)", "{:.0f}", "≥ 2x OpenSSH", lambda f, s, r: f >= 2 * s),
    "memory": ("memory a session, idle for 5 s (KiB, PSS)", "{:.0f}", "≤ 48", lambda f, s, r: f <= 48),
    "trips": ("connect to prompt at 100 ms (round trips)", "{:.1f}", "3 (TCP, TLS, request), and the shell's start", lambda f, s, r: f < 3.5),
    "dial": ("dial-out to prompt at 100 ms (round trips)", "{:.2f}", "≤ 3.5, the shell's start included", lambda f, s, r: f <= 3.5),
    "logins": ("logins a second", "{:.0f}", "≥ 8x sshd", lambda f, s, r: f >= 8 * s),
    "interrupt": ("Ctrl-C in a flood, 8 Mbit/s, 50 ms (ms)", "{:.0f}", "≤ 65 (1.3 round trips)", lambda f, s, r: f <= 65),
}


class Native(peers.Server):
    """Our server with a native door and a key that may come in; `environment` is its client's."""

    def __init__(self, binary, private):
        (private / "farpty").mkdir(mode=0o700)
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(private), "XDG_RUNTIME_DIR": str(private)}
        subprocess.run([binary, "keygen"], env=self.environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        keys = private / "farpty"
        (keys / "authorized_keys").write_text((keys / "id_ed25519.pub").read_text())
        (keys / "authorized_keys").chmod(0o600)
        self.binary, self.log = binary, private / "farpty-native.log"
        with self.log.open("w") as stderr:
            process = subprocess.Popen([binary, "serve", "--listen", "farpty://127.0.0.1:0"], env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
        until = time.monotonic() + peers.PATIENCE
        while not (found := re.search(r"listening on farpty://127\.0\.0\.1:(\d+)", self.log.read_text())):
            if process.poll() is not None or time.monotonic() > until:
                raise peers.Unavailable(f"farpty did not listen: {self.log.read_text().strip()}")
            time.sleep(0.01)
        self.port = int(found[1])
        super().__init__("farpty-native", process, "pty:" + " ".join(self.client(self.port, "connect")), binary)

    def client(self, port, command, *words):
        program = peers.SHELL.split() if command == "connect" else list(words)
        return ["/usr/bin/env", f"XDG_CONFIG_HOME={self.environment['XDG_CONFIG_HOME']}", self.binary, command, "--accept-new",
                f"127.0.0.1:{port}", "--", *program]


def ssh_client(server, port, *words):
    """OpenSSH's client as bench/peers.py configures it, to another port, for a command on pipes or a shell on a pty."""
    base = server.target.removeprefix("pty:").split()
    config = base[base.index("-F") + 1]
    rest = list(words) or ["-tt", "peer", "exec", *peers.SHELL.split()]
    return [base[0], "-F", config, "-p", str(port), *(rest if not words else ["-T", "peer", *words])]


def port_of(server):
    if isinstance(server, Native):
        return server.port
    return int(re.search(r"Port (\d+)", Path(server.target.split("-F ")[1].split()[0]).read_text())[1])


class Proxy:
    """The kit's delayproxy in front of a port."""

    def __init__(self, program, port, *flags):
        self.process = subprocess.Popen([program, *flags, f"127.0.0.1:{port}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()


def client_command(server, port, *words):
    return server.client(port, "exec", *words) if isinstance(server, Native) else ssh_client(server, port, *words)


def shell_target(server, port):
    return "pty:" + " ".join(server.client(port, "connect") if isinstance(server, Native) else ssh_client(server, port))


def exec_rates(server, mib):
    """(MB/s from there, MB/s to there), once."""
    start = time.monotonic()
    subprocess.run(client_command(server, port_of(server), "head", "-c", str(mib << 20), "/dev/zero"), stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    down = mib * 1.048576 / (time.monotonic() - start)
    with subprocess.Popen(["head", "-c", str(mib << 20), "/dev/zero"], stdout=subprocess.PIPE) as source:
        start = time.monotonic()
        subprocess.run(client_command(server, port_of(server), "wc", "-c"), stdin=source.stdout, stdout=subprocess.DEVNULL, check=True)
        return down, mib * 1.048576 / (time.monotonic() - start)


def in_turn(servers, rounds, measure):
    """{server name: [what measure(server) said]}: the servers take turns, for the machine is not as fast all the time."""
    found = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            found[server.name].append(measure(server))
    return found


def logins(server, seconds, workers):
    """Commands `true` a second, each a login of its own, several clients at a time."""
    until, done = time.monotonic() + seconds, 0
    running = []
    start = time.monotonic()
    while time.monotonic() < until or running:
        while len(running) < workers and time.monotonic() < until:
            running.append(subprocess.Popen(client_command(server, port_of(server), "true"), stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        for process in [one for one in running if one.poll() is not None]:
            if process.returncode != 0:
                raise RuntimeError(f"{server.name}: a login failed")
            running.remove(process)
            done += 1
    return done / (time.monotonic() - start)


def through(probe, measure, quantity, servers, proxy, flags, rounds, scale):
    """A measure of the probe with a proxy before each server: {name: [figures]}."""
    figures = {}
    for server in servers:
        with Proxy(proxy, port_of(server), *flags) as path:
            far = peers.Floor()
            far.name, far.target = server.name, shell_target(server, path.port)
            probe.samples("prompt", 1, 1, [far])  # the host is met
            figures |= measures.single(probe, measure, quantity, [far], rounds, scale=scale)
    return figures


class FirstPacket:
    """In front of a proxy: when the first connection came, which the proxy does not tell. Bytes pass at once."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.behind, self.came = self.listener.getsockname()[1], port, None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                self.came = self.came or time.monotonic()
                far = socket.create_connection(("127.0.0.1", self.behind))
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(a, b), daemon=True).start()

    @staticmethod
    def _carry(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def dial_out(binary, proxy, private):
    """Round trips from a host's first packet to its shell's prompt at the desk, on a pty as a user has it."""
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(private), "PS1": "prompt> "}
    master, slave = os.openpty()
    desk = subprocess.Popen([binary, "listen", "--on", "farpty://127.0.0.1:0"], env=environment, stdin=slave, stdout=slave, stderr=slave,
                            start_new_session=True)
    os.close(slave)
    seen = b""
    while not (found := re.search(rb"FARPTY_TOKEN=(\S+) farpty run --to \S+:(\d+) -- bash", seen)):
        seen += os.read(master, 65536)
    with Proxy(proxy, int(found[2]), f"--delay={int(TRIP * 500)}ms") as path:
        first = FirstPacket(path.port)
        host = subprocess.Popen([binary, "run", "--to", f"farpty://127.0.0.1:{first.port}", "--", "bash", "--norc", "--noprofile", "-i"],
                                env={**environment, "FARPTY_TOKEN": found[1].decode()}, stdin=subprocess.DEVNULL)
        while b"prompt> " not in seen:
            seen += os.read(master, 65536)
        taken = time.monotonic() - first.came
        os.write(master, b"exit\r")
        with contextlib.suppress(OSError):
            while os.read(master, 65536):
                pass
        if desk.wait() != 0 or host.wait() != 0:
            raise RuntimeError("dialling out failed")
        first.close()
    os.close(master)
    return 1 + taken / TRIP  # the connection is accepted at once


def idle_memory(probe, server, some, more):
    """KiB of the server for each further session, from some to more, whose viewer has been idle for 5 s."""
    held_kib = []
    with probe.hold(server) as held:
        for sessions in (some, more):
            held.do(f"shells {sessions}")
            time.sleep(5.5)  # the bound speaks of sessions that have been idle for so long
            held_kib.append(measures.pss_kib(server))
    return (held_kib[1] - held_kib[0]) / more


class RawByClient(peers.Floor):
    """The raw door through the same client: what the two differ in is the door, not a process more at the user's end."""

    def __init__(self, raw, binary):
        self.name, self.target = "raw-by-client", f"pty:{binary} connect raw://127.0.0.1:{raw.target.removeprefix('raw:')}"


def take(measure, probe, native, ssh, raw, options):
    """{row: {server name: [figures]}}"""
    smoke = options.smoke
    encrypted = [server for server in (native, ssh) if server is not None]
    every = encrypted + [raw, RawByClient(raw, options.farpty)]
    if measure == "echo":
        return dict(zip(("echo p50", "echo p99"), measures.echo(probe, every, 2 if smoke else 31, 20 if smoke else 100)))
    if measure == "calls":
        with tempfile.TemporaryDirectory(dir=options.programs) as folder:
            return {"calls": {native.name: [sum(measures.keystroke_calls(probe, native, Path(folder)).values())]}}
    if measure == "bulk":
        return {"bulk": measures.bulk(probe, every, 1 if smoke else 5, 1 if smoke else 100)}
    if measure == "exec":
        rates = in_turn(encrypted, 1 if smoke else 7, lambda server: exec_rates(server, 1 if smoke else 256))
        return {f"exec {way}": {name: [pair[i] for pair in pairs] for name, pairs in rates.items()} for i, way in enumerate(("down", "up"))}
    if measure == "memory":
        return {"memory": {server.name: [idle_memory(probe, server, *((1, 3) if smoke else (20, 100)))] for server in encrypted}}
    if measure == "trips":
        flags = (f"--delay={int(TRIP * 500)}ms",)
        found = through(probe, "prompt", "prompt_ns", encrypted, options.proxy, flags, 1 if smoke else 9, TRIP * 1e9)
        return {"trips": {name: [1 + figure for figure in figures] for name, figures in found.items()}}  # the proxy accepts at once
    if measure == "dial":
        with tempfile.TemporaryDirectory(dir=options.programs, prefix="dial-") as folder:
            return {"dial": {native.name: [dial_out(options.farpty, options.proxy, Path(folder)) for _ in range(1 if smoke else 9)]}}
    if measure == "logins":
        return {"logins": in_turn(encrypted, 1 if smoke else 4, lambda server: logins(server, 1 if smoke else 5, 4))}
    flags = ("--delay=25ms", "--rate=1000000")
    return {"interrupt": through(probe, "interrupt", "interrupt_ns", encrypted, options.proxy, flags, 1 if smoke else 15, 1e6)}


def compared(figures, ours, theirs):
    """Theirs as a bound is to see it: where ours stands, by the ratio of figures that were taken one after the other."""
    if theirs not in figures:
        return None
    return statistics.median(figures[ours]) / measures.ratio(figures, ours, theirs)


def render(found, names):
    lines = ["| measure | " + " | ".join(names) + " | bound | met |", "|---|" + "---:|" * len(names) + "---|---|"]
    for row, (title, form, bound, judge) in BOUNDS.items():
        if row not in found:
            continue
        middle = {name: statistics.median(values) for name, values in found[row].items()}
        cells = [form.format(middle[name]) if name in middle else "–" for name in names]
        ours = "farpty-native"
        others = [compared(found[row], ours, name) for name in ("openssh", "raw-by-client")]
        try:
            met = "yes" if judge(middle[ours], *others) else "**no**"
        except TypeError:  # who to compare with was not measured
            met = "–"
        ratios = [f"{middle[ours] / other:.2f}x {name}" for name, other in zip(("OpenSSH", "raw"), others) if other]
        lines.append("| " + " | ".join([title, *cells, bound, ", ".join([met, *ratios])]) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="few samples, without OpenSSH")
    parser.add_argument("--only", action="append", choices=MEASURES)
    parser.add_argument("--programs", type=Path, default=BUILT / "bench")
    parser.add_argument("--farpty", default=str(BUILT / "farpty"))
    parser.add_argument("--proxy", default=str(BUILT / "tests/kit/delayproxy/delayproxy"))
    options = parser.parse_args()
    options.programs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.programs, prefix="run-") as folder:
        private = Path(folder)
        started = []
        try:
            raw = peers.farpty(options.farpty, "raw", private)
            started.append(raw)
            native = Native(options.farpty, private)
            started.append(native)
            ssh = None
            if not options.smoke:
                (private / "ssh").mkdir(mode=0o700)
                ssh = peers.openssh(private / "ssh")
                started.append(ssh)
            subprocess.run(native.client(native.port, "exec", "true"), check=True, stderr=subprocess.DEVNULL)  # the host is met
            probe, found = measures.Probe(options.programs), {}
            for measure in options.only or MEASURES:
                print(f"{measure} ...", file=sys.stderr, flush=True)
                found |= take(measure, probe, native, ssh, raw, options)
        finally:
            for server in started:
                server.stop()
    print(render(found, [*(server.name for server in started), "raw-by-client"]))


if __name__ == "__main__":
    main()
