// An episode: one pair of fresh terminals, kernel's and ours, and steps done on both until they differ or the list ends.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "kernel_side.hpp"
#include "step.hpp"

namespace farpty::parity {

// Where our device has other queues than the kernel (docs/line-discipline.md): what follows is not judged.
enum class Beyond : std::uint8_t {
  kNone,
  kMasterFull,  // 4095 bytes wait for it
  kSlaveFull,   // what the master wrote has no room there, nor between the ends
  kOverrun,     // the slave's queue, by faults of the kernel's: PARMRK, and EXTPROC with ICANON
  kHeldMaster,  // TCXONC
  kPartlyTaken  // a write was
};
inline constexpr const char* kBeyondNames[] = {"none",          "full master", "full slave",
                                               "overrun slave", "held master", "a part written"};

struct Verdict {
  // raced: the last step's outcome depends on how the kernel schedules its workers, so it was not judged.
  enum class Kind : std::uint8_t { kSame, kRaced, kBeyond, kDifferent };
  Kind kind = Kind::kSame;
  Beyond beyond = Beyond::kNone;   // where `kind` says so
  std::vector<Step> steps;         // those that were done; the last one differs or raced
  Observation expected, observed;  // of the last step: ours, the kernel's
};

// `maker` says whose pty this process gets (KernelSide::check_maker).
[[nodiscard]] Result<Verdict> run_seed(std::uint64_t seed, long patience, Maker maker);
[[nodiscard]] Result<Verdict> run_steps(const std::vector<Step>& steps, long patience, Maker maker);

// Leaves out steps and bytes as long as a difference remains (delta debugging). The verdict's own last step stays.
[[nodiscard]] Result<Verdict> shrink(Verdict verdict, Maker maker);

}  // namespace farpty::parity
