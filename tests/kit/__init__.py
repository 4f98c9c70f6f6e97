"""The test kit: what every end-to-end test and benchmark of farpty stands on.

    from kit import serve, Screen, wait_until

`serve` runs the server and checks that it leaves nothing behind; `Screen` is a terminal that a test can read and type on;
`wait_until` waits for conditions, never for time; `DelayProxy` is a bad network; `processes` counts what a server holds.
What it is not: a model of farpty. It knows the command line, the listening line of the log, and nothing of the inside.
"""

from .compare import assert_same_screens, connected
from .need import need, need_command, need_flag, need_program
from .peers import RawPeer, netcat_on_a_terminal, pipe_to_netcat
from .proxy import DelayProxy
from .screen import Screen
from .server import Server, farpty_binary, serve
from .wait import GENEROUS, wait_until

__all__ = [
    "GENEROUS",
    "DelayProxy",
    "RawPeer",
    "Screen",
    "Server",
    "assert_same_screens",
    "connected",
    "farpty_binary",
    "need",
    "need_command",
    "need_flag",
    "need_program",
    "netcat_on_a_terminal",
    "pipe_to_netcat",
    "serve",
    "wait_until",
]
