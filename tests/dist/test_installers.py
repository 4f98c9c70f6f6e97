"""install.sh and the starters of `make dist`, as users run them: against a web server on loopback, with right and wrong sums.

FARPTY_DIST names another folder with a farpty-PROCESSOR-linux and what scripts/installers wrote for it.
"""

import http.server
import os
import platform
import re
import shutil
import ssl
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from kit.need import need_program
from kit.paths import ROOT
from kit.wait import GENEROUS

DIST = Path(os.environ.get("FARPTY_DIST", ROOT / "build/dist")).resolve()
NAME = f"farpty-{platform.machine()}-linux"
WRONG = b"#!/bin/sh\necho it was run\n"

pytestmark = pytest.mark.skipif(not (DIST / NAME).exists(), reason=f"not built: {NAME} (make dist)")


@contextmanager
def served(folder, certificate=None):
    """The URL of a folder; by TLS where there is a certificate (a file with its key)."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}/files"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    (folder / "files").symlink_to(DIST)
    with served(folder) as url:
        yield url


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Of 127.0.0.1, and nobody's who is trusted."""
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    subprocess.run([need_program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", file], check=True, capture_output=True)
    return file


@pytest.fixture(scope="module")
def secure(tmp_path_factory, certificate):
    folder = tmp_path_factory.mktemp("web")
    (folder / "files").symlink_to(DIST)
    with served(folder, certificate) as url:
        yield url


@pytest.fixture
def bad(tmp_path):
    """A server whose file is not the one."""
    (tmp_path / "web/files").mkdir(parents=True)
    (tmp_path / "web/files" / NAME).write_bytes(WRONG)
    with served(tmp_path / "web") as url:
        yield url


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def path_with(folder, *programs):
    """A PATH of nothing but these programs."""
    folder.mkdir()
    for program in programs:
        (folder / program).symlink_to(need_program(program))
    return str(folder)


TOOLS = ("sh", "uname", "mkdir", "chmod", "mv", "rm", "sha256sum")


def run(command, home, **environment):
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(home), "no_proxy": "127.0.0.1"} | environment,
                          capture_output=True, text=True, cwd=home, stdin=subprocess.DEVNULL, timeout=GENEROUS, check=False)


def install(home, *words, shell=("sh",), **environment):
    return run([*shell, str(DIST / "install.sh"), *words], home, **environment)


def everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def assert_it_runs(file):
    told = subprocess.run([file, "--version"], capture_output=True, text=True, check=True).stdout
    assert re.match(r"farpty \d+\.\d+", told)


@pytest.mark.parametrize("shell", [("dash",), ("bash", "--posix"), ("busybox", "sh"), ("zsh",)], ids=lambda words: words[0])
def test_install(home, good, shell):
    need_program(shell[0])
    done = install(home, good, shell=shell)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert everything(home) == [".local/bin/farpty"]
    assert_it_runs(home / ".local/bin/farpty")


@pytest.mark.parametrize("fetcher", ["curl", "wget"])
def test_install_with_what_fetches(home, good, tmp_path, fetcher):
    done = install(home, good + "/", str(home / "here"), PATH=path_with(tmp_path / "path", *TOOLS, fetcher))
    assert (done.returncode, everything(home)) == (0, ["here/farpty"]), done
    assert_it_runs(home / "here/farpty")


def test_install_by_https(home, secure, certificate):
    assert "cannot fetch" in install(home, secure).stderr and everything(home) == []
    done = install(home, secure, CURL_CA_BUNDLE=str(certificate))
    assert (done.returncode, everything(home)) == (0, [".local/bin/farpty"]), done


def test_install_with_nothing_that_fetches_or_checks(home, good, tmp_path):
    done = install(home, good, PATH=path_with(tmp_path / "path", *TOOLS))
    assert (done.returncode, everything(home)) == (1, []) and "neither curl nor wget" in done.stderr, done
    done = install(home, good, PATH=path_with(tmp_path / "other", *TOOLS[:-1], "curl"))
    assert (done.returncode, everything(home)) == (1, []) and "nothing was installed" in done.stderr, done


