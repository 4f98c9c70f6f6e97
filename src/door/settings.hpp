// What the doors need to know of the server's settings. Replaced as a whole when the configuration is read again;
// connections that stand keep what they came in with.
#pragma once

#include <chrono>
#include <string>

#include "session/session.hpp"

namespace farpty::door {

enum class ProbeSize { kNo, kYes };

// What a native client may ask to be run instead of the program that the server was started with.
enum class Commands { kAny, kOnlyTheProgram };

struct Settings {
  session::Spec spec;                   // program, limits; the environment without TERM
  std::string term = "xterm-256color";  // TERM where the protocol does not carry it
  ProbeSize probe_size = ProbeSize::kNo;
  std::chrono::milliseconds telnet_wait{250};  // for the answers of who may be no telnet client
  // Of the native doors.
  Commands commands = Commands::kAny;
  std::string shell = "/bin/sh", home = "/";  // the user's
  std::size_t retain = std::size_t{4} * 1024 * 1024;
  session::WhenFull when_full = session::WhenFull::kForget;
  std::chrono::seconds reauth{0};  // how often those who are in are judged again; 0: never
};

}  // namespace farpty::door
