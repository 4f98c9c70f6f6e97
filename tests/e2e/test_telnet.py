"""The telnet door, with the telnet clients that people have, and netcat."""

import re
import subprocess

import pytest
from kit import Screen, Server, need_program, serve, wait_until
from kit.clients import CLIENTS, TELNET_CLIENTS
from kit.compare import Side, assert_in_step
from kit.peers import netcat
from kit.server import base_environment

BASH = ("bash", "--norc", "--noprofile")
SHOW_SIZE = """while :; do printf '\\r  now %s  ' "$(stty size)"; sleep 0.05; done"""
PROMPT = re.compile(r"^\$$", re.MULTILINE)


def serve_telnet(*program: str, wait: str = "30s", **more):
    """Clients that answer have all the time of the world for that; for netcat, which does not, `wait` is a short one."""
    return serve("--telnet-wait", wait, "--", *program, listen=["telnet://127.0.0.1:0"], **more)


LIVE_WINDOW = ["inetutils", "inetutils-8bit", "plink"]  # busybox tells its size once


@pytest.fixture(params=TELNET_CLIENTS)
def name(request) -> str:
    return request.param


def log_in(server: Server, name: str, size: tuple[int, int] = (100, 30)) -> Screen:
    return Screen(CLIENTS[name].log_in(server), size=size, environment=server.environment)


def wait_for_program(server: Server, name: str) -> None:
    """It runs: from now on the tty is in the mode that the shell gave it."""
    wait_until(lambda: any(process.name == name for process in server.descendants()), f"{name} to run")


def test_a_shell_with_its_terminal_type_and_size(name):
    with serve_telnet(*BASH) as server, log_in(server, name) as screen:
        screen.wait_for(PROMPT)
        screen.line("echo type $TERM, size $(stty size)")
        screen.wait_for(f"type {CLIENTS[name].term}, size 30 100")
        screen.line("exit")
        assert screen.wait_exit() in (0, 1)  # inetutils calls a connection that the server closed a failure


def test_eight_bits_both_ways(name):
    with serve_telnet(*BASH) as server, log_in(server, name) as screen:
        screen.wait_for(PROMPT)
        screen.line("printf 'grüße €\\n' | tr a-z A-Z")
        screen.wait_for("GRüßE €")


def test_enter_is_one_key(name):
    """CR NUL, CR LF or CR: what a client sends for Enter comes as one CR."""
    with serve_telnet("sh", "-c", "stty raw -echo; echo ready; dd bs=1 count=3 2>/dev/null | od -An -c") as server:
        with log_in(server, name) as screen:
            screen.wait_for("ready")
            screen.send("a\rb")
            screen.wait_for(re.compile(r"a +\\r +b"))


def test_interrupt_and_job_control(name):
    with serve_telnet(*BASH) as server, log_in(server, name) as screen:
        screen.wait_for(PROMPT)
        screen.line("sleep 1000; echo status $?")
        wait_for_program(server, "sleep")
        screen.key("C-c")
        screen.wait_for(re.compile(r"\^C\n"))
        screen.line("cat; echo done")
        wait_for_program(server, "cat")
        screen.line("one line")
        screen.wait_for("one line\none line")
        screen.key("C-z")
        screen.wait_for("Stopped")
        screen.line("fg")
        screen.wait_for(re.compile(r"fg\ncat"))
        screen.key("C-d")
        screen.wait_for(re.compile(r"^\$$", re.MULTILINE))


@pytest.mark.parametrize("name", LIVE_WINDOW, indirect=True)
def test_the_window_follows(name):
    with serve_telnet("sh", "-c", SHOW_SIZE) as server, log_in(server, name) as screen:
        screen.wait_for("now 30 100")
        for columns, lines in [(70, 20), (255, 255), (81, 24)]:
            screen.resize(columns, lines)
            screen.wait_for(f"now {lines} {columns}")


def edit(screen: Screen):
    """Writes, scrolls, splits, searches; what vim draws with insert, delete and scroll regions."""
    screen.wait_for(lambda screen: screen.lines[-1].startswith('"') or "~" in screen.text)
    screen.send("ihello wörld\r\x1b50ox\x1b")
    screen.send("ggVGyp:set number\r")
    screen.wait_for("1 hello wörld")
    screen.send(":split\rGo€ end\x1b")
    screen.wait_for("€ end")
    screen.send(":%s/x/long line of text/\r\x0c")
    screen.wait_for("long line of text")
    screen.send("gg0:echo 'moment'\r")
    screen.wait_for(lambda screen: screen.lines[-1] == "moment")
    yield
    screen.send(":qa!\r")


def test_vim_looks_as_on_a_local_terminal(name):
    vim = ["vim", "-u", "NONE", "-n", "-c", "set encoding=utf-8 t_RV= t_u7="]
    need_program("vim")
    with serve_telnet(*vim) as server:
        environment = base_environment(server.home) | {"TERM": CLIENTS[name].term}
        with Screen(vim, environment=environment, cwd=str(server.home)) as near, log_in(server, name, size=(80, 24)) as far:
            assert_in_step([Side("a local terminal", near, server.home, edit, []), Side(name, far, server.home, edit, [])])


def test_netcat_negotiates_nothing_and_gets_a_shell():
    with serve_telnet(*BASH, wait="1s") as server:
        host, port = server.address("telnet")
        command = f"stty raw -echo && {netcat()} {host} {port}; stty sane; echo back"
        with Screen(["sh", "-c", command], environment=server.environment) as screen:
            screen.wait_for(re.compile(r"\$$"))
            screen.line("echo type $TERM, size $(stty size); exit")
            screen.wait_for("type xterm-256color, size 24 80")
            server.wait_idle()
            # Netcat without -N ends when it has input that it can not send any more.
            screen.wait_for(lambda screen: screen.key("Enter") or "back" in screen.text)


@pytest.mark.parametrize("size", [1, 200])
def test_netcat_with_a_script(size):
    """A peer that half-closes before the program has begun: all its input comes, then end-of-file; all output goes back."""
    lines = "".join(f"line {number}\n" for number in range(size * 100))
    with serve_telnet("sh", "-c", "stty -echo; md5sum", wait="1s") as server:
        host, port = server.address("telnet")
        done = subprocess.run([netcat(), "-N", host, str(port)], input=lines.encode(), capture_output=True, timeout=120, check=True)
    wanted = subprocess.run(["md5sum"], input=lines.encode(), capture_output=True, check=True).stdout.split()[0]
    assert wanted in done.stdout, done.stdout[-300:]
