// Rlimits: what `--rlimit cpu=10m,mem=256M,nproc=64` asks for, parsed in the parent and applied in the child.
//
// Not a quota of a session: setrlimit(2) counts cpu, mem, nofile, fsize and core for each process, and nproc for the
// whole uid, the server and all its sessions together. Invariant: a limit holds for soft and hard alike, so no program
// can lift it.
#pragma once

#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "base/result.hpp"
#include "pty/program.hpp"

namespace farpty::pty {

class Rlimits final : public ChildStep {
 public:
  Rlimits() = default;  // limits nothing

  // `KEY=VALUE[,KEY=VALUE]...`, each key at most once:
  //   cpu     seconds, or 90s, 10m, 2h    RLIMIT_CPU: SIGXCPU, a second later SIGKILL
  //   mem     bytes, or 512K, 64M, 1G     RLIMIT_AS: address space
  //   nproc   a number                    RLIMIT_NPROC: processes and threads of this uid
  //   nofile  a number                    RLIMIT_NOFILE: one above the highest descriptor
  //   fsize   bytes, or with K, M, G      RLIMIT_FSIZE: size of a file being written; SIGXFSZ
  //   core    bytes, or with K, M, G      RLIMIT_CORE: size of a core dump
  // The error names the key, its value and what would be accepted.
  [[nodiscard]] static Result<Rlimits> parse(std::string_view text);

  // Fails where a limit lies above this process's own hard limit: only root could raise it, and enter() would fail.
  [[nodiscard]] Result<> permitted() const;

  // In the child, after fork or vfork: setrlimit for each limit. Async-signal-safe, allocates nothing.
  [[nodiscard]] ChildFailure enter() const noexcept override;

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

 private:
  static constexpr std::size_t kKeys = 6;
  struct Limit {
    std::size_t key = 0;  // index into the table of keys
    rlimit value{};
  };

  [[nodiscard]] Result<> add(std::string_view item);

  std::array<Limit, kKeys> limits_{};
  std::size_t count_ = 0;
};

}  // namespace farpty::pty
