// The one line that the client itself shows, over the last row of the user's terminal, with the cursor where it was. Pure.
#pragma once

#include <string>
#include <string_view>

#include "wire/messages.hpp"

namespace farpty::client {

// Cut to the terminal's width. `text` is printable ASCII.
[[nodiscard]] std::string status_line(std::string_view text, const wire::Size& size);
// Takes it away; what was under it is the far program's to draw again.
[[nodiscard]] std::string no_status_line(const wire::Size& size);

}  // namespace farpty::client
