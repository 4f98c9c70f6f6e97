#include "episode.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <initializer_list>
#include <optional>
#include <utility>

#include "generator.hpp"
#include "model_side.hpp"
#include "tty/character.hpp"

namespace farpty::parity {

namespace {

// Whether a typed byte may be a key that flushes the output (over-careful about ISTRIP and IUCLC).
bool may_be_signal(std::uint8_t c, const tty::Termios& termios) {
  const std::uint8_t stripped = c & 0x7f;
  for (const tty::Cc key : {tty::kVintr, tty::kVquit, tty::kVsusp}) {
    for (const std::uint8_t form : {c, stripped, tty::to_lower(c), tty::to_lower(stripped)}) {
      if (form == termios.cc[key]) return true;
    }
  }
  return false;
}

// Whether it matters for a step how far the master's worker has come.
bool needs_settled_master(const Step& step, const tty::PtyPair& pair) {
  switch (step.op) {
    case Op::kMasterRead:
    case Op::kFlushMaster:
    case Op::kFlushSlave: return true;
    default: break;
  }
  if (!pair.slave_keeps_up()) return true;  // bytes that wait may be anything
  const tty::Termios& termios = pair.slave().termios();
  if (!termios.local(tty::lflag::kIsig) || termios.local(tty::lflag::kNoflsh)) return false;
  if (step.op == Op::kSimulate) return may_be_signal(step.argument, termios);
  return step.op == Op::kMasterWrite &&
         std::ranges::any_of(step.bytes, [&](std::uint8_t c) { return may_be_signal(c, termios); });
}

// What the slave's worker may still have to do without anybody seeing it.
enum class Late : std::uint8_t { kNothing, kLookingAhead, kTakingIn };

// Whether it matters for a step that the slave's worker is late.
bool needs_settled_slave(const Step& step, Late late) {
  switch (step.op) {
    case Op::kMasterWrite:
    case Op::kSimulate: return late == Late::kTakingIn;
    case Op::kMasterSignal:
    case Op::kResize:
    case Op::kDrain: return false;
    default: return late != Late::kNothing;
  }
}

// Both terminals, and how much of the kernel's was left to its workers.
class Duel {
 public:
  Duel(KernelSide kernel, Maker maker) : maker_(maker), kernel_(std::move(kernel)) {}

  [[nodiscard]] const tty::PtyPair& pair() const { return model_.pair(); }
  [[nodiscard]] Beyond beyond() const { return beyond_; }

  Verdict::Kind run(const Step& step, Observation& expected, Observation& observed) {
    ++count_;
    const bool has_workers = maker_ == Maker::kKernel;
    if (has_workers && !master_settled_ && needs_settled_master(step, pair())) {
      kernel_.settle_master(expected);
      settled(expected);
    }
    if (has_workers && needs_settled_slave(step, late_)) {
      kernel_.rest();
      late_ = Late::kNothing;
    }
    if (has_workers && full_master_touched_ && needs_quiet_master(step)) {
      kernel_.rest();
      full_master_touched_ = false;
    }
    const Before before = {
        .kept_up = pair().slave_keeps_up(), .kept = pair().slave().kept(), .unread = expected.slave_unread};
    model_.run(step, expected);
    if (model_.raced()) return Verdict::Kind::kRaced;
    if (maker_ == Maker::kDevice) beyond_ = beyond_device(step, expected);
    if (beyond_ != Beyond::kNone) return Verdict::Kind::kBeyond;
    const KernelSide::Look look = {.at_master = must_look_at_master(step, expected),
                                   .at_queues = count_ % 16 == 0,
                                   .slave_events = slave_events()};
    const auto read = how_to_read(step, expected);
    kernel_.run(step, read, look, expected, observed);
    if (pair().master_is_full() && step.op != Op::kSlaveRead) full_master_touched_ = true;
    late_ = std::max(late_, hidden_work(step, before, expected));
    if (look.at_master) {
      settled(expected);
    } else {
      master_settled_ = false;
    }
    return expected == observed ? Verdict::Kind::kSame : Verdict::Kind::kDifferent;
  }

