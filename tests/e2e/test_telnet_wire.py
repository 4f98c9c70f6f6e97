"""The telnet door, byte by byte: negotiation, commands, line ends, and peers that misbehave."""

import re
import socket
import sys

import pytest
from kit import Server, serve, wait_until
from kit.peers import RawPeer

IAC, SB, SE, WILL, WONT, DO, DONT = (bytes([code]) for code in (255, 250, 240, 251, 252, 253, 254))
BINARY, ECHO, SGA, TTYPE, NAWS, TSPEED, LINEMODE, NEW_ENVIRON = (bytes([code]) for code in (0, 1, 3, 24, 31, 32, 34, 39))
IP, BRK, AYT, EC, EL, EOF, SUSP, ABORT, DM = (bytes([code]) for code in (244, 243, 246, 247, 248, 236, 237, 238, 242))

OFFER = b"".join([IAC + WILL + ECHO, IAC + WILL + SGA, IAC + DO + SGA, IAC + WILL + BINARY, IAC + DO + BINARY,
                  IAC + DO + NAWS, IAC + DO + TTYPE])
"""What the door begins with."""
REFUSAL = b"".join([IAC + DONT + ECHO, IAC + DONT + SGA, IAC + WONT + SGA, IAC + DONT + BINARY, IAC + WONT + BINARY,
                    IAC + WONT + NAWS, IAC + WONT + TTYPE])


def serve_telnet(*program: str, wait: str = "30s"):
    """Clients that answer have all the time of the world for that; for those that do not, `wait` is a short one."""
    return serve("--telnet-wait", wait, "--", *program, listen=["telnet://127.0.0.1:0"])


class TelnetPeer(RawPeer):
    def __init__(self, server: Server) -> None:
        super().__init__(server.address("telnet"))

    def tell_type(self, name: bytes) -> None:
        self.send(IAC + SB + TTYPE + b"\0" + name + IAC + SE)

    def tell_size(self, columns: int, lines: int) -> None:
        size = columns.to_bytes(2) + lines.to_bytes(2)
        self.send(IAC + SB + NAWS + size.replace(IAC, IAC + IAC) + IAC + SE)

    def expect_asked(self, times: int) -> None:
        """The server has asked for a terminal type so often."""
        self.expect(b"(%s.*){%d}" % (re.escape(IAC + SB + TTYPE + b"\x01" + IAC + SE), times))


def test_who_refuses_everything_is_served_at_once_and_asked_nothing_more():
    with serve_telnet("sh", "-c", "echo type $TERM; stty size") as server, TelnetPeer(server) as peer:
        peer.send(REFUSAL)
        assert peer.expect_end() == OFFER + b"type xterm-256color\r\n24 80\r\n"


def test_who_says_nothing_is_served_all_the_same():
    with serve("--", "echo", "hello", listen=["telnet://127.0.0.1:0"]) as server, TelnetPeer(server) as peer:
        assert peer.expect_end() == OFFER + b"hello\r\n"


def test_who_is_far_away_has_the_time_that_the_server_gives():
    with serve_telnet("sh", "-c", "echo type $TERM; stty size") as server, TelnetPeer(server) as far:
        far.expect(re.escape(OFFER))
        with serve("--", "echo", "hello", listen=["telnet://127.0.0.1:0"]) as usual, TelnetPeer(usual) as silent:
            silent.expect("hello")  # the usual time is over
        assert far.received == OFFER
        far.send(IAC + WILL + TTYPE + IAC + WILL + NAWS)
        far.tell_size(132, 43)
        far.tell_type(b"VT220")
        assert far.expect_end().endswith(b"type vt220\r\n43 132\r\n")


def test_the_program_starts_when_type_and_size_are_told():
    with serve_telnet("sh", "-c", "echo type $TERM; stty size") as server, TelnetPeer(server) as peer:
        peer.send(IAC + WILL + TTYPE + IAC + WILL + NAWS)
        peer.expect_asked(1)
        peer.tell_size(132, 43)
        peer.tell_type(b"VT220")
        assert peer.expect_end().endswith(b"type vt220\r\n43 132\r\n")


@pytest.mark.parametrize(("names", "chosen"), [
    ([b"NO-SUCH-TERMINAL", b"VT100"], "vt100"),
    ([b"no-such-terminal", b"neither", b"neither"], "no-such-terminal"),
    ([b"../../../etc/passwd", b"x;reboot", b"$(id)", b"", b"a" * 5000, b"linux"], "linux"),
])
def test_the_first_type_that_terminfo_knows_is_taken(names, chosen):
    with serve_telnet("sh", "-c", "echo type $TERM") as server, TelnetPeer(server) as peer:
        peer.send(IAC + WILL + TTYPE + IAC + WONT + NAWS)
        for number, name in enumerate(names):
            peer.expect_asked(number + 1)
            peer.tell_type(name)
        assert peer.expect_end().endswith(b"type " + chosen.encode() + b"\r\n")


