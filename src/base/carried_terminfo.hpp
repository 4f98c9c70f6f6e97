// Carried terminfo: descriptions of the common terminals inside the executable, as the static one has them for hosts
// that have none.
//
// Compiled entries (term(5)) one behind the other, each after its size in two bytes, as scripts/pack-terminfo writes them. They are
// Debian's own (ncurses-base, ncurses-term) of the machine that built it.
#pragma once

#include <string_view>

namespace farpty {

// The entry of a terminal of this name, aliases among them; empty where none is carried.
[[nodiscard]] std::string_view carried_terminfo(std::string_view name);

// The same of any such pack; a pack that is cut short holds what is whole.
[[nodiscard]] std::string_view find_in_pack(std::string_view pack, std::string_view name);

}  // namespace farpty
