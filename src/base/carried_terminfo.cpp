#include "base/carried_terminfo.hpp"

#include <cstddef>

#include "base/terminfo.hpp"

#if defined(FARPTY_CARRIED_TERMINFO)
// ELF's and Mach-O's assembler alike: the second puts a '_' before each of C's names, and may move what follows another symbol.
#define FARPTY_TEXT_OF(word) #word
#define FARPTY_EXPANDED(word) FARPTY_TEXT_OF(word)
#define FARPTY_SYMBOL(name) FARPTY_EXPANDED(__USER_LABEL_PREFIX__) name
asm(FARPTY_CARRIED_SECTION "\n"
    ".globl " FARPTY_SYMBOL("farpty_carried_terminfo") "\n"
    ".globl " FARPTY_SYMBOL("farpty_carried_terminfo_size") "\n"
    FARPTY_SYMBOL("farpty_carried_terminfo") ":\n"
    "1: .incbin \"" FARPTY_CARRIED_TERMINFO "\"\n"
    "2: .p2align 3\n"
    FARPTY_SYMBOL("farpty_carried_terminfo_size") ": .quad 2b - 1b\n"
    ".text\n");
extern "C" const char farpty_carried_terminfo[];
extern "C" const unsigned long farpty_carried_terminfo_size;
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
  return find_in_pack({farpty_carried_terminfo, farpty_carried_terminfo_size}, name);
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
