// An episode: one pair of fresh terminals, kernel's and ours, and steps done on both until they differ or the list ends.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "kernel_side.hpp"
#include "step.hpp"

namespace farpty::parity {

struct Verdict {
  // raced: the last step's outcome depends on how the kernel schedules its workers, so it was not judged.
  // beyond: a queue is full, and our device has others (docs/line-discipline.md); what follows is not judged.
  enum class Kind : std::uint8_t { kSame, kRaced, kBeyond, kDifferent };
  Kind kind = Kind::kSame;
  std::vector<Step> steps;         // those that were done; the last one differs or raced
  Observation expected, observed;  // of the last step: ours, the kernel's
};

// `maker` says whose pty this process gets (KernelSide::check_maker).
[[nodiscard]] Result<Verdict> run_seed(std::uint64_t seed, long patience, Maker maker);
[[nodiscard]] Result<Verdict> run_steps(const std::vector<Step>& steps, long patience, Maker maker);

// Leaves out steps and bytes as long as a difference remains (delta debugging). The verdict's own last step stays.
[[nodiscard]] Result<Verdict> shrink(Verdict verdict, Maker maker);

}  // namespace farpty::parity
