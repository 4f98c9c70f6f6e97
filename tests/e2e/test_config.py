"""The config file: the flags' names, errors with file, line and key, and a reload that drops no session."""

import re
import signal
import subprocess

import pytest
from kit import RawPeer, serve, wait_until
from kit.server import farpty_binary


def run_with(path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([farpty_binary(), "serve", "--config", str(path)], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path):
    return tmp_path / "farpty.toml"


def test_same_names_as_the_flags(config):
    config.write_text('listen = ["raw://127.0.0.1:0", "raw://127.0.0.1:0"]\nlimit-sessions = 1\nprogram = ["cat"]\n')
    with serve("--config", str(config), listen=[]) as server:
        wait_until(lambda: len(server.urls) == 2, "both doors")
        with RawPeer(server) as one:
            one.send(b"a\n")
            one.expect("a\r\na")
            with RawPeer(server) as two:
                assert b"farpty: " in two.expect_end()


@pytest.mark.parametrize("line, key", [("limit-sessions = \"many\"", "limit-sessions"), ("listen = 3", "listen"),
                                       ("no-such-key = 1", "no-such-key"), ("listen = [\"gopher://x:1\"]", "gopher"),
                                       ("idle-timeout = \"soon\"", "idle-timeout"), ("limit-sessions = -1", "limit-sessions")])
def test_an_error_names_file_line_and_key(config, line, key):
    config.write_text(f"# a comment\n\n{line}\n")
    done = run_with(config)
    assert done.returncode not in (0, -6, -11)
    assert f"{config}:3" in done.stderr and key in done.stderr, done.stderr


@pytest.mark.parametrize("text", ["listen = [", "= 3", "a = 'b\n", "\x00", "[[[", "listen = \"\\x\""])
def test_a_syntax_error_names_file_and_line(config, text):
    config.write_text(text)
    done = run_with(config)
    assert done.returncode not in (0, -6, -11)
    assert re.search(rf"{re.escape(str(config))}:[12]\b", done.stderr), done.stderr  # the last line, or the end behind it


def test_a_file_that_is_not_there_is_told(config):
    done = run_with(config)
    assert done.returncode != 0 and str(config) in done.stderr and "no such file" in done.stderr


def test_sighup_reloads_and_keeps_sessions(config):
    config.write_text('limit-sessions = 1\n')
    with serve("--config", str(config), "--", "cat") as server, RawPeer(server) as one:
        one.send(b"a\n")
        one.expect("a\r\na")
        config.write_text("limit-sessions = 2\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_log("(?i)reload|read again|re-read|new settings")
        with RawPeer(server) as two:
            two.send(b"b\n")
            two.expect("b\r\nb")
        one.send(b"c\n")
        one.expect("c\r\nc")


def test_an_error_at_reload_keeps_the_old_settings(config):
    config.write_text("limit-sessions = 1\n")
    with serve("--config", str(config), "--", "cat") as server, RawPeer(server) as one:
        one.send(b"a\n")
        one.expect("a\r\na")
        config.write_text("limit-sessions = 2\nlisten = 7\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_log(rf"{config}:2")
        with RawPeer(server) as two:
            assert b"farpty: " in two.expect_end()
        one.send(b"c\n")
        one.expect("c\r\nc")


def test_reload_opens_and_closes_doors(config):
    config.write_text('listen = ["raw://127.0.0.1:0"]\nprogram = ["cat"]\n')
    with serve("--config", str(config), listen=[]) as server:
        wait_until(lambda: server.urls, "a door")
        with RawPeer(server) as one:
            one.send(b"a\n")
            one.expect("a\r\na")
            config.write_text('listen = ["raw://[::1]:0"]\nprogram = ["cat"]\n')
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: any("::1" in url for url in server.urls), "the new door", describe=lambda: server.log)
            wait_until(lambda: refused(server), "the old door to be closed")
            one.send(b"b\n")
            one.expect("b\r\nb")


def refused(server) -> bool:
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return True
    return False
