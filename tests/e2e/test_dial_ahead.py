"""Dialling out, half a round trip earlier: a desk says what it wants right behind its own half of the handshake, before it knows who that is
(docs/protocol/farpty-1.md, "Dialling out"). What if the other half never comes, or comes late, or is another's?"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import Screen, wait_until
from kit.dial import SHELL, Desk, desk, host
from kit.server import farpty_binary
from kit.wait import GENEROUS


class HalfWay:
    """A path on which the first connection's other half waits: the host's first message goes to the desk, and all that the desk says to the
    host, but no more of the host's before `let_go`. Later connections pass."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.accepted = 0
        self.hello = b""
        self._first: list[socket.socket] = []
        self._all: list[socket.socket] = []
        self._go = threading.Event()
        self._flip = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.accepted += 1
                try:
                    far = socket.create_connection(self.target)
                except ConnectionRefusedError:
                    near.close()
                    continue
                self._all += [near, far]
                if self.accepted == 1:
                    self._first = [near, far]
                for work in ((self._up, near, far, self.accepted == 1), (self._carry, far, near)):
                    self._threads.append(threading.Thread(target=work[0], args=work[1:]))
                    self._threads[-1].start()

    def _up(self, near: socket.socket, far: socket.socket, is_first: bool) -> None:
        with contextlib.suppress(OSError):
            if is_first:
                self.hello = self._record(near)
                far.sendall(self.hello)
                self._go.wait()
                if self._flip:
                    while (record := self._record(near)).startswith(b"\x14"):  # a ChangeCipherSpec, which means nothing
                        far.sendall(record)
                    far.sendall(record[:-1] + bytes([record[-1] ^ 1]))
        self._carry(near, far)

    @staticmethod
    def _record(near: socket.socket) -> bytes:
        head = near.recv(5, socket.MSG_WAITALL)  # RFC 8446, 5.1: its length is in the last two bytes
        return head + near.recv(int.from_bytes(head[3:], "big"), socket.MSG_WAITALL)

    @staticmethod
    def _carry(a: socket.socket, b: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)

    def let_go(self) -> None:
        self._go.set()

    def change(self) -> None:
        """Lets it go, with one bit of the host's Finished changed."""
        self._flip = True
        self._go.set()

    def cut(self) -> None:
        """Both ends see the end of it; the desk has when this returns."""
        near, far = self._first
        with contextlib.suppress(OSError):
            far.shutdown(socket.SHUT_WR)
            while far.recv(65536):
                pass
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._go.set()
        for one in (self._listener, *self._all):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(GENEROUS)
        for one in (self._listener, *self._all):
            one.close()


@contextlib.contextmanager
def half_way(target: tuple[str, int]) -> Iterator[HalfWay]:
    path = HalfWay(target)
    try:
        yield path
    finally:
        path.close()


def shell(mark: Path) -> list[str]:
    """A shell that leaves a line in a file when it begins."""
    return ["sh", "-c", f"echo begun >> '{mark}'; echo beg''un:{mark.name}; exec {' '.join(SHELL)}"]


def wait_begun(mark: Path) -> None:
    wait_until(lambda: mark.exists() and mark.read_text() == "begun\n", f"the program of {mark.name}")


def expect_unmoved(at: Desk) -> None:
    """The desk has nobody, and its terminal shows nothing of a far program."""
    assert at.run("ls").stdout == ""
    at.screen.pump()
    assert b"begun:" not in at.screen.raw


def test_the_program_begins_meanwhile_and_is_shown_when_it_is_known_who_that_is(tmp_path):
    mark = tmp_path / "one"
    with desk() as at, half_way(at.address) as path:
        at.screen.resize(100, 30)
        with host(at, *shell(mark), address=path.address):
            wait_begun(mark)
            expect_unmoved(at)
            path.let_go()
            at.screen.wait_for("begun:one")
            at.screen.wait_for("$ ")
            at.screen.line("echo si''ze-$(stty size | tr ' ' x)-$TERM")
            at.screen.wait_for("size-30x100-xterm-256color")
            at.wait_hosts("attached")
            at.screen.line("exit 6")
            assert at.screen.wait_exit() == 6
        wait_begun(mark)  # once
        assert path.accepted == 1