def test_terminal_types_come_from_terminfo_folders_of_the_user():
    with serve_telnet("sh", "-c", "echo type $TERM") as server:
        folder = server.home / ".terminfo" / "6d"
        folder.mkdir(parents=True)
        (folder / "my-own").write_bytes(b"")
        with TelnetPeer(server) as peer:
            peer.send(IAC + WILL + TTYPE + IAC + WONT + NAWS)
            peer.expect_asked(1)
            peer.tell_type(b"other")
            peer.expect_asked(2)
            peer.tell_type(b"MY-OWN")
            assert peer.expect_end().endswith(b"type my-own\r\n")


def test_a_size_that_is_told_late_resizes():
    script = "stty -echo; echo ready; while read -r line; do stty size; done"
    with serve_telnet("sh", "-c", script, wait="1s") as server, TelnetPeer(server) as peer:
        peer.expect("ready")  # after the time for negotiation
        peer.send(IAC + WILL + NAWS)
        for told, seen in [((100, 30), "30 100"), ((0, 0), "24 80"), ((255, 255), "255 255"), ((65535, 65535), "1000 2000")]:
            peer.tell_size(*told)
            peer.send(b"\r\n")
            peer.expect(f"\r\n{seen}\r\n")


def test_the_clients_environment_never_arrives():
    with serve_telnet("env") as server, TelnetPeer(server) as peer:
        peer.send(IAC + WILL + NEW_ENVIRON + IAC + SB + NEW_ENVIRON + b"\0\0USER\x01-froot" + IAC + SE)
        peer.send(IAC + WILL + TSPEED + IAC + WILL + LINEMODE + REFUSAL)
        said = peer.expect_end()
        assert b"-froot" not in said
        for option in (NEW_ENVIRON, TSPEED, LINEMODE):
            assert said.count(IAC + DONT + option) == 1
            assert IAC + DO + option not in said


def started(server: Server) -> TelnetPeer:
    """A peer that refused everything, once the program wrote "ready"."""
    peer = TelnetPeer(server)
    peer.send(REFUSAL)
    peer.expect("ready")
    return peer


# Signals are taken by sigwait: a handler that runs just before pause() would be noticed too late.
NAME_A_SIGNAL = """
import signal
wanted = {signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
print(signal.Signals(signal.sigwait(wanted)).name)
"""
FLOOD = """
import os
try:
    while True:
        os.write(1, b"ready " * 1000)
except KeyboardInterrupt:
    os._exit(7)
"""


@pytest.mark.parametrize(("command", "name"), [(IP, "SIGINT"), (ABORT, "SIGQUIT"), (SUSP, "SIGTSTP")])
def test_commands_that_are_signals(command, name):
    with serve_telnet(sys.executable, "-c", NAME_A_SIGNAL) as server, started(server) as peer:
        peer.send(IAC + command)
        peer.expect(name)


def test_interrupt_is_whatever_character_the_program_chose():
    script = "stty -echo intr ^K; trap 'echo caught; exit' INT; echo ready; while :; do sleep 1; done"
    with serve_telnet("sh", "-c", script) as server, started(server) as peer:
        peer.send(b"\x03" + IAC + IP)
        peer.expect("caught")


def test_interrupt_overtakes_a_flood_of_output():
    with serve_telnet(sys.executable, "-c", FLOOD) as server, started(server) as peer:
        peer.send(IAC + IP)
        peer.expect_end()
        server.wait_log("ended: exit status 7")


def test_a_break_is_an_interrupt_where_the_tty_says_so():
    script = 'stty brkint; exec "$0" -c "$1"'
    with serve_telnet("sh", "-c", script, sys.executable, NAME_A_SIGNAL) as server, started(server) as peer:
        peer.send(IAC + BRK)
        peer.expect("SIGINT")


def test_a_break_is_a_nul_elsewhere():
    script = "stty -brkint -icanon -echo; echo ready; echo got $(head -c1 | od -An -tx1)"
    with serve_telnet("sh", "-c", script) as server, started(server) as peer:
        peer.send(IAC + BRK)
        peer.expect("got 00")


def test_erase_kill_and_end_of_file_edit_the_line():
    script = "echo ready; cat; echo end"
    with serve_telnet("sh", "-c", script) as server, started(server) as peer:
        peer.send(b"wrong" + IAC + EL + b"rightx" + IAC + EC + b"\r\n" + IAC + EOF)
        assert peer.expect_end().endswith(b"right\r\nend\r\n")


def test_are_you_there():
    with serve_telnet("sh", "-c", "echo ready; read line") as server, started(server) as peer:
        peer.send(IAC + AYT)
        peer.expect(r"\r\n\[farpty: yes\]\r\n")


