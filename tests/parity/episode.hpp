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
  enum class Kind : std::uint8_t { kSame, kRaced, kDifferent };
  Kind kind = Kind::kSame;
  std::vector<Step> steps;         // those that were done; the last one differs or raced
  Observation expected, observed;  // of the last step: ours, the kernel's
};

[[nodiscard]] Result<Verdict> run_seed(std::uint64_t seed, long patience);
[[nodiscard]] Result<Verdict> run_steps(const std::vector<Step>& steps, long patience);

// Leaves out steps and bytes as long as a difference remains (delta debugging). The verdict's own last step stays.
[[nodiscard]] Result<Verdict> shrink(Verdict verdict);

}  // namespace farpty::parity
