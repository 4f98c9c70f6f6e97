#include "base/carried_terminfo.hpp"

#include <cstddef>

#include "base/terminfo.hpp"

#if defined(FARPTY_CARRIED_TERMINFO)
asm(".section .rodata\n"
    ".global farpty_carried_terminfo, farpty_carried_terminfo_end\n"
    "farpty_carried_terminfo:\n"
    ".incbin \"" FARPTY_CARRIED_TERMINFO
    "\"\n"
    "farpty_carried_terminfo_end:\n"
    ".text\n");
extern "C" const char farpty_carried_terminfo[], farpty_carried_terminfo_end[];
#endif

namespace farpty {

namespace {

std::size_t short_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]) | static_cast<std::size_t>(static_cast<unsigned char>(bytes[at + 1]))
                                                     << 8;
}

}  // namespace

std::string_view carried_terminfo([[maybe_unused]] std::string_view name) {
#if defined(FARPTY_CARRIED_TERMINFO)
  return find_in_pack({farpty_carried_terminfo, farpty_carried_terminfo_end}, name);
#else
  return {};
#endif
}

std::string_view find_in_pack(std::string_view pack, std::string_view name) {
  while (pack.size() > 2) {
    const std::size_t size = short_at(pack, 0);
    pack.remove_prefix(2);
    if (size > pack.size()) return {};
    if (is_terminfo_entry(pack.substr(0, size), name)) return pack.substr(0, size);
    pack.remove_prefix(size);
  }
  return {};
}

}  // namespace farpty
