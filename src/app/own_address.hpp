// How others find a door of this machine.
#pragma once

#include <string>

#include "net/url.hpp"

namespace farpty::app {

[[nodiscard]] std::string address_text(std::string_view host, std::uint16_t port);

// As it listens, or this machine's name where it listens at every address; `host` where one is given.
[[nodiscard]] std::string address_of(const net::Url& door, const std::string& host);

}  // namespace farpty::app