 private:
  // The kernel's queues between the ends hold 64 KiB and 4095 bytes; the device's are sockets, which hold more.
  [[nodiscard]] Beyond beyond_device(const Step& step, const Observation& expected) const {
    if (pair().master_is_full()) return Beyond::kMasterFull;
    const tty::LineDiscipline& slave = pair().slave();
    const bool edited_by_master =
        slave.termios().local(tty::lflag::kIcanon) && slave.termios().local(tty::lflag::kExtproc);
    if (slave.kept() >= tty::InputQueue::kSize - (edited_by_master ? 1 : 0)) return Beyond::kOverrun;
    if (!pair().master_writable()) return pair().master_is_held() ? Beyond::kHeldMaster : Beyond::kSlaveFull;
    const bool writes = step.op == Op::kMasterWrite || (step.op == Op::kSlaveWrite && !pair().slave().stopped());
    return writes && !step.bytes.empty() && expected.result != static_cast<std::int64_t>(step.bytes.size())
               ? Beyond::kPartlyTaken
               : Beyond::kNone;
  }
  // A socket is readable from its first byte on: the device's poll(2) says so where VMIN asks for more (docs/line-discipline.md).
  [[nodiscard]] std::int16_t slave_events() const {
    const tty::Termios& termios = pair().slave().termios();
    const bool reads_lines = termios.local(tty::lflag::kIcanon) && !termios.local(tty::lflag::kExtproc);
    const bool counts = !reads_lines && termios.cc[tty::kVtime] == 0 && termios.cc[tty::kVmin] > 1;
    std::int16_t events = ~0;
    if (maker_ == Maker::kDevice && counts) events = static_cast<std::int16_t>(events & ~POLLIN);
    return events;
  }
  void settled(const Observation& expected) {
    master_settled_ = true;
    master_unread_ = expected.master_unread;
  }
  // Every few steps; and before so much is left to the worker that a late one could fill the queue.
  [[nodiscard]] bool must_look_at_master(const Step& step, const Observation& expected) const {
    constexpr std::uint32_t kMuch = 1000;
    return count_ % 8 == 0 || needs_settled_master(step, pair()) || step.op == Op::kFlowMaster ||
           step.op == Op::kPacketMode || expected.master_unread > master_unread_ + kMuch;
  }
  // On a descriptor that may block where the read returns at once. Now and then also where it waits: a timer of a tenth of a
  // second, or a signal, shows what was collected.
  KernelSide::Read how_to_read(const Step& step, Observation& expected) const {
    constexpr std::uint64_t kNowAndThen = 256;
    if (step.op != Op::kSlaveRead || !step.other_end) return KernelSide::Read::kNonblocking;
    if (!model_.waited()) return KernelSide::Read::kBlocking;
    if (count_ % kNowAndThen != 0 || model_.waits_deciseconds() > 1) return KernelSide::Read::kNonblocking;
    const bool by_timer = model_.waits_deciseconds() == 1;
    if (expected.result < 0) expected.result = by_timer ? 0 : -EINTR;
    return by_timer ? KernelSide::Read::kBlocking : KernelSide::Read::kInterrupted;
  }
  struct Before {
    bool kept_up;
    std::size_t kept;
    std::uint32_t unread;
  };
  // Nothing would tell that the slave's worker is late where it takes in more behind something readable, and no count
  // changes; or where there is no room for more.
  [[nodiscard]] Late hidden_work(const Step& step, const Before& before, const Observation& expected) const {
    const bool reads = step.op == Op::kSlaveRead || step.op == Op::kFlushSlave;
    const bool types = step.op == Op::kMasterWrite || step.op == Op::kFlowMaster;
    if (!reads && !types && step.op != Op::kSimulate) return Late::kNothing;
    if ((expected.slave_poll & POLLIN) == 0) return Late::kNothing;  // poll() has waited
    if (before.kept_up && !types) return Late::kNothing;             // nothing was waiting
    const tty::LineDiscipline& slave = pair().slave();
    if (!before.kept_up && slave.kept() == before.kept && !reads) return Late::kLookingAhead;
    const bool counts = !slave.termios().local(tty::lflag::kIcanon) || (types && before.kept_up);
    return counts && expected.slave_unread != before.unread ? Late::kNothing : Late::kTakingIn;
  }

