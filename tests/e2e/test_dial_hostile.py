"""Dialling out, with a liar at one end who has the token: a host that breaks the protocol, a desk that wants more than the terminal."""

import base64
import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator

import pytest

from kit import wait_until
from kit.dial import Desk, desk, home, host
from kit.farpty1 import HELLO, NAMES, frame, start
from kit.server import base_environment, farpty_binary
from kit.wait import GENEROUS

OLDER = "farpty-dial/1"  # openssl's server cannot speak behind its Finished, nor has any end that knows no other name heard of that
NEWER = "farpty-dial/1.1"


def psk(token: str, alpn: str = OLDER) -> list[str]:
    """openssl's flags for a token: 8 bytes of id, 16 of secret (docs/protocol/farpty-1.md, "Transport")."""
    raw = base64.urlsafe_b64decode(token)
    name = base64.urlsafe_b64encode(raw[:8]).decode().rstrip("=")
    return ["-psk_identity", f"farpty:{name}", "-psk", raw[8:].hex(), "-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256", "-quiet",
            "-alpn", alpn]


class Liar:
    """openssl with a token, and frames said by hand. Its other end's bytes are `heard`."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(["openssl", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.heard = b""
        self.over = False

    def say(self, frames: bytes) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.write(frames)
            self.process.stdin.flush()

    def pump(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.process.stdout.fileno(), 65536):
                self.heard += more
            self.over = True

    def frames(self) -> list[tuple[str, bytes]]:
        self.pump()
        found, rest = [], self.heard
        while len(rest) >= 4 and len(rest) >= 4 + int.from_bytes(rest[:2], "big"):
            size = int.from_bytes(rest[:2], "big")
            found.append((NAMES[rest[2]], rest[4:4 + size]))
            rest = rest[4 + size:]
        return found

    def wait(self, kind: str) -> bytes:
        """The payload of the last frame of that type."""
        def payloads() -> list[bytes]:
            return [payload for name, payload in self.frames() if name == kind]
        wait_until(payloads, f"a {kind}", describe=self.frames)
        return payloads()[-1]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@contextlib.contextmanager
def lying_host(at: Desk, alpn: str = OLDER) -> Iterator[Liar]:
    liar = Liar("s_client", "-connect", f"{at.address[0]}:{at.address[1]}", *psk(at.token, alpn))
    try:
        yield liar
    finally:
        liar.close()


STARTED = frame("started", {"session": 1, "seat": bytes(32), "writer": True, "terminal": True, "created": True, "input-limit": 65536})
LIES = {
    "bytes before a hello": b"\r\nSSH-2.0-nonsense\r\n",
    "a frame of no type": HELLO + b"\x00\x00\x63\xff",
    "a session that nobody asked for": HELLO + frame("sessions", {"sessions": []}),
    "two sessions": HELLO + STARTED + STARTED,
    "output for the input": HELLO + STARTED + frame("data", b"x", 0),
    "more than the window": HELLO + STARTED + frame("data", b"x" * 60000, 1) * 100,
    "a start of its own": HELLO + start("true"),
    "an ack of what was never sent": HELLO + STARTED + frame("ack", (1 << 40).to_bytes(8, "big") * 2, 0),
    "a screen that nobody announced": HELLO + STARTED + frame("screen", b"x"),
}


@pytest.mark.parametrize(("lie", "alpn"), [(lie, (OLDER, NEWER)[number % 2]) for number, lie in enumerate(LIES)])
def test_a_host_that_lies_ends_its_own_session_and_no_more(lie, alpn):
    with desk() as at, lying_host(at, alpn) as liar:
        liar.wait("start")
        # Aside: the longest lie is read no further when the desk's terminal takes no more, and that is read here.
        saying = threading.Thread(target=liar.say, args=(LIES[lie],))
        saying.start()
        at.screen.wait_for("broke the protocol")
        assert at.screen.wait_exit() == 255
        saying.join()


@pytest.mark.parametrize("alpn", [OLDER, NEWER])
def test_a_host_that_speaks_before_it_is_spoken_to_loses_its_line(alpn):
    with desk() as at, host(at, ended=False):
        at.screen.wait_for("$ ")
        with lying_host(at, alpn) as liar:
            at.wait_hosts("attached", "waiting")
            liar.say(HELLO)
            wait_until(lambda: liar.pump() or liar.over, "the end of the line")
            at.wait_hosts("attached", "away")
        at.screen.line("echo un''harmed")
        at.screen.wait_for("unharmed")


@contextlib.contextmanager
def lying_desk() -> Iterator[tuple[Liar, str, tuple[str, int]]]:
    """A desk with a token of its own making, and where it listens."""
    token = base64.urlsafe_b64encode(bytes(range(24))).decode()
    # -quiet would hide where it listens; what it says else goes before the first frame.
    flags = [word for word in psk(token) if word != "-quiet"]
    liar = Liar("s_server", "-accept", "127.0.0.1:0", "-nocert", *flags)
    try:
        found = wait_until(lambda: liar.pump() or re.search(rb"ACCEPT 127\.0\.0\.1:(\d+)", liar.heard), "the desk to listen",
                           describe=lambda: liar.heard)
        yield liar, token, ("127.0.0.1", int(found[1]))
    finally:
        liar.close()


@contextlib.contextmanager
def victim(token: str, address: tuple[str, int], *program: str) -> Iterator[subprocess.Popen[bytes]]:
    with home() as folder:
        command = [farpty_binary(), "run", "-v", "--to", f"farpty://{address[0]}:{address[1]}", "--", *program]
        process = subprocess.Popen(command, env=base_environment(folder) | {"FARPTY_TOKEN": token}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(GENEROUS)
            process.stderr.close()


ASKED = {  # what a desk may not have, and the code of the refusal
    "a command": (start("touch", "stolen"), "cannot-start"),
    "a service": (start(service="copy"), "cannot-start"),
    "an invitation": (frame("invite", {"expires": 600}), "denied"),
    "a resume of what was never begun": (frame("resume", {"seat": bytes(32), "columns": 80, "rows": 24}), "no-session"),
    "a start after input": (frame("data", b"x", 0) + start(), "protocol"),
    "two hellos": (frame("hello", {"version": 1, "oldest": 1}) + start(), "protocol"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_desk_that_lies_gets_the_terminal_or_nothing(asked):
    frames, code = ASKED[asked]
    with lying_desk() as (liar, token, address), victim(token, address, "sleep", "1000") as over_there:
        wait_until(lambda: liar.pump() or b"CIPHER is" in liar.heard or b"Reused" in liar.heard, "the handshake", describe=lambda: liar.heard)
        liar.say(HELLO + frames)
        wait_until(lambda: liar.pump() or code.encode() in liar.heard, f"the error {code}", describe=lambda: liar.heard)
        assert b"stolen" not in liar.heard
        assert over_there.poll() is None  # it dials again
