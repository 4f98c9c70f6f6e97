"""Pairs of a master and a slave, asked everything that a program can find out about them. Prints a line for each answer.

Run on a kernel's pseudoterminals and inside an emulated terminal: what is printed must be the same (test_pairs.py).
With arguments: only these cases.
"""

import array
import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tty

TIOCPKT, TIOCGPKT, TIOCSIG, TIOCGPTLCK, TIOCGPTPEER, TIOCSTI = 0x5420, 0x80045438, 0x40045436, 0x80045439, 0x5441, 0x5412
TIOCNOTTY, TIOCSCTTY, TIOCEXCL, TIOCNXCL, TIOCGSID, EXTPROC = 0x5422, 0x540E, 0x540C, 0x540D, 0x5429, 0o200000
NOCTTY = os.O_RDWR | os.O_NOCTTY


def say(what, answer):
    print(f"{case.__name__}: {what}: {answer}", flush=True)


def attempt(call, *arguments):
    """What the call returns, or the name of its error."""
    try:
        return call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    except termios.error as error:
        return errno.errorcode[error.args[0]]


def get_int(fd, code):
    value = array.array("i", [0])
    fcntl.ioctl(fd, code, value, True)
    return value[0]


def set_int(fd, code, number):
    return fcntl.ioctl(fd, code, struct.pack("i", number))


def new_master():
    master = os.open("/dev/ptmx", NOCTTY)
    set_int(master, 0x40045431, 0)  # TIOCSPTLCK: unlockpt
    return master, f"/dev/pts/{get_int(master, 0x80045430)}"


def new_pair():
    master, name = new_master()
    return master, os.open(name, NOCTTY), name


def events(fd, asked=select.POLLIN | select.POLLOUT | select.POLLPRI, wait=0):
    poller = select.poll()
    poller.register(fd, asked)
    names = {select.POLLIN: "IN", select.POLLOUT: "OUT", select.POLLPRI: "PRI", select.POLLHUP: "HUP", select.POLLERR: "ERR"}
    found = poller.poll(wait)
    return "+".join(name for bit, name in names.items() if found and found[0][1] & bit) or "nothing"


def until(condition):
    """Waits; the answer comes through workers of the kernel, or through the device."""
    for _ in range(2000):
        if condition():
            return True
        time.sleep(0.005)
    return False


def read_soon(fd, size=4096):
    """What there is to read, when there is; an error is an answer, too."""
    until(lambda: select.select([fd], [], [], 0)[0])
    return attempt(os.read, fd, size)


def read_now(fd, size=4096):
    os.set_blocking(fd, False)
    answer = attempt(os.read, fd, size)
    os.set_blocking(fd, True)
    return answer


@contextlib.contextmanager
def child(work):
    """A child that runs work(report, wait): report() sends a text to us, wait() waits for us. Yields (pid, next, go)."""
    from_child, to_us = os.pipe()
    from_us, to_child = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(from_child)
            os.close(to_child)
            for number in (signal.SIGHUP, signal.SIGCONT):  # a child of a child must not report for it
                signal.signal(number, signal.SIG_DFL)
            work(lambda text: os.write(to_us, f"{text}\n".encode()), lambda: os.read(from_us, 1))
            status = 0
        finally:
            os._exit(status)
    os.close(to_us)
    os.close(from_us)
    lines = os.fdopen(from_child)
    try:
        yield pid, lambda: lines.readline().rstrip("\n"), lambda: os.write(to_child, b"x")
    finally:
        with contextlib.suppress(OSError):
            os.close(to_child)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        lines.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def on_signals(report, *numbers):
    for number in numbers:
        signal.signal(number, lambda which, _: report(signal.Signals(which).name))


def lead(name, report):
    """Makes this process a session's leader with that terminal."""
    os.setsid()
    slave = os.open(name, os.O_RDWR)
    report("ready")
    return slave


# -- the last close, and after


