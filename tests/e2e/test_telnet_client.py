"""`farpty connect telnet://`, to our own door, to inetutils' telnetd, and to services that know no terminal."""

import os
import re
import socket
import subprocess
import termios

from kit import GENEROUS, Screen, connected, farpty_binary, need, need_program, serve, wait_until
from kit.processes import default_signals
from kit.server import base_environment

IAC, SB, SE, WILL, WONT, DO, DONT = (bytes([code]) for code in (255, 250, 240, 251, 252, 253, 254))
ECHO, SGA, NAWS, IP = (bytes([code]) for code in (1, 3, 31, 244))
PROMPT = re.compile(r"\$$")
LOCAL = 3  # index of c_lflag in what tcgetattr gives


def serve_telnet(*program: str):
    return serve("--telnet-wait", "30s", "--", *program, listen=["telnet://127.0.0.1:0"])


class Service:
    """One connection of a TCP service, played by the test."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(GENEROUS)
        self.url = f"telnet://127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        self.socket, _ = self.listener.accept()
        self.socket.settimeout(GENEROUS)
        self.heard = b""

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hears(self, wanted: bytes) -> None:
        """Exactly this comes next."""
        while len(self.heard) < len(wanted):
            data = self.socket.recv(4096)
            assert data, f"end after {self.heard!r} instead of {wanted!r}"
            self.heard += data
        assert self.heard.startswith(wanted), f"{self.heard!r} instead of {wanted!r}"
        self.heard = self.heard[len(wanted):]

    def hears_end(self) -> None:
        assert self.heard + self.socket.recv(4096) == b""

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        if hasattr(self, "socket"):
            self.socket.close()


def connect(service: Service, home, **more) -> Screen:
    return Screen([farpty_binary(), "connect", service.url], environment=base_environment(home), **more)


def local_modes(screen: Screen) -> int:
    return screen.attributes()[LOCAL] & (termios.ICANON | termios.ECHO | termios.ISIG)


COOKED = termios.ICANON | termios.ECHO | termios.ISIG


def test_a_shell_with_type_size_and_live_window():
    with serve_telnet("bash", "--norc", "--noprofile") as server:
        with connected(server, scheme="telnet", size=(100, 30)) as screen:
            screen.wait_for(PROMPT)
            assert local_modes(screen) == 0
            screen.line("echo type $TERM, size $(stty size)")
            screen.wait_for("type xterm-256color, size 30 100")
            for columns, lines in [(70, 20), (255, 255)]:
                screen.resize(columns, lines)
                screen.line(f"until stty size | tee /dev/tty | grep -qx '{lines} {columns}'; do sleep 0.05; done; echo it follows")
                screen.wait_for(re.compile("^it follows$", re.MULTILINE))
                screen.line("clear")
                screen.wait_for(re.compile(r"\A\$\Z"))
            screen.line("printf 'a\\rb\\377' | od -An -tx1; exit")
            screen.wait_for("61 0d 62 ff")
            assert screen.wait_exit() == 0
            assert local_modes(screen) == COOKED


def test_every_key_arrives():
    with serve_telnet("sh", "-c", "stty raw -echo; echo ready; dd bs=1 count=9 2>/dev/null | od -An -tx1") as server:
        with connected(server, "--escape-char=none", scheme="telnet") as screen:
            screen.wait_for("ready")
            screen.send(b"\x03\r\n\0\xff\r\x1b\x7fz")
            screen.wait_for("03 0d 0a 00 ff 0d 1b 7f 7a")


def test_a_name_that_the_server_does_not_know_and_one_that_it_knows():
    with serve_telnet("sh", "-c", "echo type $TERM") as server:
        environment = server.environment | {"TERM": "xterm-nobodyknowsit"}
        with Screen([farpty_binary(), "connect", server.url], environment=environment) as screen:
            screen.wait_for(re.compile(r"^type xterm$", re.MULTILINE))


def test_verbose_explains():
    with serve_telnet("sh", "-c", "read line") as server, connected(server, "-v", scheme="telnet") as screen:
        screen.wait_for("telnet: the far end echoes")
        screen.wait_for("telnet: the far end is told the size of your window")


def test_a_script_through_pipes():
    with serve("--", "bash", "--norc", "--noprofile", listen=["telnet://127.0.0.1:0"]) as server:
        done = subprocess.run([farpty_binary(), "connect", server.url], input=b"echo $((6*7)) answers\nexit\n",
                              capture_output=True, env=server.environment, timeout=120, check=False)
        assert b"42 answers" in done.stdout
        assert done.returncode == 0, done.stderr


def test_telnetd():
    """inetutils' telnetd, as its superserver would run it."""
    telnetd = need_program("telnetd", "inetutils-telnetd")
    need(os.geteuid() == 0, "root, which telnetd wants to be")
    with Service() as service:
        with Screen([farpty_binary(), "connect", service.url], size=(100, 30),
                    environment=dict(os.environ) | {"TERM": "xterm-256color"}) as screen:
            service.accept()
            service.socket.setblocking(True)  # the program's, from now on
            server = subprocess.Popen([telnetd, "-h", "-E", "/bin/bash --norc --noprofile"], stdin=service.socket,
                                      stdout=service.socket, stderr=service.socket, preexec_fn=default_signals)
            service.socket.close()
            screen.wait_for(re.compile(r"[#$]$"))
            screen.line("PS1='> '; stty size; echo $TERM | tr a-z A-Z; echo grüße")
            screen.wait_for("30 100\nXTERM-256COLOR\ngrüße\n>")
            screen.resize(70, 20)
            screen.line("stty size; sleep 1000")
            screen.wait_for("20 70")
            screen.key("C-c")
            screen.wait_for(re.compile(r"\^C\n>$"))
            screen.line("exit")
            screen.wait_exit()
            assert local_modes(screen) == COOKED
            server.wait(timeout=GENEROUS)


