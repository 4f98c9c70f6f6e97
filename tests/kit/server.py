"""`farpty serve` for the length of a `with`, watched: how it starts, what it logs, and that it leaves nothing behind."""

import contextlib
import ctypes
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import processes
from .need import need
from .paths import farpty_path
from .wait import GENEROUS, wait_until

MARK = "KIT_MARK"
"""Variable in the server's environment, a fresh value for each server: finds its children wherever they went. The server
gives its programs none that begins with FARPTY_."""

LISTENING = re.compile(r"""(?:farpty: |msg="|"msg":")listening on ([^\s"]+)""")
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
SETTLE = GENEROUS
"""Seconds for what was already killed to go; what lives then has been left behind."""


def farpty_binary() -> str:
    path = farpty_path()
    need(path.exists(), f"executable {path} (make, or FARPTY_BINARY)")
    return str(path)


class Server:
    """A running server. Made by `serve`."""

    def __init__(self, process: subprocess.Popen[bytes], mark: str, home: Path, environment: dict[str, str]) -> None:
        self.process = process
        self.mark = mark
        self.home = home
        self.environment = environment
        self.known: set[int] = set()  # pids seen in its tree
        self._log: list[str] = []
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._log.append(line.decode(errors="replace").rstrip("\n"))

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return "\n".join(list(self._log))

    @property
    def urls(self) -> list[str]:
        return LISTENING.findall(self.log)

    @property
    def url(self) -> str:
        return self.urls[0]

    def address(self, scheme: str = "raw") -> tuple[str, int]:
        """Host and port of the first TCP door of this scheme."""
        for url in self.urls:
            if found := re.fullmatch(rf"{re.escape(scheme)}://\[?(.*?)\]?:(\d+)/?", url):
                return found[1], int(found[2])
        raise AssertionError(f"no {scheme} door among {self.urls}")

    @property
    def port(self) -> int:
        return self.address()[1]

    def connect(self, scheme: str = "raw") -> socket.socket:
        """A TCP connection to the door; the caller closes it. Its reads time out rather than hang the run."""
        return socket.create_connection(self.address(scheme), timeout=60)

    def wait_log(self, pattern: str, count: int = 1) -> re.Match[str]:
        """Waits until the log matches `pattern` (a regular expression) `count` times; returns the last match."""
        matches = wait_until(lambda: list(re.finditer(pattern, self.log)) if
                             len(list(re.finditer(pattern, self.log))) >= count else None,
                             f"{pattern!r} in the server's log", describe=lambda: self.log)
        return matches[-1]

    def descendants(self) -> list[processes.Process]:
        """All that runs on behalf of this server, also what left its process tree. Zombies count."""
        found = {process.pid: process for process in processes.with_environment(MARK, self.mark)}
        found |= {process.pid: process for process in processes.descendants(self.pid)}
        found.pop(self.pid, None)
        return list(found.values())

    def sessions(self) -> list[processes.Process]:
        """The server's direct children that live: each session has its program's process there."""
        return [child for child in processes.children(self.pid) if child.state not in "ZX"]

    def wait_idle(self) -> None:
        """Waits until no session is left, nor a zombie of one."""
        wait_until(lambda: not processes.children(self.pid), "the server to have no children",
                   describe=lambda: processes.children(self.pid))

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ends the server and returns its exit status (negative: the signal that killed it)."""
        self.known |= {process.pid for process in self.descendants()}
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server does not end on {sign.name}:\n{self.log}") from None
        # Whoever lives on with the server's standard error may hold the log open; all of the server's own is read then.
        wait_until(lambda: not self._reader.is_alive() or (self._unread_log() == 0 and _left(self)), "the server's log to end")
        self._reader.join(timeout=0.1)
        return status

    def _unread_log(self) -> int:
        assert self.process.stderr is not None
        return struct.unpack("i", fcntl.ioctl(self.process.stderr, termios.FIONREAD, bytes(4)))[0]


def _become_subreaper() -> None:
    """Orphans of a server come to this process, so that they can be seen and reaped."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def base_environment(home: Path) -> dict[str, str]:
    """The same few variables for the server, its programs and a program on a local pty that is compared with them."""
    keep = {name: value for name, value in os.environ.items()
            if name in ("PATH", "CI") or name.endswith("SAN_OPTIONS") or name.startswith("LLVM_")}
    return keep | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "LANG": "C.UTF-8", "TERM": "xterm-256color",
                   "SHELL": "/bin/bash", "USER": "tester", "PS1": "$ "}


@contextlib.contextmanager
def serve(*arguments: str, listen: Sequence[str] = ("raw://127.0.0.1:0",), environment: dict[str, str] | None = None,
          doors: int | None = None, prefix: Sequence[str] = (), uid: int | None = None, status: int | None = 0,
          may_leave: bool = False, preexec=None) -> Iterator[Server]:
    """Runs `farpty serve --listen L... ARGUMENTS` until the end of the `with`.

    Returns when every door listens (`doors`: how many they are, where a file lists them). At the end: SIGTERM, the exit
    status must be `status` (None: any), and no process that it started may be left (`may_leave`: such are killed
    silently). `prefix` goes before the command (prlimit, strace), `uid` runs it as that user.
    """
    binary = farpty_binary()
    _become_subreaper()
    with tempfile.TemporaryDirectory(prefix="farpty-test-") as folder:
        home = Path(folder)
        (home / "run").mkdir(mode=0o700)
        if uid is not None:
            os.chown(home, uid, uid)
            os.chown(home / "run", uid, uid)
        mark = uuid.uuid4().hex
        variables = base_environment(home) | {MARK: mark} | (environment or {})
        command = [*prefix, binary, "serve", *(word for url in listen for word in ("--listen", url)), *arguments]
        identity = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
        process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, cwd=folder, preexec_fn=preexec, **identity)
        server = Server(process, mark, home, variables)
        try:
            wait_until(lambda: len(server.urls) >= (doors or len(listen)) or process.poll() is not None,
                       "the server to listen", describe=lambda: server.log)
            if process.poll() is not None:
                server.stop()
                raise AssertionError(f"the server ended with status {process.returncode} at start:\n{server.log}")
            yield server
        except BaseException:
            _end(server, status=None, may_leave=True)
            print(f"--- log of {' '.join(command)}\n{server.log}\n---")
            raise
        _end(server, status, may_leave)


def _end(server: Server, status: int | None, may_leave: bool) -> None:
    try:
        ended = server.stop()
        left = [] if may_leave else _settle(server)
    finally:
        for process in _left(server):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not _left(server), "the left processes to die of SIGKILL")
    assert status is None or ended == status, f"the server ended with status {ended}, not {status}:\n{server.log}"
    assert may_leave or not left, f"the server left {left}:\n{server.log}"


def _left(server: Server) -> list[processes.Process]:
    """What lives of the server's tree: whoever carries its mark, or was seen in the tree before."""
    found = {process.pid: process for process in processes.with_environment(MARK, server.mark)}
    found |= {pid: process for pid in server.known if (process := processes.read_process(pid))}
    for process in found.values():
        if process.state == "Z" and process.parent == os.getpid():  # an orphan that came to us as its subreaper
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
    return [process for process in found.values() if process.state not in "ZX"]


def _settle(server: Server) -> list[processes.Process]:
    """What is left when those that were already killed have had the time to go."""
    with contextlib.suppress(AssertionError):
        wait_until(lambda: not _left(server), "nothing to be left", within=SETTLE)
    return _left(server)
