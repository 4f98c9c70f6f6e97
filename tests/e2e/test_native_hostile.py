"""Hostile clients of a native server and hostile servers of a client: each costs its own connection, and nothing else."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

from kit import RawPeer, wait_until
from kit.farpty1 import HELLO, TYPES, Speaker, cbor, context, dial, frame, make_certificate, read_cbor, start, states, vectors
from kit.native import config_folder, execute, native_server
from kit.server import Server, farpty_binary, serve
from kit.wait import GENEROUS

SAMPLES = vectors()
IN_STATE = {"H": "before hello", "R": "after hello", "U": "in a session", "E": "after its end"}


@contextlib.contextmanager
def server_for_us(tmp_path) -> Iterator[tuple[Server, object]]:
    """A server that lets a key of this test's own in, and the TLS of who has it."""
    certificate, key, line = make_certificate(tmp_path, "hostile")
    with native_server() as server:
        with open(config_folder(server) / "authorized_keys", "a") as file:
            file.write(line + "\n")
        yield server, context(certificate, key)


def speak(server: Server, tls) -> Speaker:
    return dial(server.address("farpty"), tls)


def bring_to(speaker: Speaker, state: str) -> None:
    if state == "H":
        return
    speaker.say(HELLO)
    assert speaker.wait("hello")[0] == "hello"
    if state in "UE":
        speaker.say(start("cat" if state == "U" else "true"))
        assert speaker.wait("started")[0] == "started"
    if state == "E":
        assert speaker.wait("exit")[0] == "exit"


def sample(kind: str) -> bytes:
    """A whole frame of that type, of which only the state can be wrong."""
    own = {"hello": HELLO, "start": start("true"), "kill": frame("kill", {"session": "no-such"}),
           "invite": frame("invite", {"expires": 60, "session": "no-such"}), "eof": frame("eof", {"at": 0}, 0),
           "ack": frame("ack", bytes(8) + (65536).to_bytes(8, "big"), 1), "data": frame("data", b"x", 0)}
    return own.get(kind, SAMPLES.get(kind))


def code_of(payload: bytes) -> str:
    return read_cbor(payload)["code"]


@pytest.mark.parametrize("state", IN_STATE)
def test_every_message_in_every_state(tmp_path, state):
    table = states()
    with server_for_us(tmp_path) as (server, tls):
        for kind in TYPES:
            allowed = state in table[kind][0]
            with speak(server, tls) as speaker:
                bring_to(speaker, state)
                speaker.say(sample(kind))
                if kind not in ("error", "bye"):
                    speaker.say(frame("bye"))  # after an answer, or after none
                answers = [(name, payload) for name, _, payload in speaker.frames()]
            codes = [code_of(payload) for name, payload in answers if name == "error"]
            assert ("protocol" in codes) == (not allowed), (state, kind, answers)
        assert execute(server, "echo", "still here").stdout == b"still here\n"


def end_sessions(server: Server) -> None:
    """Programs of connections that broke wait for their clients."""
    shown = subprocess.run([farpty_binary(), "ps", "--json"], env=server.environment, capture_output=True, check=True, timeout=GENEROUS)
    for one in json.loads(shown.stdout)["servers"][0]["sessions"]:
        subprocess.run([farpty_binary(), "kill", str(one["id"])], env=server.environment, check=False, timeout=GENEROUS)
    server.wait_idle()