def test_a_service_of_lines(tmp_path):
    """It negotiates nothing: the terminal echoes and edits, lines go out as CR LF, Ctrl-D ends them."""
    with Service() as service, connect(service, tmp_path) as screen:
        service.accept()
        service.say(b"220 mail\r\n")
        screen.wait_for("220 mail")
        assert local_modes(screen) == COOKED
        screen.send("HELOO\x7f me\r")
        service.hears(b"HELO me\r\n")
        screen.wait_for("HELO me")
        service.say(b"250 hi\r\n")
        screen.wait_for("250 hi")
        screen.key("C-c")
        service.hears(IAC + IP)
        screen.key("C-d")
        service.hears_end()
        service.say(b"221 bye\r\n")
        service.socket.close()
        assert screen.wait_exit() == 0
        assert "221 bye" in screen.text


def test_a_password_of_a_line_service_is_not_shown(tmp_path):
    with Service() as service, connect(service, tmp_path) as screen:
        service.accept()
        service.say(b"Password: " + IAC + WILL + ECHO)
        service.hears(IAC + DO + ECHO)
        wait_until(lambda: local_modes(screen) == termios.ICANON | termios.ISIG, "the echo to be off")
        screen.send("geheim\r")
        service.hears(b"geheim\r\n")
        service.say(IAC + WONT + ECHO + b"\r\nwelcome\r\n")
        service.hears(IAC + DONT + ECHO)
        screen.wait_for("welcome")
        assert "geheim" not in screen.text
        wait_until(lambda: local_modes(screen) == COOKED, "the echo to be on")


def test_keys_one_by_one_with_a_local_echo(tmp_path):
    with Service() as service, connect(service, tmp_path) as screen:
        service.accept()
        service.say(IAC + WILL + SGA)
        service.hears(IAC + DO + SGA)
        wait_until(lambda: local_modes(screen) == termios.ECHO, "single keys")
        screen.send("a\r")
        service.hears(b"a\r\0")
        screen.wait_for("a")


def test_a_hostile_service(tmp_path):
    """Floods of requests and endless subnegotiations: the escape keys still work, and the terminal is restored."""
    with Service() as service, connect(service, tmp_path) as screen:
        service.accept()
        service.say(IAC + WILL + ECHO + IAC + WILL + SGA)
        service.hears(IAC + DO + ECHO + IAC + DO + SGA)
        for code in range(40, 240):
            service.say((IAC + WILL + bytes([code]) + IAC + DO + bytes([code])) * 50)
        service.hears(b"".join(IAC + DONT + bytes([code]) + IAC + WONT + bytes([code]) for code in range(40, 240)))
        service.say(IAC + SB + NAWS + b"x" * 100_000 + b"\r\n")
        screen.send("~.")
        assert screen.wait_exit() == 255
        assert local_modes(screen) == COOKED


def test_a_peer_that_restores_nothing(tmp_path):
    """The service closes in the middle of a command, in raw mode."""
    with Service() as service, connect(service, tmp_path) as screen:
        service.accept()
        service.say(IAC + WILL + ECHO + IAC + WILL + SGA + b"text" + IAC)
        screen.wait_for("text")
        service.socket.close()
        screen.wait_exit()
        assert local_modes(screen) == COOKED