def test_a_terminal_that_says_otherwise_in_the_end_is_heard_by_the_next_connection(tmp_path):
    """It was resized meanwhile: what was said ahead is not what it says when it sits down."""
    mark = tmp_path / "one"
    with desk() as at, half_way(at.address) as path, host(at, *shell(mark), address=path.address):
        wait_begun(mark)
        at.screen.resize(100, 30)
        path.let_go()
        at.screen.wait_for("begun:one")
        at.screen.wait_for("$ ")
        at.screen.line("echo si''ze-$(stty size | tr ' ' x)")
        at.screen.wait_for("size-30x100")
        at.screen.line("exit 6")
        assert at.screen.wait_exit() == 6
        wait_begun(mark)  # once
        assert path.accepted > 1


def test_who_dies_meanwhile_takes_nothing_along(tmp_path):
    """The token is for one host: it is not spent. And the next one begins meanwhile, too."""
    with desk("--once") as at:
        with half_way(at.address) as path, host(at, *shell(tmp_path / "one"), address=path.address, ended=False) as dying:
            wait_begun(tmp_path / "one")
            dying.kill()
            dying.wait(GENEROUS)
            path.cut()
            expect_unmoved(at)
        with half_way(at.address) as path, host(at, *shell(tmp_path / "two"), address=path.address):
            wait_begun(tmp_path / "two")
            expect_unmoved(at)
            path.let_go()
            at.screen.wait_for("begun:two")
            at.screen.wait_for("$ ")
            at.screen.line("exit 4")
            assert at.screen.wait_exit() == 4
        assert b"begun:one" not in at.screen.raw


@pytest.mark.parametrize("how", ["cut", "change"])
def test_whose_other_half_never_comes_dials_again_and_has_begun_once(how, tmp_path):
    """The desk does not know by what that host would come back; the token is good still."""
    mark = tmp_path / "one"
    with desk("--once") as at, half_way(at.address) as path, host(at, *shell(mark), address=path.address):
        wait_begun(mark)
        expect_unmoved(at)
        getattr(path, how)()
        at.screen.wait_for("begun:one")
        at.screen.wait_for("$ ")
        at.screen.line("echo al''ive")
        at.screen.wait_for("alive")
        at.wait_hosts("attached")
        at.screen.line("exit 5")
        assert at.screen.wait_exit() == 5
        wait_begun(mark)  # once
        assert path.accepted > 1


def test_who_comes_later_and_is_known_earlier_gets_the_terminal_and_the_other_one_waits(tmp_path):
    with desk() as at, half_way(at.address) as path, host(at, *shell(tmp_path / "slow"), address=path.address) as slow:
        wait_begun(tmp_path / "slow")
        with host(at, *shell(tmp_path / "quick")) as quick:
            at.screen.wait_for("begun:quick")
            at.screen.wait_for("$ ")
            path.let_go()
            at.wait_hosts("attached", "waiting")
            with Screen([farpty_binary(), "attach", "2"], environment=at.environment) as second:
                second.wait_for("begun:slow")
                second.wait_for("$ ")
                second.line("echo al''ive")
                second.wait_for("alive")
                second.line("exit 5")
                assert second.wait_exit() == 5
            assert slow.wait(GENEROUS) == 0
            at.screen.line("exit 3")
            assert at.screen.wait_exit() == 3
            assert quick.wait(GENEROUS) == 0
        assert b"begun:slow" not in at.screen.raw
        wait_begun(tmp_path / "slow")
        wait_begun(tmp_path / "quick")


def test_a_hello_that_is_said_again_opens_nothing_and_bars_nobody(tmp_path):
    with desk("--once") as at:
        with half_way(at.address) as path, host(at, *shell(tmp_path / "one"), address=path.address, ended=False) as dying:
            wait_begun(tmp_path / "one")
            hello = path.hello
            dying.kill()
            dying.wait(GENEROUS)
            path.cut()
        with socket.create_connection(at.address) as thief:
            thief.sendall(hello)
            answer = thief.recv(65536)
            assert answer
            expect_unmoved(at)
            with host(at, *shell(tmp_path / "two")):
                at.screen.wait_for("begun:two")
                at.screen.wait_for("$ ")
                thief.sendall(b"\x17\x03\x03\x00\x35" + bytes(0x35))  # not the Finished that it takes
                thief.settimeout(GENEROUS)
                with contextlib.suppress(ConnectionResetError):
                    while more := thief.recv(65536):
                        answer += more
                assert b"xterm" not in answer
                at.wait_hosts("attached")
                at.screen.line("exit 4")
                assert at.screen.wait_exit() == 4
