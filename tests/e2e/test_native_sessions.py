"""Sessions of a native door by their names: list, attach, detach, kill, the pen, and how long they wait."""

import subprocess

import pytest

from kit import wait_until
from kit.native import client, execute, farpty, native_server, sessions, target, written
from kit.server import farpty_binary
from kit.wait import GENEROUS

SHELL = ("--", "bash", "--norc", "--noprofile", "-i")


def test_a_session_that_was_detached_goes_on_and_is_attached_to_by_name():
    with native_server(*SHELL) as server:
        with client(server, "connect", flags=("--name", "work")) as screen:
            screen.wait_for("$ ")
            screen.line("kept=57; echo re''ady")
            screen.wait_for("ready")
            screen.send("\r~d")
            screen.wait_for("detached")
            assert screen.wait_exit() == 0
            assert f"farpty attach farpty://{target(server)} work" in screen.unwrapped
        [one] = wait_until(lambda: (now := sessions(server)) and now[0]["viewers"] == 0 and now, "the viewer to be gone")
        assert (one["name"], one["viewers"], one["columns"], one["rows"]) == ("work", 0, 80, 24)
        with client(server, "attach", "work", size=(90, 30)) as screen:
            wait_until(lambda: sessions(server)[0]["columns"] == 90, "the writer's size to hold")
            screen.line("echo still-$kept")
            screen.wait_for("still-57")
            screen.line("exit 3")
            assert screen.wait_exit() == 3
        wait_until(lambda: not sessions(server), "the session to end")


def test_the_one_session_needs_no_name_and_two_do():
    with native_server(*SHELL) as server:
        with client(server, "connect", flags=("--name", "one")) as screen:
            screen.wait_for("$ ")
            screen.send("~d")
            assert screen.wait_exit() == 0
        with client(server, "attach") as screen:
            screen.line("echo fo''und")
            screen.wait_for("found")
            with client(server, "connect", flags=("--name", "two")) as other:
                other.wait_for("$ ")
                assert "there are several sessions" in farpty(server, "attach", target(server)).stderr
                assert "no session 'three'" in farpty(server, "attach", target(server), "three").stderr
                other.line("exit")
                assert other.wait_exit() == 0
            screen.line("exit")
            assert screen.wait_exit() == 0
        wait_until(lambda: not sessions(server), "the sessions to end")
        assert "there is no session" in farpty(server, "attach", target(server)).stderr


def test_a_name_is_taken_once_and_attach_or_new_does_either():
    with native_server(*SHELL) as server:
        both = ("--name", "work", "--attach-or-new")
        with client(server, "connect", flags=both) as screen:
            screen.wait_for("$ ")
            screen.line("kept=58; echo re''ady")
            screen.wait_for("ready")
            again = farpty(server, "connect", "-t", "--new", "--name", "work", target(server))
            assert again.returncode == 255
            assert "there is one of that name" in again.stderr
            with client(server, "connect", flags=both) as second:
                second.line("echo same-$kept")
                second.wait_for("same-58")
                second.line("exit")
                assert second.wait_exit() == 0
            assert screen.wait_exit() == 0


def test_a_list_for_people_and_an_end_by_name_and_number():
    with native_server(*SHELL) as server:
        with client(server, "connect", flags=("--name", "work")) as first, client(server, "connect") as second:
            first.wait_for("$ ")
            second.wait_for("$ ")
            table = farpty(server, "ls", target(server)).stdout.splitlines()
            assert table[0].split() == ["ID", "NAME", "SIZE", "AGE", "IDLE", "VIEWERS", "PROGRAM"]
            assert {tuple(row.split()[1:3]) for row in table[1:]} == {("work", "80x24"), ("-", "80x24")}
            number = next(str(one["session"]) for one in sessions(server) if not one["name"])
            done = farpty(server, "kill", target(server), "work", number)
            assert done.returncode == 0, done
            for screen in (first, second):
                assert screen.wait_exit() == 255
                screen.wait_for("hung up by farpty kill")
        assert farpty(server, "kill", target(server), "work").returncode == 1
        server.wait_idle()


def test_a_key_for_one_command_sees_and_ends_nothing():
    with native_server(options='command="sleep 1000"') as server:
        shown = farpty(server, "ls", "--accept-new", target(server))
        assert shown.returncode == 1
        assert "may only run one command" in shown.stderr
        assert farpty(server, "kill", target(server), "1").returncode == 1


