// A page and its wishes of any bytes, as a hostile device or a kernel without F_SEAL_FUTURE_WRITE could show them to the shim:
// whatever they are, a descriptor is found within them or not at all, a slot that never holds still is given up, and a call
// answers within its room.
#include <algorithm>
#include <cstring>
#include <memory>

#include "ttycall/looks.hpp"
#include "ttycall/names.hpp"
#include "ttycall/tty_ioctl.hpp"

namespace {

void check(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace farpty::ttycall;
  struct Given {
    std::uint64_t device, inode;
    std::uint32_t code;
    std::int32_t number, sid, group;
    std::uint32_t from_end;  // where the rest lies: at the start or the end of the page
    std::uint32_t mark;
  } given{};
  if (size < sizeof given) return 0;
  std::memcpy(&given, data, sizeof given);
  data += sizeof given;
  size -= sizeof given;
  const auto page = std::make_unique<Page>();
  const auto wishes = std::make_unique<Wishes>();
  const std::size_t count = std::min(size, sizeof *page);
  std::memcpy(reinterpret_cast<std::uint8_t*>(page.get()) + (given.from_end % 2 == 1 ? sizeof *page - count : 0), data,
              count);
  std::memcpy(wishes.get(), data, std::min(size, sizeof *wishes));

  const auto inside = [&](const Found& found) {
    check(found.slot == nullptr || (found.slot >= page->slot && found.slot < page->slot + kSlots));
  };
  const Found marked = find_by_mark(*page, static_cast<std::int32_t>(given.mark));
  inside(marked);
  const Found found = find(*page, given.device, given.inode);
  inside(found);
  Looks looks;
  static_cast<void>(looks_of(*page, Name{Name::Kind::kSlave, given.number}, looks));
  for (const Found& one : {found, marked}) {
    if (one.slot == nullptr) continue;
    Slot slot;
    if (!copy_slot(*one.slot, slot)) continue;
    const Wish& wish = wishes->wish[one.slot - page->slot];
    farpty::tty::Termios settings;
    if (const auto generation = pending_wish(wish, slot.adopted);
        generation != 0 && copy_wish(wish, generation, settings))
      slot.termios = farpty::tty::settled_termios(slot.termios, settings);
    std::uint8_t out[kArgumentSize + 1];
    out[kArgumentSize] = 0x5a;
    static_cast<void>(tty_ioctl(slot, one.end, {.sid = given.sid, .pgrp = given.group}, given.code, out));
    check(out[kArgumentSize] == 0x5a && shape_of(given.code).out <= kArgumentSize);
    static_cast<void>(looks_of(slot, one.end));
  }
  return 0;
}
