#include "ttycall/tty_ioctl.hpp"

#include <asm/ioctls.h>
#include <sys/sysmacros.h>
#include <cstring>

#include <gtest/gtest.h>

#include "ttycall/ioctls.hpp"

namespace farpty::ttycall {

namespace {

using Kind = Verdict::Kind;

struct Asked {
  Slot slot{};
  Caller caller;
  std::uint8_t out[kArgumentSize] = {};

  Verdict call(std::uint32_t code, End end = End::kSlave) { return tty_ioctl(slot, end, caller, code, out); }
  template <typename T>
  T answer() const {
    T value;
    std::memcpy(&value, out, sizeof value);
    return value;
  }
};

Slot some_slot() {
  Slot slot{};
  slot.number = 300;
  slot.sid = 50;
  slot.fg_pgrp = 70;
  slot.termios = tty::initial_termios();
  slot.winsize = {.rows = 24, .columns = 80, .width = 0, .height = 0};
  return slot;
}

TEST(TtyIoctl, numbers_are_the_kernels) {
  EXPECT_EQ(io::kTcgets, static_cast<std::uint32_t>(TCGETS));
  EXPECT_EQ(io::kTiocgptn, static_cast<std::uint32_t>(TIOCGPTN));
  EXPECT_EQ(io::kTiocsptlck, static_cast<std::uint32_t>(TIOCSPTLCK));
  EXPECT_EQ(io::kTiocgptpeer, static_cast<std::uint32_t>(TIOCGPTPEER));
  EXPECT_EQ(io::kTiocsig, static_cast<std::uint32_t>(TIOCSIG));
  EXPECT_EQ(io::kTiocgexcl, static_cast<std::uint32_t>(TIOCGEXCL));
  EXPECT_EQ(io::kFionread, static_cast<std::uint32_t>(FIONREAD));
}

TEST(TtyIoctl, settings_and_size_are_read_from_the_slot) {
  Asked asked{.slot = some_slot(), .caller = {}};
  EXPECT_EQ(asked.call(io::kTcgets).result, 0);
  EXPECT_EQ(std::memcmp(asked.out, &asked.slot.termios, tty::kTermiosWithoutSpeeds), 0);
  EXPECT_EQ(asked.call(io::kTiocgwinsz).result, 0);
  EXPECT_EQ(asked.answer<Winsize>(), asked.slot.winsize);
}

TEST(TtyIoctl, groups_are_those_of_the_own_terminal) {
  Asked asked{.slot = some_slot(), .caller = {.sid = 50, .pgrp = 50}};
  EXPECT_EQ(asked.call(io::kTiocgpgrp).result, 0);
  EXPECT_EQ(asked.answer<std::int32_t>(), 70);
  asked.caller.sid = 51;
  EXPECT_EQ(asked.call(io::kTiocgpgrp).result, -error::kNotty);
  EXPECT_EQ(asked.call(io::kTiocgsid).result, -error::kNotty);
  EXPECT_EQ(asked.call(io::kTiocgpgrp, End::kMaster).result, 0);
}

TEST(TtyIoctl, changes_are_asked_for_after_the_check_of_background_processes) {
  Asked asked{.slot = some_slot(), .caller = {}};
  for (const std::uint32_t code : {io::kTcsets, io::kTcsetsf2, io::kTcflsh, io::kTiocspgrp, io::kTcxonc, io::kTcsbrk})
    EXPECT_EQ(asked.call(code).kind, Kind::kChange) << code;
  for (const std::uint32_t code : {io::kTiocswinsz, io::kTiocsctty, io::kTiocsti})
    EXPECT_EQ(asked.call(code).kind, Kind::kAsk) << code;
}

TEST(TtyIoctl, calls_of_a_master) {
  Asked asked{.slot = some_slot(), .caller = {}};
  EXPECT_EQ(asked.call(io::kTiocgptn).result, -error::kNotty);
  EXPECT_EQ(asked.call(io::kTiocgptn, End::kMaster).result, 0);
  EXPECT_EQ(asked.answer<std::int32_t>(), 300);
  EXPECT_EQ(asked.call(io::kTiocgptpeer, End::kMaster).kind, Kind::kAsk);
}

TEST(TtyIoctl, what_is_hung_up_says_so) {
  Asked asked{.slot = some_slot(), .caller = {}};
  asked.slot.attention = attention::kHungUp;
  EXPECT_EQ(asked.call(io::kTcgets).result, -error::kIo);
  EXPECT_EQ(asked.call(io::kTiocspgrp).result, -error::kNotty);
}

TEST(TtyIoctl, other_calls_are_not_a_ttys) {
  Asked asked{.slot = some_slot(), .caller = {}};
  EXPECT_EQ(asked.call(0x5404fff).result, -error::kNotty);
  EXPECT_EQ(asked.call(0x5401 | 0x10000).result, -error::kNotty);
}

TEST(TtyIoctl, device_numbers_are_those_of_pts) {
  EXPECT_EQ(slave_device(3), makedev(136, 3));
  EXPECT_EQ(slave_device(300), makedev(136, 300));
}

TEST(Layout, a_slot_is_copied_only_whole) {
  Slot slot = some_slot();
  Slot copy{};
  EXPECT_TRUE(copy_slot(slot, copy));
  EXPECT_EQ(copy.fg_pgrp, 70);
  EXPECT_EQ(copy.winsize, slot.winsize);
  slot.generation = 1;  // its writer stopped in the middle
  EXPECT_FALSE(copy_slot(slot, copy));
}

TEST(Layout, ends_are_found_by_inode) {
  const auto page = std::make_unique<Page>();
  page->header.socket_device = 9;
  page->header.slots = 2;
  page->slot[1].slave = 1000;
  page->slot[1].master = 1001;
  EXPECT_EQ(find(*page, 9, 1000).end, End::kSlave);
  EXPECT_EQ(find(*page, 9, 1001).slot, &page->slot[1]);
  EXPECT_EQ(find(*page, 8, 1000).slot, nullptr);
  EXPECT_EQ(find(*page, 9, 0).slot, nullptr);
  EXPECT_EQ(find(*page, 9, 1002).slot, nullptr);
}

}  // namespace

}  // namespace farpty::ttycall