@pytest.mark.parametrize("fetcher", ["curl", "wget"])
def test_install_refuses_another_file(home, bad, tmp_path, fetcher):
    (home / ".local/bin").mkdir(parents=True)
    (home / ".local/bin/farpty").write_text("the old one")
    done = install(home, bad, PATH=path_with(tmp_path / "path", *TOOLS, fetcher))
    assert done.returncode == 1 and "SHA-256" in done.stderr and "nothing was installed" in done.stderr, done
    assert everything(home) == [".local/bin/farpty"] and (home / ".local/bin/farpty").read_text() == "the old one"
    assert "it was run" not in done.stdout


@pytest.mark.parametrize("fetcher", ["curl", "wget"])
def test_install_of_what_is_not_there(home, good, tmp_path, fetcher):
    done = install(home, good + "/nowhere", PATH=path_with(tmp_path / "path", *TOOLS, fetcher))
    assert (done.returncode, everything(home)) == (1, []) and "cannot fetch" in done.stderr, done


@pytest.fixture(scope="module")
def everyones(tmp_path_factory):
    """A server with a file for each machine, and the install.sh that was made for them."""
    folder = tmp_path_factory.mktemp("web") / "files"
    folder.mkdir()
    for target in ("x86_64-linux", "aarch64-linux", "x86_64-macos", "arm64-macos"):
        (folder / f"farpty-{target}").write_text(f"for {target}")
    subprocess.run([ROOT / "scripts/installers", folder], check=True, stdin=subprocess.DEVNULL)
    with served(folder.parent) as url:
        yield folder / "install.sh", url


MAC = ("bash", "mkdir", "chmod", "mv", "rm", "shasum", "curl")
"""What install.sh finds on a Mac: its sh is a bash, and sha256sum is not there before macOS 15."""


@pytest.mark.parametrize("system, processor, tools, target", [
    ("Darwin", "arm64", MAC, "arm64-macos"), ("Darwin", "x86_64", MAC, "x86_64-macos"),
    ("Linux", "x86_64", (*TOOLS, "curl"), "x86_64-linux"), ("Linux", "amd64", (*TOOLS, "curl"), "x86_64-linux"),
    ("Linux", "aarch64", (*TOOLS, "curl"), "aarch64-linux"), ("Linux", "arm64", (*TOOLS, "curl"), "aarch64-linux"),
    ("Linux", "riscv64", (*TOOLS, "curl"), None), ("FreeBSD", "amd64", (*TOOLS, "curl"), None), ("Darwin", "Power Macintosh", MAC, None)])
def test_install_takes_the_file_of_the_machine(home, everyones, tmp_path, system, processor, tools, target):
    script, url = everyones
    path = Path(path_with(tmp_path / "path", *(tool for tool in tools if tool != "uname")))
    (path / "uname").write_text(f"#!/bin/sh\ncase $1 in -s) echo '{system}' ;; -m) echo '{processor}' ;; esac\n")
    (path / "uname").chmod(0o755)
    done = run([path / tools[0], script, url], home, PATH=str(path))
    if target:
        assert (done.returncode, everything(home)) == (0, [".local/bin/farpty"]), done
        assert (home / ".local/bin/farpty").read_text() == f"for {target}"
    else:
        assert (done.returncode, everything(home)) == (1, []) and "there is no farpty for this machine" in done.stderr, done


def test_what_the_user_gives_is_no_command(home, good):
    folder = "a $(touch one) `touch two`; touch three \"'*"
    assert install(home, good, folder).returncode == 0
    assert everything(home) == [f"{folder}/farpty"]
    for words in ([], ["--help"], ["-o/etc/x"], ["file:///etc"], [good, "-x"], [good, "a", "b"], [f"{good}/$(touch four);touch five"]):
        assert install(home, *words).returncode == 1, words
    assert everything(home) == [f"{folder}/farpty"]