def last_close():
    master, name = new_master()
    say("fresh", (read_now(master), events(master)))
    slave = os.open(name, NOCTTY)
    say("open", (read_now(master), events(master)))
    other = os.open(name, NOCTTY)
    os.close(slave)
    say("one of two closed", (read_now(master), events(master)))
    os.close(other)
    say("closed", (read_soon(master), events(master), events(master, 0), read_now(master), events(master, select.POLLIN)))
    say("select", select.select([master], [], [], 0)[0] == [master])
    slave = os.open(name, NOCTTY)
    say("opened again", (read_now(master), events(master)))
    os.write(slave, b"text\n")
    say("read", read_soon(master))
    say("settings stay", termios.tcgetattr(slave)[3] == termios.tcgetattr(master)[3])
    os.close(slave)
    say("closed again", read_soon(master))


def last_words():
    master, slave, _ = new_pair()
    os.write(slave, b"last words\n")
    os.close(slave)
    say("read", (read_soon(master), read_soon(master)))


def typed_while_closed():
    master, slave, name = new_pair()
    os.close(slave)
    say("closed", read_soon(master))
    say("write", os.write(master, b"typed\n"))
    slave = os.open(name, NOCTTY)
    say("read", (read_soon(slave), read_soon(master)))


def settings_survive():
    master, slave, name = new_pair()
    tty.setraw(slave)
    os.close(slave)
    say("closed", read_soon(master))
    slave = os.open(name, NOCTTY)
    say("still raw", termios.tcgetattr(slave)[3] & termios.ICANON)
    os.write(master, b"x")
    say("read", read_soon(slave))


def a_waiting_reader():
    master, slave, _ = new_pair()

    def work(report, wait):
        os.close(slave)
        report(attempt(os.read, master, 10))

    with child(work) as (pid, next_line, _):
        os.close(slave)
        say("told", next_line())


