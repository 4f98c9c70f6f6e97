"""Raw and telnet doors are for this machine and this user: who is let in, what is closed, what the start message says."""

import os
import socket
import stat
import subprocess

import pytest
from kit import RawPeer, need, need_program, serve
from kit.server import farpty_binary


def as_user(uid: int, *command: str) -> subprocess.CompletedProcess[bytes]:
    need(os.getuid() == 0, "root, to be another user")
    return subprocess.run(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)


def talk(server, uid: int) -> bytes:
    """What another user gets who connects by TCP."""
    host, port = server.address()
    script = f"import socket; c = socket.create_connection(({host!r}, {port})); c.settimeout(30)\n" \
             "data = b''\nwhile piece := c.recv(100): data += piece\nprint(data.decode(), end='')"
    return as_user(uid, "/usr/bin/python3", "-c", script).stdout


HELLO = ("--", "echo", "welcome")


def test_another_user_is_refused_in_words():
    with serve(*HELLO) as server:
        shown = talk(server, 1000)
        assert b"welcome" not in shown and shown.startswith(b"farpty: ") and shown.count(b"\n") == 1
        server.wait_log("refused")
        with RawPeer(server) as peer:
            assert peer.expect_end() == b"welcome\r\n"


def test_another_user_is_refused_on_ipv6_too():
    with serve(*HELLO, listen=["raw://[::1]:0"]) as server:
        assert b"welcome" not in talk(server, 1000)


def test_any_local_user_lifts_it():
    with serve("--any-local-user", *HELLO) as server:
        assert talk(server, 1000) == b"welcome\r\n"


def test_insecure_public_says_what_it_means():
    with serve("--insecure-public", *HELLO, listen=["raw://0.0.0.0:0"]) as server:
        server.wait_log(r"(?i)insecure-public|anyone|anybody|everyone|everybody|every machine|whole network")
        port = int(server.urls[0].rsplit(":", 1)[1])
        with RawPeer(("127.0.0.1", port)) as peer:
            assert peer.expect_end() == b"welcome\r\n"


@pytest.mark.parametrize("url", ["raw://0.0.0.0:0", "raw://[::]:0"])
def test_a_public_address_needs_insecure_public(url):
    done = subprocess.run([farpty_binary(), "serve", "--listen", url, *HELLO], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "--insecure-public" in done.stderr and url.rsplit(":", 1)[0] in done.stderr


@pytest.mark.parametrize("first", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /run HTTP/1.1\r\nContent-Length: 20\r\n\r\necho owned > /tmp/x\n",
    b"OPTIONS * HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
], ids=["get", "post", "options", "tls"])
@pytest.mark.parametrize("pieces", ["whole", "bytes"])
def test_http_and_tls_are_closed(first, pieces, tmp_path):
    """A web page can POST to loopback. The program must not see what it sent."""
    seen = tmp_path / "seen"
    with serve("--", "sh", "-c", f"stty raw; exec cat > {seen}") as server:
        with RawPeer(server) as peer:
            try:
                for piece in [first] if pieces == "whole" else [bytes([byte]) for byte in first]:
                    peer.send(piece)
            except (ConnectionResetError, BrokenPipeError):
                pass
            while peer.pump(30):
                pass
            assert peer.ended
        server.wait_log("closed|refused|TLS|HTTP|web")
        server.wait_idle()
    reached = seen.read_bytes() if seen.exists() else b""
    assert b"owned" not in reached and b"HTTP" not in reached


def test_words_that_only_look_like_http_pass():
    with serve("--", "cat") as server, RawPeer(server) as peer:
        peer.send(b"GETTING on\n")
        peer.expect("GETTING on\r\nGETTING on\r\n")


def test_unix_socket_is_for_its_owner(tmp_path):
    """Mode 0600, and the peer's credentials are checked even where the mode was changed."""
    path = tmp_path / "shell"
    with serve(*HELLO, listen=[f"raw+unix://{path}"]) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with RawPeer(server, unix=str(path)) as peer:
            assert peer.expect_end() == b"welcome\r\n"
        if os.getuid() == 0:
            path.chmod(0o666)
            for folder in (tmp_path, *tmp_path.parents):
                if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
                    folder.chmod(folder.stat().st_mode | 0o011)
            shown = as_user(1000, need_program("nc.openbsd", "netcat-openbsd"), "-U", str(path)).stdout
            assert b"welcome" not in shown and b"farpty: " in shown
    assert not path.exists(), "the socket stays behind"


def test_unix_socket_replaces_a_stale_one_and_no_living_one(tmp_path):
    path = tmp_path / "shell"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    url = f"raw+unix://{path}"
    with serve(*HELLO, listen=[url]) as server:
        done = subprocess.run([farpty_binary(), "serve", "--listen", url, *HELLO], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False, env=server.environment)
        assert done.returncode != 0 and str(path) in done.stderr
        with RawPeer(server, unix=str(path)) as peer:
            assert peer.expect_end() == b"welcome\r\n"


def test_a_file_that_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "precious"
    path.write_text("data")
    done = subprocess.run([farpty_binary(), "serve", "--listen", f"raw+unix://{path}", *HELLO], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0 and str(path) in done.stderr
    assert path.read_text() == "data"


def test_root_is_told():
    need(os.getuid() == 0, "root")
    with serve(*HELLO) as server:
        server.wait_log(r"\broot\b")


def test_an_ordinary_user_serves_itself():
    need(os.getuid() == 0, "root, to be another user")
    with serve("--", "id", "-u", uid=1000) as server:
        assert talk(server, 1000) == b"1000\r\n"
        with RawPeer(server) as peer:  # root is another user as well
            assert b"1000" not in peer.expect_end()
