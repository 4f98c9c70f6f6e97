"""The lint must find what it is for: a good small tree passes, and each way to break one rule is reported by its name."""
import pathlib
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"

GOOD = {
    "cmake/layers.txt": "# comment\nbase:\ntelnet: base\ndoor: telnet base\n",
    "src/base/owned_fd.hpp": "// The one way to own a descriptor.\n#pragma once\ninline void f(int fd) { ::close(fd); }\n",
    "src/telnet/codec.hpp": '// Bytes in, bytes out.\n#pragma once\n#include "base/owned_fd.hpp"\n',
    "src/telnet/codec.cpp": '#include "telnet/codec.hpp"\n\n#include <string>\n// from_cbor is banned; this is a comment\n',
    "src/telnet/linux/codec.cpp": '#include "telnet/codec.hpp"\n\n#if defined(__linux__)\nint x;\n#endif\n',
    "src/telnet/codec_test.cpp": '// Tests.\n#include "telnet/codec.hpp"\n\n#include <chrono>\n',
    "src/door/door.cpp": '// A door.\n#include <sys/socket.h>\n\n#include "telnet/codec.hpp"\n'
    "int f() { return ::socket(1, 2 |\n    SOCK_CLOEXEC, 0); }\nconst char* kText = \"from_cbor(\";\n",
}

# (script, rule, file, what it becomes: a text, or a pair (old, new) in the good text)
BAD = [
    ("lint-layers", "table", "cmake/layers.txt", ("base:\n", "base: door\n")),
    ("lint-layers", "table", "src/extra/x.hpp", "// x\n#pragma once\n"),
    ("lint-layers", "arrow", "src/base/up.hpp", '// Looks upward.\n#pragma once\n#include "telnet/codec.hpp"\n'),
    ("lint-layers", "arrow", "src/base/up_test.cpp", '// Tests too.\n#include "door/door.cpp"\n'),
    ("lint-layers", "path", "src/telnet/codec.hpp", ('"base/owned_fd.hpp"', '"owned_fd.hpp"')),
    ("lint-layers", "path", "src/telnet/codec.hpp", ('"base/owned_fd.hpp"', '"base/gone.hpp"')),
    ("lint-layers", "own", "src/telnet/codec.cpp", '#include <string>\n\n#include "telnet/codec.hpp"\n'),
    ("lint-layers", "own", "src/telnet/codec_test.cpp", "#include <string>\n"),
    ("lint-layers", "shell", "src/telnet/codec.cpp", ("<string>", "<unistd.h>")),
    ("lint-layers", "shell", "src/telnet/codec.cpp", ("<string>", "<chrono>")),
    ("lint-source", "from_cbor", "src/door/door.cpp", "// A door.\nauto x = json::from_cbor(y);\n"),
    ("lint-source", "close", "src/door/door.cpp", "// A door.\nvoid g() { ::close(3); }\n"),
    ("lint-source", "fork", "src/door/door.cpp", "// A door.\nauto p = fork();\n"),
    ("lint-source", "cloexec", "src/door/door.cpp", "// A door.\nint s = ::socket(1, 2, 3);\n"),
    ("lint-source", "cloexec", "src/door/door.cpp", "// A door.\nint s = ::pipe(fds);\n"),
    ("lint-source", "raw-fd", "src/door/door.cpp", "// A door.\nclass A { int fd_ = -1; };\n"),
    ("lint-source", "timer", "src/door/door.hpp", "// A door.\n#pragma once\nboost::asio::steady_timer pause_;\n"),
    ("lint-source", "sleep", "src/door/door.cpp", "// A door.\nvoid g() { sleep(1); }\n"),
    ("lint-source", "sleep", "src/telnet/codec_test.cpp", "// T.\nvoid g() { std::this_thread::sleep_for(x); }\n"),
    ("lint-source", "shell", "src/door/door.cpp", '// A door.\nvoid g() { system("true"); }\n'),
    ("lint-source", "signal", "src/door/door.cpp", "// A door.\nvoid g() { ::signal(SIGCHLD, h); }\n"),
    ("lint-source", "tmp", "src/door/door.cpp", '// A door.\nconst char* kDir = "/tmp/x";\n'),
    ("lint-source", "exit", "src/door/door.cpp", "// A door.\nvoid g() { std::abort(); }\n"),
    ("lint-source", "using", "src/telnet/codec.hpp", ("#pragma once\n", "#pragma once\nusing namespace std;\n")),
    ("lint-source", "detach", "src/door/door.cpp", "// A door.\nvoid g() { t.detach(); }\n"),
    ("lint-source", "system", "src/door/door.cpp", "// A door.\n#if defined(__linux__)\nint x;\n#endif\n"),
    ("lint-layers", "own", "src/telnet/linux/codec.cpp", '// Here.\n#include <string>\n#include "telnet/codec.hpp"\n'),
    ("lint-source", "line-number", "src/door/door.cpp", "// A door, see n_tty.c:1234.\n"),
    ("lint-source", "head", "src/door/door.cpp", "int x;\n"),
    ("lint-source", "once", "src/telnet/codec.hpp", ("#pragma once\n", "")),
    ("lint-source", "length", "src/door/door.cpp", "// A door.\n" * 801),
    ("lint-source", "close", "src/door/door.cpp", "// A door.\nvoid g() { ::close(3); }  // lint-allow(close):\n"),
    ("lint-source", "close", "src/door/door.cpp", "// A door.\nvoid g() { ::close(3); }  // lint-allow(fork): wrong rule\n"),
]


def lint(script, root):
    return subprocess.run([SCRIPTS / script, root], capture_output=True, text=True)


@pytest.fixture
def tree(tmp_path):
    for name, text in GOOD.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize("script", ["lint-layers", "lint-source"])
def test_good_tree_passes(tree, script):
    result = lint(script, tree)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("script, rule, name, change", BAD)
def test_bad_tree_fails_by_its_rule(tree, script, rule, name, change):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(change if isinstance(change, str) else GOOD[name].replace(*change))
    result = lint(script, tree)
    assert result.returncode == 1
    assert f"[{rule}]" in result.stdout
    assert path.name in result.stdout or path.parent.name in result.stdout


@pytest.mark.parametrize("beside", [
    "void g() { ::close(3); }  // lint-allow(close): lent to libfoo, which forgets it\n",
    "// lint-allow(close): lent to libfoo, which forgets it\nvoid g() { ::close(3); }\n",
])
def test_an_exception_with_its_reason_passes(tree, beside):
    (tree / "src/door/door.cpp").write_text("// A door.\n" + beside)
    assert lint("lint-source", tree).returncode == 0
