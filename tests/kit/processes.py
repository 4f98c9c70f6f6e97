"""What a process holds, read from /proc: children, descriptors, memory. For leak tests and memory bounds."""

import os
import signal
from pathlib import Path
from typing import NamedTuple


def default_signals() -> None:
    """For preexec_fn: a program on a terminal starts with no signal ignored or blocked, however the tests were started
    (nohup ignores SIGHUP, `&` in a script ignores SIGINT and SIGQUIT, and both are inherited)."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


class Process(NamedTuple):
    pid: int
    parent: int
    group: int
    session: int
    state: str  # one letter of proc(5): R S D Z T ...
    name: str
    foreground: int = -1  # the foreground group of its terminal; -1: it has none


def read_process(pid: int) -> Process | None:
    """None where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]  # may itself hold spaces and parentheses
    state, parent, group, session, _, foreground = text[text.rindex(")") + 2 :].split()[:6]
    return Process(pid, int(parent), int(group), int(session), state, name, int(foreground))


def all_processes() -> list[Process]:
    found = (read_process(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [process for process in found if process]


def children(pid: int) -> list[Process]:
    """Direct children, zombies too."""
    return [process for process in all_processes() if process.parent == pid]


def descendants(pid: int) -> list[Process]:
    """Children and theirs; whoever was adopted by init in the meantime is no longer among them."""
    everyone = all_processes()
    found: list[Process] = []
    parents = {pid}
    while parents:
        young = [process for process in everyone if process.parent in parents]
        found += young
        parents = {process.pid for process in young}
    return found


def zombies(pid: int) -> list[Process]:
    return [process for process in children(pid) if process.state == "Z"]


def is_alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    process = read_process(pid)
    return process is not None and process.state not in "ZX"


def open_fds(pid: int) -> dict[int, str]:
    """Descriptor number to what it is (`socket:[…]`, a path)."""
    found = {}
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(entry)] = os.readlink(f"/proc/{pid}/fd/{entry}")
        except FileNotFoundError:  # closed in the meantime
            continue
    return found


def memory_kib(pid: int, field: str = "Pss") -> int:
    """A line of smaps_rollup, in KiB: Pss, Rss, Private_Dirty, ..."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise KeyError(field)


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def with_environment(name: str, value: str) -> list[Process]:
    """The processes that were started with this variable: finds whoever left the tree, setsid and double fork included."""
    wanted = f"{name}={value}".encode()
    found = []
    for process in all_processes():
        try:
            if wanted in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0"):
                found.append(process)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found