def test_carriage_returns_and_255_on_the_wire():
    script = "stty raw -echo; printf ready; printf 'a\\rb\\r\\nc\\nd\\377e\\r'; dd bs=1 count=8 2>/dev/null | od -An -tx1"
    with serve_telnet("sh", "-c", script) as server, started(server) as peer:
        peer.expect(rb"readya\r\x00b\r\nc\nd\xff\xffe\r")
        peer.send(b"a\r\nb\r\0c\xff\xff\n\xff\xf1d")  # IAC NOP in between
        peer.expect(b"61 0d 62 0d 63 ff 0a 64")


def test_binary_changes_nothing():
    script = "stty raw -echo; printf ready; printf 'a\\rb\\r\\n\\377\\r'; dd bs=1 count=6 2>/dev/null | od -An -tx1"
    with serve_telnet("sh", "-c", script) as server, TelnetPeer(server) as peer:
        peer.send(IAC + DO + BINARY + IAC + WILL + BINARY + IAC + WONT + NAWS + IAC + WONT + TTYPE)
        peer.expect(rb"readya\rb\r\n\xff\xff\r")
        peer.send(b"a\r\n\r\0\xff\xff")
        peer.expect(b"61 0d 0a 0d 00 ff")


def test_urgent_data_is_harmless():
    """Telnet's Synch: the Data Mark is sent as TCP urgent data, and must not be torn out of its IAC."""
    script = "stty raw -echo; printf ready; dd bs=1 count=4 2>/dev/null | od -An -c"
    with serve_telnet("sh", "-c", script) as server, started(server) as peer:
        peer.send(b"a" + IAC)
        peer.socket.send(DM, socket.MSG_OOB)
        peer.send(b"b")
        peer.socket.send(b"c", socket.MSG_OOB)
        peer.send(b"d")
        peer.expect(r"a +b +c +d")


def test_input_that_comes_long_before_the_program_is_not_lost():
    lines = b"".join(b"line %d\r\n" % number for number in range(5000))
    script = "stty -echo; n=0; while read -r line; do n=$((n+1)); [ \"$line\" = end ] && break; done; echo $n lines"
    with serve_telnet("bash", "-c", script, wait="1s") as server, TelnetPeer(server) as peer:
        peer.send(lines + b"end\r\n")
        peer.expect("5001 lines")


def test_a_flood_of_requests_from_a_peer_that_reads_nothing_ends_that_peer_only():
    with serve_telnet("bash", "--norc", "--noprofile") as server, started_shell(server) as other:
        with TelnetPeer(server) as peer:
            flood = (IAC + AYT + IAC + DO + b"\x06") * 4096

            def refused() -> bool:
                try:
                    peer.socket.send(flood)
                except (ConnectionResetError, BrokenPipeError):
                    return True
                return False

            wait_until(refused, "the flood to be cut off")
        server.wait_log("it does not read our answers")
        other.line("echo still $((6*7))")
        other.expect("still 42")


def started_shell(server: Server) -> TelnetPeer:
    peer = TelnetPeer(server)
    peer.send(REFUSAL)
    peer.expect(r"\$ ")
    return peer


def test_option_requests_without_end_are_answered_a_bounded_number_of_times():
    with serve_telnet("sh", "-c", "echo ready; read line; echo $line") as server, started(server) as peer:
        for option in (SGA, NEW_ENVIRON, b"\xc8"):
            peer.send((IAC + WILL + option + IAC + DO + option) * 1000)
        peer.send(b"enough\r\n")
        said = peer.expect_end()
        assert said.endswith(b"enough\r\nenough\r\n")
        assert len(said) < 200


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01"])
def test_web_pages_and_tls_are_turned_away(opening):
    with serve_telnet("cat") as server, TelnetPeer(server) as peer:
        peer.send(opening)
        wait_until(lambda: (peer.pump(0.02), peer.ended)[1], "the connection to be closed")
        server.wait_log("is not for this door")


def test_a_program_that_does_not_exist():
    with serve_telnet("no-such-program") as server, TelnetPeer(server) as peer:
        peer.send(REFUSAL)
        assert b"cannot run no-such-program: no such file or directory\r\n" in peer.expect_end()


def test_a_peer_that_goes_while_it_negotiates_starts_nothing():
    with serve_telnet("cat") as server:
        with TelnetPeer(server) as peer:
            peer.expect(re.escape(OFFER))
            peer.vanish()
        with TelnetPeer(server) as peer:
            peer.send(REFUSAL + b"hello\r\n")
            peer.expect("hello\r\nhello")
        assert len(re.findall("session .* started", server.log)) == 1


def test_unix_socket(tmp_path):
    path = tmp_path / "shell"
    with serve("--", "sh", "-c", "echo type $TERM", listen=[f"telnet+unix://{path}"]) as server:
        assert server.urls == [f"telnet+unix://{path}"]
        with RawPeer(server, unix=str(path)) as peer:
            peer.send(REFUSAL)
            assert peer.expect_end() == OFFER + b"type xterm-256color\r\n"