def test_what_is_no_frame_no_type_and_no_payload(tmp_path):
    depth = b"\x81" * 60000
    hostile = {
        "a type that there is not": frame(26, b"\xa0"),
        "type 0": frame(0),
        "data on no channel": frame("data", b"x"),
        "data on a channel of the server's": frame("data", b"x", 1),
        "a control message on a channel": frame("list", b"\xa0", 0),
        "no CBOR": frame("start", b"\xff" * 100),
        "half a map": frame("start", cbor({"terminal": True})[:-1]),
        "more than a map": frame("start", cbor({"terminal": True, "columns": 1, "rows": 1}) + b"\x00"),
        "arrays in arrays": frame("start", b"\xa1" + cbor("command") + depth),
        "an array of 2^63": frame("start", b"\xa1" + cbor("command") + b"\x9b\x7f" + b"\xff" * 7),
        "bytes of 2^63": frame("start", b"\xa1" + cbor("terminfo") + b"\x5b\x7f" + b"\xff" * 7),
        "a key twice": frame("list", b"\xa2" + (cbor("a") + cbor(1)) * 2),
        "a tag": frame("list", b"\xa1" + cbor("a") + b"\xc0\x00"),
        "a float": frame("list", b"\xa1" + cbor("a") + b"\xfb" + bytes(8)),
        "a size of 70000": frame("resize", {"columns": 70000, "rows": 1}),
        "no size": start("true").replace(b"rows", b"cows"),
        "too many words": start(*["x"] * 513),
        "words of a MiB": start(*["y" * 4000] * 15),
        "an id that is too long": start("true", id=b"i" * 17),
        "a seat that is too long": frame("resume", {"seat": b"s" * 33, "columns": 80, "rows": 24}),
        "no seat": frame("resume", {"columns": 80, "rows": 24}),
        "an ack of bytes never sent": start("cat") + frame("ack", (1 << 40).to_bytes(8, "big") * 2, 1),
        "an end that is not there": start("cat") + frame("data", b"x", 0) + frame("eof", {"at": 7}, 0),
        "input after its end": start("cat") + frame("eof", {"at": 0}, 0) + frame("data", b"x", 0),
        # The terminal and the session take some; what they have not taken is bounded by the window.
        "more than the window": start("sleep", "1000", terminal=True) + frame("data", b"\n" * 65535, 0) * 8,
        "two starts": start("cat") + start("cat"),
    }
    with server_for_us(tmp_path) as (server, tls):
        for what, said in hostile.items():
            with speak(server, tls) as speaker:
                speaker.say(HELLO + said)
                try:
                    name, payload = speaker.wait("error")
                except TimeoutError:
                    name, payload = "nothing", b""
                assert (name, code_of(payload) if payload else "") == ("error", "protocol"), what
        assert execute(server, "echo", "still here").stdout == b"still here\n"
        end_sessions(server)


def test_flipped_bits(tmp_path):
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    print(f"FARPTY_SEED={seed}")
    chance = random.Random(seed)
    whole = HELLO + start("true") + frame("data", b"some input", 0) + frame("eof", {"at": 10}, 0) + frame("list", b"\xa0")
    with server_for_us(tmp_path) as (server, tls):
        for _ in range(150):
            flipped = bytearray(whole)
            for _ in range(chance.choice((1, 1, 1, 8))):
                flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            with speak(server, tls) as speaker:
                speaker.say(bytes(flipped) + frame("bye"))
                with contextlib.suppress(OSError):  # closed by the other end
                    socket.socket.shutdown(speaker.stream, socket.SHUT_WR)  # a length that became longer waits for no more
                for _ in speaker.frames():
                    pass
        assert execute(server, "echo", "still here").stdout == b"still here\n"
        end_sessions(server)


def test_seats_and_offsets_that_are_not_the_clients(tmp_path):
    with server_for_us(tmp_path) as (server, tls):
        with speak(server, tls) as first:
            first.say(HELLO + start("cat"))
            name, payload = first.wait("started")
            assert name == "started"
            seat = read_cbor(payload)["seat"]
            size = {"columns": 80, "rows": 24}

            def resumed(seat: bytes, own=tls, **more: object) -> tuple[str, dict]:
                with speak(server, own) as speaker:
                    speaker.say(HELLO + frame("resume", {"seat": seat, "output-window": 65536, "errors-window": 65536} | size | more))
                    name, payload = speaker.wait("started", "error")
                    return name, read_cbor(payload)

            for i in range(len(seat)):
                other = bytearray(seat)
                other[i] ^= 1
                name, said = resumed(bytes(other))
                assert (name, said["code"]) == ("error", "no-session"), i
            # Another identity that may come in takes nobody's seat.
            certificate, key, line = make_certificate(tmp_path, "other")
            with open(config_folder(server) / "authorized_keys", "a") as file:
                file.write(line + "\n")
            name, said = resumed(seat, context(certificate, key))
            assert (name, said["code"]) == ("error", "no-session")
            # What was never sent cannot have been read; our own seat is ours, whatever offset of the past we name.
            first.say(frame("data", b"hello", 0))
            assert first.wait("data")[1] == b"hello"
            name, said = resumed(seat, output=3)
            assert (name, said["output"], said["input"]) == ("started", 3, 5)
            assert first.wait("error")[0] == "error"  # replaced
            # Nor does an offset that never was: it costs at most this connection, and the truth can be asked for again.
            for offset in (6, 1 << 61, 1 << 63, (1 << 64) - 1):
                resumed(seat, output=offset)
                resumed(seat, output=offset, errors=offset)
            name, said = resumed(seat, output=5)
            assert (name, said["output"], said["input"]) == ("started", 5, 5)
        end_sessions(server)