def test_install_cut_short_does_nothing(home, good):
    """As where `curl … | sh` loses its connection: after each line but the last."""
    lines = (DIST / "install.sh").read_text().splitlines(keepends=True)
    for count in range(len(lines)):
        run(["sh", "-c", "".join(lines[:count]), "install.sh", good], home)
    assert everything(home) == []


STARTERS = ["python3", "node", "perl", "php"]


def started(language, home, url, *words, **environment):
    """The two lines of a starter as a user types them: with a URL of his own, and words of his own for farpty."""
    first, second = (DIST / "starters" / language).read_text().splitlines()
    line, changed = re.subn(r"=https://example\.org/farpty$", f"={url}", first)
    assert changed == 1 and second.endswith(" doctor")
    assert hash_of(DIST / NAME) in second
    return run(["sh", "-c", f'{line}\n{second.removesuffix(" doctor")} "$@"', "sh", *words], home, **environment)


def hash_of(file):
    return subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout.split()[0]


@pytest.mark.parametrize("language", STARTERS)
def test_starter(language, home, good):
    need_program(language)
    done = started(language, home, good, "--version")
    assert (done.returncode, done.stderr) == (0, "") and re.match(r"farpty \d+\.\d+", done.stdout), done
    done = started(language, home, good, "run", "--terminal", "pipes", "--", "sh", "-c", 'echo "$0"; exit 7', "a  b'\"$HOME")
    assert (done.returncode, done.stdout) == (7, "a  b'\"$HOME\n"), done
    assert everything(home) == []


TRUST = {"python3": "SSL_CERT_FILE", "node": "NODE_EXTRA_CA_CERTS", "perl": "SSL_CERT_FILE", "php": "SSL_CERT_FILE"}


@pytest.mark.parametrize("language", STARTERS)
def test_starter_by_https(language, home, secure, certificate):
    need_program(language)
    done = started(language, home, secure, "--version", **{TRUST[language]: str(certificate)})
    assert (done.returncode, done.stderr) == (0, "") and re.match(r"farpty \d+\.\d+", done.stdout), done
    if language != "perl":  # whose HTTP::Tiny looks at no certificate unless told to; the sum holds there as well
        assert started(language, home, secure, "--version").stdout == ""


@pytest.mark.parametrize("language", STARTERS)
def test_starter_refuses_another_file(language, home, bad):
    need_program(language)
    done = started(language, home, bad, "--version")
    assert done.returncode != 0 and "nothing was run" in done.stderr and "it was run" not in done.stdout, done
    assert everything(home) == []


@pytest.mark.parametrize("language", STARTERS)
def test_starter_of_what_is_not_there(language, home, good):
    need_program(language)
    done = started(language, home, good + "/nowhere", "--version")
    assert done.returncode != 0 and done.stdout.count("farpty 0") == 0, done
    assert everything(home) == []


@pytest.mark.parametrize("language", ["python3", "perl"])
def test_starter_where_memory_holds_no_files(language, home, good):
    """memfd_create(2) refused, as by old kernels and sandboxes: a private file serves, and is gone when it runs."""
    need_program(language)
    need_program("strace")
    second = (DIST / "starters" / language).read_text().splitlines()[1].removesuffix(" doctor")
    refuse = "strace -f -o /dev/null -e trace=memfd_create -e inject=memfd_create:error=ENOSYS "
    done = run(["sh", "-c", f'{refuse} {second} "$@"', "sh", "--version"], home, FARPTY_URL=good)
    assert done.returncode == 0 and re.match(r"farpty \d+\.\d+", done.stdout), done
    assert everything(home) == []


def test_sums():
    done = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=DIST, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    named = {line.split("  ")[1] for line in (DIST / "SHA256SUMS").read_text().splitlines()}
    assert named | {"SHA256SUMS"} == set(everything(DIST)), "every file has its sum"
