#include "episode.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "generator.hpp"
#include "model_side.hpp"

namespace farpty::parity {

namespace {

// `next_step` returns the step to do, or nothing at the end.
template <typename NextStep>
Result<Verdict> run(NextStep next_step, long patience) {
  FARPTY_ASSIGN(kernel, KernelSide::open(patience));
  ModelSide model;
  Verdict verdict;
  while (std::optional<Step> step = next_step(model.pair())) {
    verdict.steps.push_back(*std::move(step));
    const Step& last = verdict.steps.back();
    const bool kept_up = model.pair().slave_keeps_up();
    model.run(last, verdict.expected);
    if (model.raced()) {
      verdict.kind = Verdict::Kind::kRaced;
      break;
    }
    // Typed behind something readable, or behind a full queue: nothing would tell that a worker is late.
    const bool types = last.op == Op::kMasterWrite || last.op == Op::kFlowMaster;
    const bool typed_behind = types && model.pair().slave().readable();
    const bool full = !kept_up || !model.pair().slave_keeps_up() || model.pair().master_is_full();
    const auto work = typed_behind || full ? KernelSide::Work::kHidden : KernelSide::Work::kTold;
    const bool may_block = last.op == Op::kSlaveRead && last.other_end && !model.waited();
    const auto read = may_block ? KernelSide::Read::kBlocking : KernelSide::Read::kNonblocking;
    kernel.run(last, read, work, verdict.expected, verdict.observed);
    if (verdict.expected != verdict.observed) {
      verdict.kind = Verdict::Kind::kDifferent;
      break;
    }
  }
  return verdict;
}

// Asked hundreds of times, and most answers are no: patiently only where the quick pace says yes.
Result<bool> still_differs(const std::vector<Step>& steps, Verdict& best) {
  Verdict last;
  for (const long patience : kPatience) {
    FARPTY_ASSIGN(verdict, run_steps(steps, patience));
    if (verdict.kind != Verdict::Kind::kDifferent) return false;
    last = std::move(verdict);
  }
  best = std::move(last);
  return true;
}

Result<> leave_out_steps(Verdict& best) {
  for (std::size_t piece = std::max<std::size_t>(best.steps.size() / 2, 1); piece > 0; piece /= 2) {
    for (std::size_t at = 0; at + 1 < best.steps.size();) {
      std::vector<Step> fewer = best.steps;
      const std::size_t count = std::min(piece, fewer.size() - 1 - at);
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(at),
                  fewer.begin() + static_cast<std::ptrdiff_t>(at + count));
      FARPTY_ASSIGN(differs, still_differs(fewer, best));
      if (!differs) at += piece;
    }
  }
  return {};
}

Result<> leave_out_bytes(Verdict& best) {
  for (std::size_t i = 0; i < best.steps.size(); ++i) {
    for (std::size_t piece = best.steps[i].bytes.size() / 2; piece > 0; piece /= 2) {
      for (std::size_t at = 0; i < best.steps.size() && at < best.steps[i].bytes.size();) {
        std::vector<Step> fewer = best.steps;
        auto& bytes = fewer[i].bytes;
        const std::size_t count = std::min(piece, bytes.size() - at);
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + count));
        FARPTY_ASSIGN(differs, still_differs(fewer, best));
        if (!differs) at += piece;
      }
      if (i >= best.steps.size()) break;
    }
  }
  return {};
}

}  // namespace

Result<Verdict> run_seed(std::uint64_t seed, long patience) {
  Generator generator(seed);
  std::uint32_t left = generator.steps_in_episode();
  return run(
      [&](const tty::PtyPair& pair) -> std::optional<Step> {
        if (left == 0) return std::nullopt;
        --left;
        return generator.next(pair);
      },
      patience);
}

Result<Verdict> run_steps(const std::vector<Step>& steps, long patience) {
  auto next = steps.begin();
  return run([&](const tty::PtyPair&) { return next == steps.end() ? std::nullopt : std::optional<Step>(*next++); },
             patience);
}

Result<Verdict> shrink(Verdict verdict) {
  std::size_t before = 0;
  do {
    before = verdict.steps.size();
    FARPTY_TRY(leave_out_steps(verdict));
  } while (verdict.steps.size() < before);
  FARPTY_TRY(leave_out_bytes(verdict));
  FARPTY_TRY(leave_out_steps(verdict));
  return verdict;
}

}  // namespace farpty::parity