def test_a_jump_on_pipes_leaves_both_offsets_where_the_next_connection_goes_on(tmp_path):
    """Who names an offset of which the log has nothing any more jumps; what it was told then is what it may come back with."""
    with server_for_us(tmp_path) as (server, tls):
        with speak(server, tls) as first:
            first.say(HELLO + start("sh", "-c", "printf one; printf error >&2; exec cat"))
            seat = read_cbor(first.wait("started")[1])["seat"]
            heard = {1: b"", 2: b""}
            for name, channel, payload in first.frames():
                if name == "data":
                    heard[channel] += payload
                if heard == {1: b"one", 2: b"error"}:
                    break
            for channel, text in heard.items():
                first.say(frame("ack", len(text).to_bytes(8, "big") + (65536).to_bytes(8, "big"), channel))
            first.say(frame("ping", bytes(8)))
            assert first.wait("pong")[0] == "pong"  # so the acks were read: the log may forget both

        def back(output: int, errors: int) -> Speaker:
            speaker = speak(server, tls)
            speaker.say(HELLO + frame("resume", {"seat": seat, "output": output, "errors": errors, "output-window": 65536,
                                                 "errors-window": 65536, "columns": 80, "rows": 24}))
            assert speaker.wait("started")[0] == "started"
            return speaker

        with back(0, 5) as second:
            jump = read_cbor(second.wait("snapshot")[1])
            assert (jump["at"], jump["skipped"], jump["size"]) == (3, 3, 0)
        with back(3, 5) as third:
            third.say(frame("data", b"x", 0))
            assert third.wait("data", "snapshot") == ("data", b"x")
        end_sessions(server)


def test_a_seat_in_a_session_of_another_door(tmp_path):
    """Sessions of raw doors have numbers, too; a seat that names one is nobody's."""
    certificate, key, line = make_certificate(tmp_path, "hostile")
    with serve(listen=("farpty://127.0.0.1:0", "raw://127.0.0.1:0")) as server, RawPeer(server) as peer:
        peer.line("echo re''ady")
        peer.expect(r"ready\r\n")
        authorized = config_folder(server) / "authorized_keys"
        authorized.write_text(line + "\n")
        authorized.chmod(0o600)
        tls = context(certificate, key)
        with speak(server, tls) as first, speak(server, tls) as second:
            first.say(HELLO + start("cat"))
            name, payload = first.wait("started")
            assert (name, read_cbor(payload)["session"]) == ("started", 2)
            seat = (1).to_bytes(8, "big") + read_cbor(payload)["seat"][8:]
            second.say(HELLO + frame("resume", {"seat": seat, "output-window": 65536, "errors-window": 65536, "columns": 80, "rows": 24}))
            name, payload = second.wait("started", "error")
            assert name == "error", server.log
            assert code_of(payload) == "no-session"
        peer.line("echo st''ill")
        peer.expect(r"still\r\n")
        end_sessions(server)


def test_who_never_reads_costs_himself(tmp_path):
    with server_for_us(tmp_path) as (server, tls):
        with speak(server, tls) as speaker:
            speaker.say(HELLO)
            speaker.stream.setblocking(False)
            with contextlib.suppress(OSError):
                for _ in range(20000):  # ask and never read: the server stops reading
                    speaker.stream.send(frame("ping", bytes(8)) * 500)
            assert execute(server, "echo", "still here").stdout == b"still here\n"
            status = open(f"/proc/{server.pid}/status").read()
            resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
            assert resident < 200_000, status  # KiB; asan's server included


# --- servers


class HostileServer:
    """Accepts, does TLS, and lets `talk` say what it likes to each client."""

    def __init__(self, tls, talk) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(60)
        self.tls, self.talk = tls, talk
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            plain.settimeout(60)
            with contextlib.suppress(OSError):
                with Speaker(self.tls.wrap_socket(plain, server_side=True)) as speaker:
                    self.talk(speaker)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(60)


@pytest.fixture
def client_home():
    with native_server() as server:  # for its keys; it is not talked to
        yield server


def meet(server: Server, hostile: HostileServer) -> subprocess.CompletedProcess[bytes]:
    port = hostile.listener.getsockname()[1]
    return subprocess.run([farpty_binary(), "exec", "--accept-new", f"127.0.0.1:{port}", "--", "cat"], env=server.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=GENEROUS, check=False)


STARTED = {"session": 1, "seat": bytes(32), "created": True, "writer": True, "input-limit": 65536}
LAST_WORDS = frame("error", {"code": "denied", "text": "go away \x1b[31m"})