def test_the_pen_is_taken_and_handed_over():
    with native_server(*SHELL) as server, client(server, "connect", flags=("--name", "work")) as first:
        first.wait_for("$ ")
        with client(server, "attach", "work") as second:

            def told(first_one: str, second_one: str, since: tuple[int, int] = (0, 0)) -> None:
                """Our own lines go again by themselves, so they may never be seen on a screen."""
                first.wait_raw(first_one, since[0])
                second.wait_raw(second_one, since[1])

            first.wait_raw("somebody else has the pen")
            second.line("echo from-sec''ond")
            for screen in (first, second):
                screen.wait_for("from-second")
            since = len(first.raw), len(second.raw)
            first.send("\r~w")
            told("you have the pen", "somebody else has the pen", since)
            first.line("echo from-fir''st")
            for screen in (first, second):
                screen.wait_for("from-first")
            since = len(first.raw), len(second.raw)
            first.send("\r~w")  # it has it, and hands it over
            told("somebody else has the pen", "you have the pen", since)
            second.line("echo again-sec''ond")
            for screen in (first, second):
                screen.wait_for("again-second")
            second.line("exit")
            for screen in (first, second):
                assert screen.wait_exit() == 0


def test_who_looks_on_types_nothing_and_resizes_nothing():
    with native_server(*SHELL) as server:
        with client(server, "connect", flags=("--name", "work")) as writer:
            writer.wait_for("$ ")
            with client(server, "attach", "work", flags=("--read-only",), size=(40, 10)) as looker:
                wait_until(lambda: sessions(server)[0]["viewers"] == 2, "a second viewer")
                looker.send("echo from-loo''ker\r~w")
                writer.line("echo from-wri''ter; stty size")
                looker.wait_for("from-writer")
                writer.wait_for("24 80")
                assert "from-looker" not in writer.text
                looker.send("\r~d")
                assert looker.wait_exit() == 0
            writer.line("exit")
            assert writer.wait_exit() == 0


def test_a_client_that_is_killed_loses_nothing_and_another_attaches():
    with native_server(*SHELL) as server:
        with client(server, "connect", flags=("--name", "work")) as screen:
            screen.wait_for("$ ")
            screen.line("kept=59; echo re''ady")
            screen.wait_for("ready")
            screen.process.kill()
            screen.wait_exit()
        wait_until(lambda: sessions(server)[0]["viewers"] == 0, "the viewer to be gone")
        with client(server, "attach", "work") as screen:
            screen.line("echo still-$kept; exit")
            screen.wait_for("still-59")
            assert screen.wait_exit() == 0


def test_a_session_that_nobody_comes_back_to_ends_when_its_time_is_over():
    with native_server(*SHELL) as server:
        with client(server, "connect", flags=("--linger", "1s")) as screen:
            screen.wait_for("$ ")
            screen.send("~d")
            assert screen.wait_exit() == 0
        server.wait_log("hung up: nobody came back")
        server.wait_idle()
    with native_server("--linger", "1s", *SHELL) as server:
        with client(server, "connect") as screen:
            screen.wait_for("$ ")
            screen.process.kill()
            screen.wait_exit()
        server.wait_log("hung up: nobody came back")


@pytest.mark.parametrize("retain", ["64K", "block"])
def test_while_nobody_reads_the_program_runs_on_or_waits_as_it_was_told(retain):
    program = "read x; head -c 4500000 /dev/zero | tr '\\0' .; touch finished; echo do''ne; read y"
    with native_server("--retain", retain, "--", "sh", "-c", program) as server:
        with client(server, "connect", flags=("--name", "work")) as screen:
            screen.send("\r~d")
            assert screen.wait_exit() == 0
        if retain == "block":  # what fits was read: 4 MiB, and what a pty holds
            wait_until(lambda: written(server) >= 4 << 20, "the log to be full")
            assert not (server.home / "finished").exists()
        else:
            wait_until((server.home / "finished").exists, "the program to run on")
        with client(server, "attach", "work") as screen:
            if retain == "block":
                screen.wait_for("done")  # reading lets it go on
                assert (server.home / "finished").exists()
            screen.line("")
            assert screen.wait_exit() == 0


def test_a_command_on_pipes_is_not_what_attach_means():
    with native_server() as server:
        with subprocess.Popen([farpty_binary(), "exec", "--accept-new", target(server), "--", "cat"], env=server.environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            wait_until(lambda: len(sessions(server)) == 1, "the command to run")
            assert "there is no session" in farpty(server, "attach", target(server)).stderr
            running.communicate(timeout=GENEROUS)
            assert running.returncode == 0
        assert execute(server, "true").returncode == 0