def a_program_without_session():
    master, slave, _ = new_pair()
    process = subprocess.Popen(["sh", "-c", "echo one; tty >/dev/null && echo two"], stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text = b""
    while isinstance(some := attempt(os.read, master, 100), bytes):
        text += some
    say("output", (text, some, process.wait()))


def opened_by_name_by_others():
    master, slave, name = new_pair()
    process = subprocess.Popen(["sh", "-c", "echo ready; read x"], stdin=slave, stdout=slave)
    os.close(slave)
    say("it runs", read_soon(master))
    other = subprocess.run(["sh", "-c", f"stty size <{name}; echo hello >{name}"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    say("another", (other.stdout, other.stderr, read_soon(master)))
    os.write(master, b"\n")
    process.wait()
    say("end", (read_soon(master), read_soon(master)))


# -- names and locks


def locks():
    master = os.open("/dev/ptmx", NOCTTY)
    name = f"/dev/pts/{get_int(master, 0x80045430)}"
    say("locked", (get_int(master, TIOCGPTLCK), attempt(os.open, name, NOCTTY)))
    set_int(master, 0x40045431, 0)
    say("unlocked", get_int(master, TIOCGPTLCK))
    peer = fcntl.ioctl(master, TIOCGPTPEER, NOCTTY)
    say("peer", (os.ttyname(peer) == name, os.isatty(peer), os.isatty(master)))
    say("on the slave", [attempt(get_int, peer, code) for code in (0x80045430, TIOCGPTLCK, TIOCGPKT)])
    os.close(master)
    say("gone", (attempt(os.open, name, NOCTTY), attempt(os.stat, name)))


def exclusive():
    master, slave, name = new_pair()
    fcntl.ioctl(slave, TIOCEXCL)
    say("open", isinstance(attempt(os.open, name, NOCTTY), int) == (os.getuid() == 0))
    fcntl.ioctl(slave, TIOCNXCL)
    say("open", isinstance(attempt(os.open, name, NOCTTY), int))


# -- packet mode


def packets():
    master, slave, _ = new_pair()
    os.write(slave, b"before")
    until(lambda: get_int(master, termios.FIONREAD) == 6)
    set_int(master, TIOCPKT, 1)
    say("on", (get_int(master, TIOCGPKT), read_soon(master)))
    os.write(slave, b"data\n")
    say("data", (read_soon(master, 1), read_soon(master, 3), read_soon(master)))
    for queue in (termios.TCIFLUSH, termios.TCOFLUSH, termios.TCIOFLUSH):
        termios.tcflush(slave, queue)
        say("flushed", (events(master), read_soon(master), read_now(master), events(master)))
    termios.tcflow(slave, termios.TCOOFF)
    say("stopped", read_soon(master))
    termios.tcflow(slave, termios.TCOON)
    say("started", read_soon(master))
    settings = termios.tcgetattr(slave)
    settings[0] &= ~termios.IXON
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    say("no IXON", read_soon(master))
    settings[0] |= termios.IXON
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    say("IXON", read_soon(master))
    os.write(slave, b"more")
    until(lambda: get_int(master, termios.FIONREAD) == 4)
    termios.tcflush(slave, termios.TCIFLUSH)
    say("status before data", (read_soon(master), get_int(master, termios.FIONREAD), read_soon(master)))
    settings[3] |= EXTPROC
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    say("EXTPROC", read_soon(master))
    termios.tcflush(slave, termios.TCIFLUSH)
    set_int(master, TIOCPKT, 0)
    os.write(slave, b"plain")
    say("off", (get_int(master, TIOCGPKT), read_soon(master)))
    set_int(master, TIOCPKT, 1)
    os.close(slave)
    say("closed", (read_soon(master), events(master)))


def external_processing():
    master, slave, _ = new_pair()
    settings = termios.tcgetattr(slave)
    settings[3] |= EXTPROC
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    os.write(master, b"line\n")
    say("read", (read_soon(slave, 2), read_soon(slave)))
    os.write(master, b"\x04")
    say("end of file", read_soon(slave))
    os.write(master, b"a\x7fb")
    say("not edited", read_soon(slave))
    say("not echoed", read_now(master))


def flushed_by_the_master():
    master, slave, _ = new_pair()
    os.write(slave, b"unread")
    until(lambda: get_int(master, termios.FIONREAD) == 6)
    termios.tcflush(master, termios.TCIFLUSH)
    say("input", (get_int(master, termios.FIONREAD), read_now(master)))
    os.write(slave, b"later")
    say("later", read_soon(master))
    say("bad", attempt(termios.tcflush, master, 7))


# -- size and signals


def size():
    master, slave, name = new_pair()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 11, 22, 33, 44))
    say("by the master", [struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))) for fd in (master, slave)])

    def work(report, wait):
        on_signals(report, signal.SIGWINCH)
        lead(name, report)
        wait()

    with child(work) as (_, next_line, go):
        next_line()
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 11, 22, 33, 44))
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 22, 33, 44))
        say("signal", next_line())
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 13, 22, 33, 44))
        say("signal", next_line())
        go()


def signals_by_the_master():
    master, slave, name = new_pair()

    def work(report, wait):
        on_signals(report, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP)
        lead(name, report)
        wait()

    with child(work) as (_, next_line, go):
        next_line()
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP):
            say("sent", (fcntl.ioctl(master, TIOCSIG, number), next_line()))
        say("others", [attempt(fcntl.ioctl, master, TIOCSIG, number) for number in (signal.SIGHUP, signal.SIGKILL, 0, -1)])
        os.write(master, b"ahead\n\x03")
        say("typed", (next_line(), read_soon(master), read_now(slave)))
        go()


def interrupt_drops_what_waits():
    master, slave, name = new_pair()

    def work(report, wait):
        on_signals(report, signal.SIGINT)
        lead(name, report)
        wait()

    with child(work) as (_, next_line, go):
        next_line()
        os.write(master, b"one\ntwo\n")
        until(lambda: get_int(slave, termios.FIONREAD) == 8)
        os.write(master, b"\x03")
        say("signal", next_line())
        say("unread", (get_int(slave, termios.FIONREAD), read_now(slave)))
        go()


# -- the end of a master, of a leader


