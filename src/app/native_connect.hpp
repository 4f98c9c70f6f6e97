// From an address of the native door to a running client: which key, which server, what to start there.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "app/far_end.hpp"
#include "client/native_client.hpp"

namespace farpty::app {

enum class TerminalWish { kAuto, kYes, kNo };  // -t, -T

struct NativeWish {
  FarWish far;
  std::optional<char> escape = '~';
  TerminalWish terminal = TerminalWish::kAuto;
  std::vector<std::string> command;  // empty: the shell
  std::string service;               // instead of a command: what the server does itself, such as "copy"
  std::string session;               // its name
  wire::Which which = wire::Which::kNew;
  bool read_only = false;
  std::optional<std::chrono::seconds> linger;  // how long the session waits for its client; none: the server's choice
};

// The exit status for the shell.
int connect_natively(net::Url url, const NativeWish& wish);

// A host that dialled in at a listener of this machine: `listener` is the listener's control socket. `hangs_up_alone`: whoever
// disconnects takes the listener along.
struct HostWish {
  net::Address listener;
  unsigned host = 0;
  bool hangs_up_alone = false;
};
// What a client of any host has: it attaches, or starts the host's program.
Result<client::NativeOptions> options_for_host(const NativeWish& wish);
Result<std::unique_ptr<client::NativeClient>> client_for_host(boost::asio::io_context& context,
                                                              client::NativeKeys& keys, const HostWish& host,
                                                              client::NativeOptions options);

}  // namespace farpty::app
