// From an address of the native door to a running client: which key, which server, what to start there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/native_client.hpp"
#include "client/native_identity.hpp"
#include "net/url.hpp"

namespace farpty::app {

enum class TerminalWish { kAuto, kYes, kNo };  // -t, -T

struct NativeWish {
  std::string identity;  // a key's file; empty: the usual ones
  client::NewHosts new_hosts = client::NewHosts::kAsk;
  std::optional<char> escape = '~';
  TerminalWish terminal = TerminalWish::kAuto;
  std::vector<std::string> command;  // empty: the shell
  std::string session;               // its name
  wire::Which which = wire::Which::kNew;
  bool read_only = false;
};

// The exit status for the shell.
int connect_natively(const net::Url& url, const NativeWish& wish);

}  // namespace farpty::app