def master_closed():
    master, slave, name = new_pair()

    def work(report, wait):
        os.close(master)
        on_signals(report, signal.SIGHUP, signal.SIGCONT)
        own = lead(name, report)
        until(lambda: attempt(os.write, own, b"") == "EIO")
        report((attempt(os.read, own, 10), attempt(os.write, own, b"x"), attempt(termios.tcgetattr, own), attempt(os.tcgetpgrp, own),
                attempt(get_int, own, termios.FIONREAD), events(own), attempt(os.open, "/dev/tty", os.O_RDWR)))
        wait()

    with child(work) as (_, next_line, go):
        next_line()
        os.close(master)
        say("signals", sorted([next_line(), next_line()]))
        say("then", next_line())
        say("slave", (attempt(os.read, slave, 10), attempt(os.write, slave, b"x"), attempt(termios.tcgetattr, slave),
                      attempt(os.tcsetpgrp, slave, 1), os.isatty(slave), attempt(os.ttyname, slave)))
        go()


def foreground_of_a_hung_up_leader():
    """The group in the foreground is told when the leader ends, not before."""
    master, slave, name = new_pair()
    os.close(slave)

    def work(report, wait):
        os.close(master)
        own = lead(name, report)
        signal.signal(signal.SIGHUP, lambda *_: report("leader"))
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        if os.fork() == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGHUP, lambda *_: (report("foreground"), os._exit(0)))
            os.tcsetpgrp(own, os.getpid())
            report("both")
            while True:
                signal.pause()
        wait()

    with child(work) as (_, next_line, go):
        say("ready", [next_line(), next_line()])
        os.close(master)
        say("first", next_line())
        go()
        say("second", next_line())


def leader_ends():
    """A pty lives on: whoever has it open may use it."""
    master, slave, name = new_pair()
    os.close(slave)

    def work(report, wait):
        os.close(master)
        own = lead(name, report)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        if os.fork() == 0:
            os.setpgid(0, 0)
            on_signals(report, signal.SIGHUP)
            os.tcsetpgrp(own, os.getpid())
            report("both")
            until(lambda: os.getppid() == 1 or attempt(get_int, own, TIOCGSID) != os.getsid(0))
            until(lambda: attempt(os.tcgetpgrp, own) == "ENOTTY")
            report((attempt(os.tcgetpgrp, own), os.isatty(own), os.write(own, b"still here\n"), attempt(os.open, "/dev/tty", os.O_RDWR)))
            wait()
            os._exit(0)
        wait()

    with child(work) as (_, next_line, go):
        say("ready", [next_line(), next_line()])
        go()
        say("told", [next_line(), next_line()])
        say("output", read_soon(master))
        say("session", (attempt(get_int, master, TIOCGSID), attempt(os.tcgetpgrp, master)))
        go()
        say("end", read_soon(master))


# -- controlling terminals


def taking_control():
    master, slave, name = new_pair()

    def work(report, wait):
        say("not a leader", attempt(fcntl.ioctl, slave, TIOCSCTTY, 0))
        os.setsid()
        say("nobody's", (attempt(get_int, master, TIOCGSID), attempt(get_int, slave, TIOCGSID), attempt(os.tcgetpgrp, slave)))
        say("write only", (os.open(name, os.O_WRONLY) > 0, attempt(os.tcgetpgrp, slave)))
        say("leader", attempt(fcntl.ioctl, slave, TIOCSCTTY, 0))
        say("again", attempt(fcntl.ioctl, slave, TIOCSCTTY, 0))
        say("own", (get_int(slave, TIOCGSID) == os.getpid(), os.tcgetpgrp(slave) == os.getpgrp(), get_int(master, TIOCGSID) == os.getpid()))
        other, other_slave, _ = new_pair()
        say("a second", (attempt(fcntl.ioctl, other_slave, TIOCSCTTY, 0), attempt(os.tcgetpgrp, other_slave)))
        own = os.open("/dev/tty", os.O_RDWR)
        say("by its name", os.tcgetpgrp(own) == os.getpgrp())
        if os.fork() == 0:
            os.setsid()
            say("another session", (attempt(fcntl.ioctl, slave, TIOCSCTTY, 0), attempt(os.tcgetpgrp, slave), attempt(os.open, "/dev/tty", os.O_RDWR),
                                    attempt(os.tcsetpgrp, slave, os.getpgrp())))
            if os.getuid() == 0:
                say("stolen", (attempt(fcntl.ioctl, slave, TIOCSCTTY, 1), os.tcgetpgrp(slave) == os.getpgrp()))
            os._exit(0)
        os.wait()
        if os.getuid() == 0:
            say("lost", (attempt(os.tcgetpgrp, slave), attempt(os.open, "/dev/tty", os.O_RDWR)))

    with child(work):
        pass


