"""The servers that the benchmarks compare: how each is started so that it gives the same shell, and what its processes are.

Every server listens on 127.0.0.1, on a port that the kernel chose, and is ended by the pid it was started with. None is
tuned: each runs with its own defaults wherever they do not stand in the way of giving the same program a terminal.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

SHELL = "/bin/bash --norc --noprofile"
PATIENCE = 20  # seconds until a server must listen


class Unavailable(Exception):
    """Why a server cannot be measured here."""


class Server:
    """A started server: `target` is its address in the probe's words, `programs` what its processes run."""

    def __init__(self, name, process, target, *programs):
        self.name, self.process, self.target = name, process, target
        self.programs = {os.path.realpath(program) for program in programs}

    def pids(self):
        """The server's own processes: those of its tree that run its programs; not the session's."""
        return [pid for pid in tree(self.process.pid) if program_of(pid) in self.programs]

    def stop(self):
        for pid in reversed(self.pids()):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Floor:
    """The same shell on a local pty, with nothing between."""
    name, target = "floor", f"pty:{SHELL}"

    def stop(self):
        pass


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return None


def tree(root):
    """A process and all its descendants."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def which(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        raise Unavailable(f"{program} is not installed")
    return path


def listening_port(process):
    """The TCP port that a process listens on, by the inodes of its descriptors; waits until it listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        inodes = set()
        for fd in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                inodes.add(os.readlink(fd))
            except OSError:
                pass
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:  # TCP_LISTEN
                return int(fields[1].rpartition(":")[2], 16)
        time.sleep(0.01)
    raise Unavailable(f"{process.args[0]} did not listen (exit status {process.poll()})")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def farpty(binary, door, private):
    """Our server with one door; what it says goes to a file in `private`."""
    if not Path(binary).exists():
        raise Unavailable(f"{binary} is not built")
    log = private / f"farpty-{door}.log"
    with log.open("w") as stderr:
        process = subprocess.Popen([binary, "serve", "--listen", f"{door}://127.0.0.1:0", "--", *SHELL.split()],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        if port := re.search(rf"listening on {door}://127\.0\.0\.1:(\d+)", log.read_text()):
            return Server(f"farpty-{door}", process, f"{door}:{port[1]}", binary)
        time.sleep(0.01)
    process.kill()
    process.wait()
    raise Unavailable(f"farpty did not listen: {log.read_text().strip()}")


def socat():
    """The terminal stays as the kernel makes it, as everybody else's: socat's own `raw,echo=0` would spare the tty its
    output processing, and would leave Ctrl-C without a meaning."""
    command = [which("socat"), "TCP-LISTEN:0,bind=127.0.0.1,backlog=128,fork,reuseaddr", f"EXEC:{SHELL},pty,setsid,ctty,stderr"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Server("socat", process, f"raw:{listening_port(process)}", command[0])


def telnetd(inetd):
    process = subprocess.Popen([inetd, which("telnetd"), "-h", "-E", SHELL], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return Server("telnetd", process, f"telnet:{int(process.stdout.readline())}", inetd, which("telnetd"))


def openssh(private):
    """`private`: a directory of mode 0700 for throw-away keys. The client is OpenSSH's own, on a pty."""
    sshd, ssh, keygen = which("sshd"), which("ssh"), which("ssh-keygen")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # compiled in; Debian's start script makes it
    for key in ("host", "user"):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", private / key], check=True)
    shutil.copy(private / "user.pub", private / "authorized")
    (private / "sshd_config").write_text(
        f"HostKey {private}/host\nAuthorizedKeysFile {private}/authorized\nPidFile none\nUsePAM no\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nPasswordAuthentication no\nPrintMotd no\nPrintLastLog no\n"
        "MaxStartups 1000\nListenAddress 127.0.0.1\n")
    for _ in range(5):  # sshd takes no port 0: another program may take the free one first
        port = free_port()
        process = subprocess.Popen([sshd, "-D", "-f", private / "sshd_config", "-p", str(port)], stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            listening_port(process)
            break
        except Unavailable:
            process.kill()
            process.wait()
    else:
        raise Unavailable("sshd did not start")
    (private / "ssh_config").write_text(
        f"Host *\nHostName 127.0.0.1\nPort {port}\nUser {pwd.getpwuid(os.geteuid()).pw_name}\nIdentityFile {private}/user\nIdentitiesOnly yes\n"
        "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel QUIET\n")
    return Server("openssh", process, f"pty:{ssh} -F {private}/ssh_config -tt peer exec {SHELL}", sshd)