def test_a_client_survives_every_message_in_every_state(tmp_path, client_home):
    certificate, key, _ = make_certificate(tmp_path, "impostor")
    tls = context(certificate, key, server=True)
    hello = frame("hello", {"version": 1, "oldest": 1})
    before = {"H": b"", "A": hello, "U": hello + frame("started", STARTED),
              "E": hello + frame("started", STARTED) + frame("exit", {"status": 3})}
    own = {"hello": hello, "started": frame("started", STARTED), "ack": frame("ack", bytes(8) + (70000).to_bytes(8, "big"), 0),
           "data": frame("data", b"x", 1), "eof": frame("eof", {"at": 0}, 1), "snapshot": frame("snapshot", {"at": 0, "skipped": 0, "size": 0, "columns": 80, "rows": 24})}
    table = states()
    said = b""

    def talk(speaker: Speaker) -> None:
        speaker.say(said)
        for _ in speaker.frames():  # until the client closes: it has read what was said
            pass

    hostile = HostileServer(tls, talk)
    try:
        for state, opening in before.items():
            for kind in TYPES:
                if kind in ("error", "bye"):
                    continue
                said = opening + own.get(kind, SAMPLES.get(kind)) + LAST_WORDS
                done = meet(client_home, hostile)
                if state == "E":
                    assert done.returncode in (3, 255), (state, kind, done)
                    continue
                if kind == "exit" and state == "U":
                    assert done.returncode in (3, 255), (state, kind, done)
                    continue
                assert done.returncode == 255, (state, kind, done)
                # What answers nothing, or belongs to a snapshot that there is not, is a breach in every state.
                unasked = kind in ("sessions", "done", "invitation", "screen")
                allowed = state in table[kind][1] and not unasked
                assert (b"broke the protocol" in done.stderr) == (not allowed), (state, kind, done)
                assert b"\x1b" not in done.stderr
    finally:
        hostile.close()


def test_a_client_survives_nonsense(tmp_path, client_home):
    seed = int(os.environ.get("FARPTY_SEED", random.randrange(1 << 32)))
    print(f"FARPTY_SEED={seed}")
    chance = random.Random(seed)
    certificate, key, _ = make_certificate(tmp_path, "impostor")
    tls = context(certificate, key, server=True)
    whole = frame("hello", {"version": 1, "oldest": 1}) + frame("started", STARTED) + frame("data", b"x" * 100, 1) + \
        frame("data", b"y" * 100, 2) + frame("pen", {"action": 2}) + frame("exit", {"status": 3})
    said = b""

    def talk(speaker: Speaker) -> None:
        speaker.say(said)
        speaker.say(LAST_WORDS)
        with contextlib.suppress(OSError):
            speaker.stream.unwrap()

    hostile = HostileServer(tls, talk)
    try:
        for _ in range(40):
            flipped = bytearray(whole)
            flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
            said = bytes(flipped) + b"\xff" * 65540  # whatever length a frame got, it ends
            done = meet(client_home, hostile)
            assert done.returncode >= 0, done  # no signal
            assert done.returncode in (3, 255) or done.returncode < 256
    finally:
        hostile.close()


def test_a_server_of_another_version_is_named(tmp_path, client_home):
    certificate, key, _ = make_certificate(tmp_path, "impostor")
    tls = context(certificate, key, server=True)
    newer = frame("hello", {"version": 9, "oldest": 7})
    hostile = HostileServer(tls, lambda speaker: (speaker.say(newer), list(speaker.frames())))
    try:
        done = meet(client_home, hostile)
        assert done.returncode == 255
        assert b"protocol 1 to 1, the other side 7 to 9" in done.stderr
    finally:
        hostile.close()


def test_a_server_that_never_answers_is_left_by_a_signal(tmp_path, client_home):
    certificate, key, _ = make_certificate(tmp_path, "impostor")
    tls = context(certificate, key, server=True)
    silent = HostileServer(tls, lambda speaker: list(speaker.frames()))
    try:
        port = silent.listener.getsockname()[1]
        with subprocess.Popen([farpty_binary(), "exec", "-v", "--accept-new", f"127.0.0.1:{port}", "--", "cat"], env=client_home.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            for line in running.stderr:
                if b"connected to" in line:
                    break
            running.terminate()
            assert running.wait(GENEROUS) in (-signal.SIGTERM, 128 + signal.SIGTERM)
    finally:
        silent.close()


def test_another_users_door_takes_no_key_of_ours(tmp_path):
    """No key, a key of another kind, no ALPN: nobody enters, and the server stays."""
    certificate, key, _ = make_certificate(tmp_path, "stranger")
    rsa_key, rsa = tmp_path / "rsa.key", tmp_path / "rsa.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", rsa_key, "-out", rsa, "-subj", "/CN=x"],
                   check=True, capture_output=True)
    with serve(listen=("farpty://127.0.0.1:0",)) as server:
        for tls in (context(certificate, key), context(rsa, rsa_key)):
            try:
                with dial(server.address("farpty"), tls) as speaker:
                    speaker.say(HELLO + start("touch", "entered"))
                    name, _ = speaker.wait("started", "error")
                    assert name in ("error", "closed")
            except OSError:
                pass
        wait_until(lambda: "refused: there is neither" in server.log, "the stranger to be refused")
        assert not (server.home / "entered").exists()
