"""farpty/1 spoken by hand (docs/protocol/farpty-1.md): what no client or server of ours would say, a test can."""

import contextlib
import socket
import ssl
import struct
import subprocess
from pathlib import Path

from .paths import ROOT

TYPES = {"hello": 1, "start": 2, "resume": 3, "started": 4, "data": 5, "ack": 6, "eof": 7, "resize": 8, "signal": 9, "exit": 10,
         "detach": 11, "list": 12, "sessions": 13, "kill": 14, "done": 15, "pen": 16, "snapshot": 17, "screen": 18, "credential": 19,
         "invite": 20, "invitation": 21, "ping": 22, "pong": 23, "error": 24, "bye": 25, "redraw": 26}
NAMES = {number: name for name, number in TYPES.items()}
NO_CHANNEL = 255


def vectors() -> dict[str, bytes]:
    """The norm's golden frames, by their names."""
    lines = (ROOT / "docs/protocol/farpty-1.vectors").read_text().splitlines()
    return {name: bytes.fromhex(text) for name, text in (line.split() for line in lines if line and not line.startswith("#"))}


def states() -> dict[str, tuple[str, str]]:
    """The norm's table: in which states a message is taken, by the server and by the client."""
    text = (ROOT / "docs/protocol/farpty-1.md").read_text().split("| message | by the server in | by the client in |")[1]
    rows = [line.split("|")[1:4] for line in text.splitlines()[2:] if line.startswith("|")]
    table = {name.strip(): (server.strip(), client.strip()) for name, server, client in rows}
    assert set(table) == set(TYPES), table.keys()
    return table


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | extra]) + number.to_bytes(size, "big")
    raise AssertionError(number)


def cbor(value: object) -> bytes:
    """RFC 8949, as far as the protocol goes."""
    match value:
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return _head(5, len(value)) + b"".join(cbor(key) + cbor(value[key]) for key in sorted(value, key=lambda k: (len(k), k)))
    raise AssertionError(value)


def read_cbor(data: bytes) -> object:
    value, rest = _read(data)
    assert not rest
    return value


def _read(data: bytes) -> tuple[object, bytes]:
    major, number = data[0] >> 5, data[0] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(number, 0)
    if major == 7:
        return number == 21, data[1:]
    if size:
        number = int.from_bytes(data[1:1 + size], "big")
    rest = data[1 + size:]
    if major == 0:
        return number, rest
    if major in (2, 3):
        return rest[:number] if major == 2 else rest[:number].decode(), rest[number:]
    items: list = []
    for _ in range(number * (2 if major == 5 else 1)):
        item, rest = _read(rest)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if major == 5 else items), rest


def frame(kind: str | int, payload: bytes | dict | None = None, channel: int = NO_CHANNEL) -> bytes:
    """A whole frame; a dict becomes CBOR, and nothing the empty map."""
    body = payload if isinstance(payload, bytes) else cbor(payload or {})
    return struct.pack(">HBB", len(body), kind if isinstance(kind, int) else TYPES[kind], channel) + body


HELLO = frame("hello", {"version": 1, "oldest": 1, "agent": "a test"})


def start(*command: str, terminal: bool = False, **more: object) -> bytes:
    return frame("start", {"command": [word.encode() for word in command], "terminal": terminal, "columns": 80, "rows": 24,
                           "term": "vt100", "output-window": 65536, "errors-window": 65536} | more)


def make_certificate(folder: Path, name: str) -> tuple[Path, Path, str]:
    """A fresh ed25519 key and a certificate that carries it; and the key as OpenSSH writes it in a line."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=a test",
                    "-days", "2"], check=True, capture_output=True)
    done = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True)
    import base64
    raw = b"".join(struct.pack(">I", len(part)) + part for part in (b"ssh-ed25519", done.stdout[-32:]))
    return certificate, key, f"ssh-ed25519 {base64.b64encode(raw).decode()} {name}"


def context(certificate: Path, key: Path, *, server: bool = False) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.load_cert_chain(certificate, key)
    made.set_alpn_protocols(["farpty/1"])
    return made


class Speaker:
    """One end of a connection on which TLS stands."""

    def __init__(self, stream: ssl.SSLSocket) -> None:
        self.stream = stream
        self._held = b""

    def __enter__(self) -> "Speaker":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def say(self, frames: bytes) -> None:
        """What the other end has closed to is no error: that it closed is what a test looks for."""
        with contextlib.suppress(OSError):
            self.stream.sendall(frames)

    def _more(self) -> bool:
        try:
            got = self.stream.recv(65536)
        except TimeoutError:
            raise
        except OSError:
            got = b""
        self._held += got
        return bool(got)

    def frames(self):
        """(name, channel, payload) of each frame that comes, until the other end closes."""
        while True:
            while len(self._held) >= 4:
                size, kind, channel = struct.unpack(">HBB", self._held[:4])
                if len(self._held) < 4 + size:
                    break
                payload, self._held = self._held[4:4 + size], self._held[4 + size:]
                yield NAMES[kind], channel, payload
            if not self._more():
                return

    def wait(self, *names: str) -> tuple[str, bytes]:
        """The first frame of one of these types; ("closed", b"") where the other end closes before."""
        for name, _, payload in self.frames():
            if name in names:
                return name, payload
        return "closed", b""


def dial(address: tuple[str, int], credentials: ssl.SSLContext, patience: float = 60) -> Speaker:
    return Speaker(credentials.wrap_socket(socket.create_connection(address, timeout=patience), server_hostname=None))