def groups():
    master, slave, name = new_pair()

    def work(report, wait):
        own = lead(name, report)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with child(lambda report, wait: (os.setpgid(0, 0), report("set"), wait())) as (member, next_line, go):
            next_line()
            say("a member", (attempt(os.tcsetpgrp, own, member), os.tcgetpgrp(own) == member, os.tcgetpgrp(master) == member))
            go()
        say("back", attempt(os.tcsetpgrp, own, os.getpgrp()))
        say("others", [attempt(os.tcsetpgrp, own, group) for group in (os.getppid(), 1, 0, -1, 2**22 - 1)])
        say("by the master", attempt(os.tcsetpgrp, master, os.getpgrp()))

    with child(work) as (_, next_line, _):
        next_line()


def giving_up_control():
    master, slave, name = new_pair()

    def work(report, wait):
        own = lead(name, report)
        on_signals(report, signal.SIGHUP, signal.SIGCONT)
        with child(lambda report, wait: report((attempt(fcntl.ioctl, own, TIOCNOTTY), attempt(os.open, "/dev/tty", os.O_RDWR), attempt(os.tcgetpgrp, own),
                                                attempt(fcntl.ioctl, own, TIOCNOTTY), os.isatty(own)))) as (_, next_line, _):
            say("a member", next_line())
        say("still", os.tcgetpgrp(own) == os.getpgrp())
        say("leader", attempt(fcntl.ioctl, own, TIOCNOTTY))
        say("then", (attempt(os.tcgetpgrp, own), attempt(os.open, "/dev/tty", os.O_RDWR), attempt(fcntl.ioctl, own, TIOCNOTTY), attempt(get_int, master, TIOCGSID)))
        report("done")

    with child(work) as (_, next_line, _):
        next_line()
        signals = sorted([next_line(), next_line()])
        next_line()
    say("signals", signals)


# -- background


