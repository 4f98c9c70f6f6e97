"""What programs do on a terminal of theirs that must not matter to others: hostile.py WAY [ARGUMENT]. Says what came of it."""

import contextlib
import errno
import fcntl
import mmap
import os
import pty
import random
import socket
import struct
import sys
import termios
import threading

PAGE_SIZE, WISHES_SIZE = 65536, 16384  # ttycall/layout.hpp
WISHES_AT = 28  # Header.wishes
MAGIC = 0x3130797470726166  # ttycall/request.hpp
IOCTL, TO_MASTER = 2, 1


def say(*words: object) -> None:
    print(*words, flush=True)


def attempt(what: str, how) -> None:
    try:
        how()
    except OSError as error:
        say(what, errno.errorcode[error.errno])
    else:
        say(what, "done")


def device() -> tuple[str, int, str, bytes]:
    pid, page, name, token, _ = os.environ["FARPTY_TTY"].split(":", 4)
    return f"/proc/{pid}/fd/", int(page), name, bytes.fromhex(token)


def memory(size: int, number: int) -> int:
    folder, _, _, _ = device()
    fd = os.open(f"{folder}{number}", os.O_RDWR)
    attempt("shrink", lambda: os.ftruncate(fd, 0))
    attempt("grow", lambda: os.ftruncate(fd, 2 * size))
    return fd


def page() -> None:
    """The page that says what terminals there are: nobody but the device can write it."""
    _, number, _, _ = device()
    fd = memory(PAGE_SIZE, number)
    attempt("write", lambda: os.pwrite(fd, b"\xff" * 256, 256))
    attempt("map", lambda: mmap.mmap(fd, PAGE_SIZE))
    say("size", os.get_terminal_size())


def wishes(seed: int) -> None:
    """The page that programs write: with any content every call of everybody returns, and what is set is set."""
    chance = random.Random(seed)
    before = termios.tcgetattr(0)
    settings = termios.tcgetattr(0)
    settings[3] ^= termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, settings)
    folder, number, _, _ = device()
    with open(f"{folder}{number}", "rb") as file:
        wishes_number = struct.unpack_from("i", file.read(256), WISHES_AT)[0]
    fd = memory(WISHES_SIZE, wishes_number)
    termios.tcdrain(1)
    with mmap.mmap(fd, WISHES_SIZE) as shared:
        for _ in range(300):
            shared[:64] = chance.randbytes(64)
            settings = termios.tcgetattr(0)
            with contextlib.suppress(termios.error):
                termios.tcsetattr(0, chance.choice((termios.TCSANOW, termios.TCSADRAIN)), settings)
            os.get_terminal_size()
        shared[:4] = b"\xff\xff\xff\xff"  # for ever about to be written
    termios.tcsetattr(0, termios.TCSADRAIN, before)
    say("scribbled, restored", termios.tcgetattr(0) == before)


def ask(code: int, value: int, flags: int) -> int:
    """A request of our own making, past the library; its result."""
    _, _, name, token = device()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked:
        asked.connect(f"\0{name}")
        asked.send(struct.pack("Q16sIiIIQ64s", MAGIC, token, IOCTL, 0, code, flags, 0, struct.pack("i", value)))
        return struct.unpack_from("i", asked.recv(256))[0]


def forge(victim: int) -> None:
    """Others' process groups as the foreground one."""
    for group in (1, 0, -1, -victim, victim, os.getpgid(victim), 2**31 - 1):
        for flags in (0, TO_MASTER):
            assert ask(termios.TIOCSPGRP, group, flags) < 0, (group, flags)
        with contextlib.suppress(OSError):
            os.tcsetpgrp(0, group)
    say("forged, foreground", "as before" if os.tcgetpgrp(0) == os.getpgrp() else "another")


def flood() -> None:
    """Garbage, silence and nonsense that is well formed, as fast as it goes."""
    _, _, name, token = device()
    held: list[socket.socket] = []
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind("")  # the kernel gives a name, where answers pile up
    datagrams.connect(f"\0{name}")
    request = struct.pack("Q16sIiIIQ64s", MAGIC, token, IOCTL, 0, termios.TIOCSWINSZ, TO_MASTER, 0, struct.pack("HH", 24, 80))
    say("flooding")
    while True:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made.connect(f"\0{name}")
        if len(held) < 300:
            held.append(made)
            continue
        made.send(os.urandom(112))
        for datagram in (os.urandom(112), request):
            datagrams.send(datagram)
        made.close()  # python's own closing would swallow a KeyboardInterrupt (the repr of a ResourceWarning nobody sees)
        with contextlib.suppress(OSError):
            ask(termios.TIOCSWINSZ, 24 | 80 << 16, TO_MASTER)


def pairs(count: int) -> None:
    """That many terminals, each used, all held until a line comes; fewer where there are no descriptors left."""
    made: list[tuple[int, int]] = []
    try:
        for n in range(count):
            made.append(pty.openpty())
            master, slave = made[n]
            os.write(master, b"typed %d\n" % n)
            assert os.read(slave, 100) == b"typed %d\n" % n
            os.write(slave, b"shown %d\n" % n)
            seen = b""
            while not seen.endswith(b"shown %d\r\n" % n):
                seen += os.read(master, 100)
            assert seen == b"typed %d\r\nshown %d\r\n" % (n, n), seen
    except OSError:
        say("no more")
    say("pairs", len(made))
    input()


def bare() -> None:
    """Without any descriptor, then with those that open(2) gives."""
    os.closerange(0, 256)
    opened = [os.open("/dev/tty", os.O_RDWR) for _ in range(3)]
    assert opened == [0, 1, 2]
    say("opened", [os.ttyname(fd) for fd in opened], os.tcgetpgrp(0) == os.getpgrp())


def dup2() -> None:
    """Threads that make numbers stand for a terminal and for a file in turn, while others use them."""
    terminal, file = os.dup(0), os.open("/dev/null", os.O_RDWR)
    go_on = True

    def use() -> None:
        while go_on:
            for fd in range(20, 24):
                with contextlib.suppress(OSError, termios.error):
                    termios.tcgetattr(fd)
                    fcntl.fcntl(fd, fcntl.F_GETFL)
                    os.write(fd, b"")

    def storm(fd: int) -> None:
        for n in range(2000):
            os.dup2((terminal, file)[n % 2], fd)
            assert os.isatty(fd) == (n % 2 == 0), (fd, n)

    users = [threading.Thread(target=use) for _ in range(2)]
    storms = [threading.Thread(target=storm, args=(fd,)) for fd in range(20, 24)]
    for thread in (*users, *storms):
        thread.start()
    for thread in storms:
        thread.join()
    go_on = False
    for thread in users:
        thread.join()
    say("stormed", [os.isatty(fd) for fd in range(20, 24)], os.isatty(0))


def busy() -> None:
    """Everything that takes the terminal's memory, requests and pairs, until it is killed."""
    settings = termios.tcgetattr(0)
    while True:
        settings[3] ^= termios.ECHO
        for when in (termios.TCSANOW, termios.TCSADRAIN):
            termios.tcsetattr(0, when, settings)
        termios.tcflush(0, termios.TCIFLUSH)
        for fd in pty.openpty():
            os.close(fd)


if __name__ == "__main__":
    threading.excepthook = lambda failure: (say(failure.exc_type, failure.exc_value), os._exit(1))
    {"page": page, "wishes": wishes, "forge": forge, "flood": flood, "pairs": pairs, "bare": bare, "dup2": dup2,
     "busy": busy}[sys.argv[1]](*map(int, sys.argv[2:]))