  Maker maker_;
  Beyond beyond_ = Beyond::kNone;
  KernelSide kernel_;
  ModelSide model_;
  std::uint64_t count_ = 0;
  // The master's worker may still be giving memory back, or would fill the master's queue again while it is being read.
  [[nodiscard]] bool needs_quiet_master(const Step& step) const {
    constexpr std::size_t kLittleRoom = 4096;
    return step.op == Op::kMasterRead || (step.op != Op::kSlaveRead && pair().output_room() < kLittleRoom);
  }

  Late late_ = Late::kNothing;
  bool full_master_touched_ = false;
  bool master_settled_ = true;
  std::uint32_t master_unread_ = 0;
};

// `next_step` returns the step to do, or nothing at the end.
template <typename NextStep>
Result<Verdict> run(NextStep next_step, long patience, Maker maker) {
  FARPTY_ASSIGN(kernel, KernelSide::open(patience));
  FARPTY_TRY(kernel.check_maker(maker));
  Duel duel(std::move(kernel), maker);
  Verdict verdict;
  while (std::optional<Step> step = next_step(duel.pair())) {
    verdict.steps.push_back(*std::move(step));
    verdict.kind = duel.run(verdict.steps.back(), verdict.expected, verdict.observed);
    verdict.beyond = duel.beyond();
    if (verdict.kind != Verdict::Kind::kSame) break;
  }
  return verdict;
}

// Asked hundreds of times, and most answers are no: patiently only where the quick pace says yes.
Result<bool> still_differs(const std::vector<Step>& steps, Verdict& best, Maker maker) {
  Verdict last;
  for (const long patience : kPatience) {
    FARPTY_ASSIGN(verdict, run_steps(steps, patience, maker));
    if (verdict.kind != Verdict::Kind::kDifferent) return false;
    last = std::move(verdict);
  }
  best = std::move(last);
  return true;
}

Result<> leave_out_steps(Verdict& best, Maker maker) {
  for (std::size_t piece = std::max<std::size_t>(best.steps.size() / 2, 1); piece > 0; piece /= 2) {
    for (std::size_t at = 0; at + 1 < best.steps.size();) {
      std::vector<Step> fewer = best.steps;
      const std::size_t count = std::min(piece, fewer.size() - 1 - at);
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                  fewer.begin() + static_cast<std::ptrdiff_t>(at + count));
      FARPTY_ASSIGN(differs, still_differs(fewer, best, maker));
      if (!differs) at += piece;
    }
  }
  return {};
}

Result<> leave_out_bytes(Verdict& best, Maker maker) {
  for (std::size_t i = 0; i < best.steps.size(); ++i) {
    for (std::size_t piece = best.steps[i].bytes.size() / 2; piece > 0; piece /= 2) {
      for (std::size_t at = 0; i < best.steps.size() && at < best.steps[i].bytes.size();) {
        std::vector<Step> fewer = best.steps;
        auto& bytes = fewer[i].bytes;
        const std::size_t count = std::min(piece, bytes.size() - at);
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + count));
        FARPTY_ASSIGN(differs, still_differs(fewer, best, maker));
        if (!differs) at += piece;
      }
      if (i >= best.steps.size()) break;
    }
  }
  return {};
}

}  // namespace

Result<Verdict> run_seed(std::uint64_t seed, long patience, Maker maker) {
  Generator generator(seed, maker == Maker::kDevice ? Queues::kMasterReads : Queues::kAny);
  std::uint32_t left = generator.steps_in_episode();
  return run(
      [&](const tty::PtyPair& pair) -> std::optional<Step> {
        if (left == 0) return std::nullopt;
        --left;
        return generator.next(pair);
      },
      patience, maker);
}

Result<Verdict> run_steps(const std::vector<Step>& steps, long patience, Maker maker) {
  auto next = steps.begin();
  return run([&](const tty::PtyPair&) { return next == steps.end() ? std::nullopt : std::optional<Step>(*next++); },
             patience, maker);
}

Result<Verdict> shrink(Verdict verdict, Maker maker) {
  std::size_t before = 0;
  do {
    before = verdict.steps.size();
    FARPTY_TRY(leave_out_steps(verdict, maker));
  } while (verdict.steps.size() < before);
  FARPTY_TRY(leave_out_bytes(verdict, maker));
  FARPTY_TRY(leave_out_steps(verdict, maker));
  return verdict;
}

}  // namespace farpty::parity
