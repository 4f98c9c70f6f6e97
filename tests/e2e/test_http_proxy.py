"""Through an HTTP proxy: every connection of farpty:// goes by CONNECT where https_proxy says so."""

import pytest

from kit import Screen, wait_until
from kit.dial import desk, host, said
from kit.httpproxy import HttpProxy
from kit.native import execute, native_server, target
from kit.server import farpty_binary

SECRET = "open%20sesame"


def test_a_client_goes_through_and_comes_back_through_after_a_cut():
    with native_server("--", "bash", "--norc", "--noprofile", "-i") as server, HttpProxy() as proxy:
        variables = server.environment | {"https_proxy": proxy.url()}
        with Screen([farpty_binary(), "connect", "--accept-new", target(server)], environment=variables) as screen:
            screen.wait_for("$ ")
            opened = proxy.opened
            assert opened >= 1
            screen.line("kept=7")
            proxy.cut()
            screen.line("echo af''ter-$kept; exit 5")
            screen.wait_for("after-7")
            assert screen.wait_exit() == 5
            assert proxy.opened > opened
        assert set(proxy.requests) == {f"CONNECT {target(server)} HTTP/1.1"}


def test_who_dials_out_goes_through_with_a_password_and_redials():
    with desk() as at, HttpProxy(credentials="ann:open sesame", only=at.address[1]) as proxy, \
            host(at, environment={"HTTPS_PROXY": proxy.url(f"ann:{SECRET}")}, flags=["-v"]) as over_there:
        at.screen.wait_for("$ ")
        at.screen.line("kept=7")
        proxy.cut()
        at.screen.line("echo af''ter-$kept; exit 6")
        at.screen.wait_for("after-7")
        assert at.screen.wait_exit() == 6
        log = said(over_there)
        assert "sesame" not in log
        assert proxy.opened >= 2


def test_the_proxy_resolves_the_name():
    """Over there, only the proxy knows names."""
    with desk() as at, HttpProxy(names={"desk.invalid": "127.0.0.1"}) as proxy, \
            host(at, address=("desk.invalid", at.address[1]), environment={"https_proxy": proxy.url()}):
        at.screen.wait_for("$ ")
        at.screen.line("exit 4")
        assert at.screen.wait_exit() == 4


@pytest.mark.parametrize(("answer", "shown"), [
    (b"HTTP/1.1 403 Forbidden\r\n\r\n", "answered 'HTTP/1.1 403 Forbidden'"),
    (b"HTTP/1.1 407 Proxy Authentication Required\r\nA: b\r\n\r\n<html>", "answered 'HTTP/1.1 407 Proxy Authentication Required'"),
    (b"SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
    (b"HTTP/1.1 200 OK\r\n\r\nand more", "says more than it was asked"),
    (b"HTTP/1.1 200 " + b"x" * 10000, "answers without an end"),
])
def test_what_a_proxy_refuses_is_told_without_its_password(answer, shown):
    with native_server() as server, HttpProxy(answer=answer) as proxy:
        server.environment["https_proxy"] = proxy.url(f"ann:{SECRET}")
        done = execute(server, "true", flags=["-v"])
        assert done.returncode == 255
        assert shown in done.stderr.decode()
        assert b"sesame" not in done.stderr


def test_a_proxy_that_is_not_there_is_named():
    with native_server() as server:
        with HttpProxy() as proxy:
            port = proxy.port
        server.environment["https_proxy"] = f"http://ann:{SECRET}@127.0.0.1:{port}"
        done = execute(server, "true")
        assert done.returncode == 255
        assert b"sesame" not in done.stderr
        server.environment["https_proxy"] = f"https://ann:{SECRET}@127.0.0.1:{port}"
        done = execute(server, "true")
        assert done.returncode == 255
        assert b"only http:// proxies" in done.stderr
        assert b"sesame" not in done.stderr


def test_no_proxy_excepts_hosts():
    with native_server() as server, HttpProxy() as proxy:
        server.environment |= {"https_proxy": proxy.url(), "no_proxy": "localhost,127.0.0.1"}
        assert execute(server, "true").returncode == 0
        assert proxy.requests == []
        server.environment["no_proxy"] = "example.org"
        assert execute(server, "true").returncode == 0
        wait_until(lambda: proxy.opened == 1, "the tunnel")
