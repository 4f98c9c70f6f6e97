// What the doors need to know of the server's settings. Replaced as a whole when the configuration is read again;
// connections that stand keep what they came in with.
#pragma once

#include <string>

#include "session/session.hpp"

namespace farpty::door {

enum class ProbeSize { kNo, kYes };

struct Settings {
  session::Spec spec;                   // program, limits; the environment without TERM
  std::string term = "xterm-256color";  // TERM where the protocol does not carry it
  ProbeSize probe_size = ProbeSize::kNo;
};

}  // namespace farpty::door
