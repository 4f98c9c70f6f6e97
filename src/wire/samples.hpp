// One message of each type, for tests and seeds of the fuzzers. No part of the protocol.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "wire/messages.hpp"

namespace farpty::wire {

inline Seat sample_seat() {
  Seat seat;
  for (std::size_t i = 0; i < seat.size(); ++i) seat[i] = static_cast<std::byte>(i);
  return seat;
}

// Data and screen borrow static text. The names are those of docs/protocol/farpty-1.vectors.
inline std::vector<std::pair<std::string, Message>> samples() {
  const Size size{.columns = 132, .rows = 43, .x_pixels = 1056, .y_pixels = 688};
  return {
      {"hello", Hello{.agent = "farpty/0.1.0", .features = {"zstd"}, .user = "ann"}},
      {"start", Start{.id = std::string(16, '\x01'),
                      .command = {"ls", std::string("\xff\xfe", 2)},
                      .size = size,
                      .term = "xterm-kitty",
                      .terminfo = std::string("\x1a\x01", 2),
                      .environment = {{"COLORTERM", "truecolor"}, {"LANG", "C.UTF-8"}},
                      .name = "build",
                      .which = Which::kAttachOrNew,
                      .read_only = true,
                      .linger = 3600,
                      .windows = {.output = 65536, .errors = 65536}}},
      {"start-shell", Start{.size = size, .term = "xterm", .windows = {.output = 65536}}},
      {"resume", Resume{.seat = sample_seat(), .output = 1000, .errors = 7, .windows = {65536, 65536}, .size = size}},
      {"started", Started{.session = 3,
                          .name = "build",
                          .seat = sample_seat(),
                          .created = true,
                          .resumed = true,
                          .writer = true,
                          .terminal = true,
                          .input = 500,
                          .input_limit = 66036,
                          .output = 1000,
                          .errors = 7,
                          .tty = "/dev/pts/4"}},
      {"data", Data{.channel = Channel::kInput, .bytes = as_bytes("ls\r")}},
      {"ack", Ack{.channel = Channel::kOutput, .read = 1000, .limit = 66536}},
      {"eof", Eof{.channel = Channel::kInput, .at = 503}},
      {"resize", Resize{.size = size}},
      {"signal", Signal{.name = "INT"}},
      {"exit", Exit{.status = 3}},
      {"exit-by-signal", Exit{.number = 9, .signal = "KILL"}},
      {"exit-by-server", Exit{.cause = Cause::kIdle, .text = "no input for 600 s"}},
      {"detach", Detach{}},
      {"list", List{}},
      {"sessions", Sessions{.sessions = {{.session = 3,
                                          .name = "build",
                                          .program = "/bin/bash",
                                          .tty = "/dev/pts/4",
                                          .age = 100,
                                          .idle = 5,
                                          .viewers = 2,
                                          .size = size}},
                            .more = true}},
      {"kill", Kill{.session = "build"}},
      {"done", Done{.text = "session 3 was hung up"}},
      {"pen", Pen{.action = PenAction::kGive}},
      {"snapshot", Snapshot{.at = 4096, .skipped = 96, .size = 5, .screen = size}},
      {"screen", Screen{.bytes = as_bytes("\x1b[2J!")}},
      {"credential", Credential{.id = "guest-1", .secret = std::string(16, '\x5a'), .expires = 600}},
      {"invite", Invite{.read_only = true, .once = true, .expires = 600, .session = "build"}},
      {"invitation", Invitation{.token = "farpty://host:7022/#abc", .expires = 600}},
      {"ping", Ping{.cookie = 0x0102030405060708}},
      {"pong", Pong{.cookie = 0x0102030405060708}},
      {"error", Failure{.code = "user", .text = "this server serves ann"}},
      {"bye", Bye{}},
      {"redraw", Redraw{}},
  };
}

}  // namespace farpty::wire
