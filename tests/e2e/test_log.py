"""The log: one record for each event, in three forms, and nobody who is served can forge one."""

import json
import re
import shlex
import subprocess

import pytest
from kit import RawPeer, Screen, serve
from kit.native import config_folder, execute, native_server, target
from kit.server import farpty_binary

LOGFMT = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^\s"]*)(?: |$)')


def of_logfmt(line: str) -> dict[str, str]:
    """The fields of a line, which must be nothing but such."""
    found, at = {}, 0
    while at < len(line):
        match = LOGFMT.match(line, at)
        assert match, f"no field at {line[at:]!r}"
        name, value = match.groups()
        assert name not in found, f"{name} stands twice in {line!r}"
        found[name] = json.loads(value) if value.startswith('"') else value
        at = match.end()
    return found


def records(server, form: str) -> list[dict]:
    return [json.loads(line) if form == "json" else of_logfmt(line) for line in server.log.splitlines()]


def the_event(server, form: str, name: str) -> dict:
    server.wait_log(rf'\bevent"?[=:]"?{name}\b')
    (found,) = [one for one in records(server, form) if one.get("event") == name]
    return found


@pytest.mark.parametrize("form", ["json", "logfmt"])
def test_a_session_of_a_raw_door(form):
    with serve("--log-format", form, "--", "sh", "-c", "read -r word; exit 3") as server:
        with RawPeer(server) as peer:
            peer.send(b"four\n")
            peer.expect_end()
            host, port = peer.socket.getsockname()
        end = the_event(server, form, "session-end")
        begin = the_event(server, form, "session-start")
        number = int if form == "json" else str
        for one in (begin, end):
            assert one["session"] == number(1) and one["door"] == "raw" and one["peer"] == f"{host}:{port}"
            assert re.fullmatch(r"uid \d+", one["who"]) and one["program"] == "sh" and one["level"] == "info"
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["time"])
        assert (end["status"], end["cause"], end["bytes_in"]) == (number(3), "program", number(5))
        assert float(end["seconds"]) >= 0 and int(end["bytes_out"]) > 0
        assert end["msg"].startswith("session 1 ended: exit status 3 (sh, ")
        assert the_event(server, form, "listening")["door"] == server.url


def test_a_login_names_the_key_and_no_secret():
    with native_server("--log-format", "json") as server:
        assert execute(server, "sh", "-c", "kill -9 $$").returncode == 137
        end = the_event(server, "json", "session-end")
        key = subprocess.run(["ssh-keygen", "-lf", str(config_folder(server) / "id_ed25519.pub")], capture_output=True, text=True,
                             check=True).stdout.split()[1]
        login = the_event(server, "json", "login")
        assert login["who"] == key
        assert the_event(server, "json", "session-start")["who"] == login["who"] == end["who"]
        assert (end["signal"], end["door"], "status" in end) == (9, "farpty", False)
        assert the_event(server, "json", "server-key")["key"].startswith("SHA256:")
        (config_folder(server) / "authorized_keys").write_text("")
        assert execute(server, "true").returncode == 255
        refused = the_event(server, "json", "login-refused")
        assert refused["who"] == login["who"] and refused["reason"] and refused["level"] == "warning"


EVIL = "no\nfarpty: session 99 ended\x1b[2K\r\" status=0 \\\" session=99\x7f\u0085"


@pytest.mark.parametrize("form", ["text", "json", "logfmt"])
def test_nobody_forges_a_line(form):
    """What a client asks to be run is its own choice, and stands in the log: as one field of one line."""
    with native_server("--log-format", form) as server:
        assert execute(server, EVIL).returncode == 255
        script = config_folder(server) / EVIL
        script.write_text("#!/bin/sh\nexit 0\n")
        script.chmod(0o755)
        assert execute(server, str(script)).returncode == 0
        server.wait_idle()
        server.wait_log("session 2 ended|session 1 ended")
        for line in server.log.splitlines():
            assert not re.search(r"[\x00-\x1f\x7f\x80-\x9f]", line), line
            if form == "text":
                assert line.startswith("farpty: ") and not line.startswith("farpty: session 99")
            else:
                record = json.loads(line) if form == "json" else of_logfmt(line)
                assert str(record.get("session", "1")) in "12" and "msg" in record
        if form != "text":
            (end,) = [one for one in records(server, form) if one.get("event") == "session-end"]
            assert str(end["status"]) == "0"


def test_on_a_terminal_the_text_is_as_it_was():
    command = f"{shlex.quote(farpty_binary())} serve --listen raw://127.0.0.1:0 -- true"
    with Screen(["bash", "-c", command]) as screen:
        screen.wait_for(re.compile(r"^farpty: listening on raw://127\.0\.0\.1:\d+$", re.MULTILINE))
        screen.send("\x03")
        screen.wait_for("hanging up 0 session(s)")
        screen.wait_exit()


def test_a_form_that_there_is_not(tmp_path):
    config = tmp_path / "farpty.toml"
    config.write_text('log-format = "xml"\n')
    with pytest.raises(AssertionError, match="neither text, logfmt nor json"), serve("--config", str(config)):
        pass