def in_background(own, work):
    """Runs work in a background group of this session; what it says, and how often it was stopped meanwhile."""
    with child(lambda report, wait: (os.setpgid(0, 0), report("set"), wait(), report(work()))) as (pid, next_line, go):
        next_line()
        go()
        stops = []
        while True:
            _, status = os.waitpid(pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                return stops, os.waitstatus_to_exitcode(status), next_line()
            stops.append(signal.Signals(os.WSTOPSIG(status)).name)
            os.tcsetpgrp(own, pid)
            os.kill(pid, signal.SIGCONT)


def background():
    master, slave, name = new_pair()
    os.close(slave)

    def work(report, wait):
        own = lead(name, report)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)

        def default(call):
            def run():
                signal.signal(signal.SIGTTOU, signal.SIG_DFL)
                signal.signal(signal.SIGTTIN, signal.SIG_DFL)
                return attempt(call)
            return run

        def ignoring(call):
            def run():
                signal.signal(signal.SIGTTIN, signal.SIG_IGN)
                signal.signal(signal.SIGTTOU, signal.SIG_IGN)
                return attempt(call)
            return run

        settings = termios.tcgetattr(own)
        calls = {
            "tcsetattr": lambda: termios.tcsetattr(own, termios.TCSANOW, settings),
            "tcdrain": lambda: termios.tcdrain(own),
            "tcflush": lambda: termios.tcflush(own, termios.TCIFLUSH),
            "tcsetpgrp": lambda: os.tcsetpgrp(own, os.getpgrp()),
            "tcsendbreak": lambda: termios.tcsendbreak(own, 0),
            "tcflow": lambda: termios.tcflow(own, termios.TCOON),
            "tcgetattr": lambda: len(termios.tcgetattr(own)),
            "winsize": lambda: len(fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 1, 1, 0, 0))),
            "write": lambda: os.write(own, b"x"),
        }
        for what, call in calls.items():
            for how in (default, ignoring):
                os.tcsetpgrp(own, os.getpgrp())
                say(f"{what} {how.__name__}", in_background(own, how(call)))
        os.tcsetpgrp(own, os.getpgrp())
        os.write(master, b"typed\n")
        say("read", in_background(own, default(lambda: os.read(own, 20))))
        os.tcsetpgrp(own, os.getpgrp())
        say("read ignoring", in_background(own, ignoring(lambda: os.read(own, 20))))
        settings[3] |= termios.TOSTOP
        os.tcsetpgrp(own, os.getpgrp())
        termios.tcsetattr(own, termios.TCSANOW, settings)
        for how in (default, ignoring):
            os.tcsetpgrp(own, os.getpgrp())
            say(f"write under TOSTOP {how.__name__}", in_background(own, how(lambda: os.write(own, b"x"))))

        os.tcsetpgrp(own, os.getpgrp())

    with child(work) as (_, next_line, _):
        next_line()


def orphans():
    """The leader ends: whoever is left is in an orphaned group."""
    master, slave, name = new_pair()

    def work(report, wait):
        own = lead(name, report)
        if os.fork() == 0:
            os.setpgid(0, 0)
            parent = os.getpid()
            if os.fork() == 0:
                until(lambda: os.getppid() != parent)
                settings = termios.tcgetattr(own)
                report((attempt(os.read, own, 10), attempt(termios.tcsetattr, own, termios.TCSANOW, settings), attempt(os.tcsetpgrp, own, os.getpgrp()),
                        os.write(own, b"x")))
            os._exit(0)
        os.wait()
        wait()

    with child(work) as (_, next_line, go):
        next_line()
        say("answers", next_line())
        go()


# -- flags


def not_blocking():
    master, slave, name = new_pair()
    say("flags", fcntl.fcntl(slave, fcntl.F_GETFL) & (os.O_NONBLOCK | os.O_ACCMODE))
    os.set_blocking(slave, False)
    say("read", (attempt(os.read, slave, 10), fcntl.fcntl(slave, fcntl.F_GETFL) & os.O_NONBLOCK != 0))
    other = os.open(name, NOCTTY)
    say("another open", os.get_blocking(other))
    copy = os.dup(slave)
    say("a duplicate", (os.get_blocking(copy), attempt(os.read, copy, 10)))
    os.set_blocking(copy, True)
    say("set through the duplicate", os.get_blocking(slave))
    os.set_blocking(slave, False)
    with child(lambda report, wait: report((os.get_blocking(slave), attempt(os.read, slave, 10)))) as (_, next_line, _):
        say("inherited", next_line())
    opened = os.open(name, NOCTTY | os.O_NONBLOCK)
    say("opened so", (os.get_blocking(opened), attempt(os.read, opened, 10)))
    os.set_blocking(master, False)
    written = 0
    while isinstance(count := attempt(os.write, slave, b"x" * 4096), int):
        written += count
    say("full", (count, written > 4096))


CASES = [last_close, last_words, typed_while_closed, settings_survive, a_waiting_reader, a_program_without_session, opened_by_name_by_others, locks,
         exclusive, packets, external_processing, flushed_by_the_master, size, signals_by_the_master, interrupt_drops_what_waits, master_closed,
         foreground_of_a_hung_up_leader, leader_ends, taking_control, groups, giving_up_control, background, orphans, not_blocking]

if __name__ == "__main__":
    for case in CASES:
        if len(sys.argv) == 1 or case.__name__ in sys.argv[1:]:
            case()
    print("end")
