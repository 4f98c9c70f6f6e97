// Sandbox: what `--sandbox` puts around a program that strangers use. docs/public-applications.md is its promise in
// words.
//
//   no_new_privs   no setuid program gives more rights than the server's uid has
//   Landlock       which files open (sandbox_files.hpp)
//   seccomp        no sockets, no other processes, no way around Landlock (sandbox_filter.hpp)
//   signals        reach only processes of the sandbox: by Landlock's scope where the kernel has it, else by seccomp and
//                  a warden in the server (signal_warden.hpp)
//
// Not a virtual machine: the program talks to the host's kernel. Not a quota: see rlimits.hpp.
// Invariant: all that can fail for want of memory or a file is done before the child exists; enter() makes system
// calls.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/owned_fd.hpp"
#include "base/result.hpp"
#include "pty/program.hpp"
#include "pty/sandbox_private.hpp"
#include "pty/signal_warden.hpp"

namespace farpty::pty {

struct SandboxOptions {
  std::string directory;  // where private directories are made; empty: PrivateRoot::default_path()
  int landlock_abi_at_most =
      std::numeric_limits<int>::max();  // for tests: act as on an older kernel; 0: as without Landlock
};

class SandboxInstance;

class Sandbox {
 public:
  // Once, at the server's start: refuses root, asks what this host has, and tries the whole of it in a child. The error
  // names all that is missing, and what to do about it.
  static Result<Sandbox> prepare(const SandboxOptions& options = {});

  // For one session: fresh private directories and the rules for them.
  Result<std::unique_ptr<SandboxInstance>> instance();

  // One line for the server's log: "files by Landlock 7, signals by Landlock's scope, ..."
  [[nodiscard]] std::string description() const;

 private:
  friend class SandboxInstance;
  struct Host;
  explicit Sandbox(std::shared_ptr<Host> host);
  Result<> try_out();

  std::shared_ptr<Host> host_;  // shared with the instances, which use its filter and may outlive the server's object
};

class SandboxInstance final : public ChildStep {
 public:
  SandboxInstance(const SandboxInstance&) = delete;
  SandboxInstance& operator=(const SandboxInstance&) = delete;
  ~SandboxInstance() override;  // the private directories go: no process of the session should be left

  // In the child, after its session and its terminal (descriptors 0 to 2) were made, last before exec.
  [[nodiscard]] ChildFailure enter() const noexcept override;

  // In the parent, after the program has started as `leader`: from here on its questions about signals are answered. Until
  // then they wait. `context` outlives this.
  Result<> answer_signals(boost::asio::io_context& context, pid_t leader);
  void stop_answering() { warden_.reset(); }

  [[nodiscard]] const std::string& home() const noexcept { return directory_.home(); }
  [[nodiscard]] const std::string& tmp() const noexcept { return directory_.tmp(); }

  // HOME and TMPDIR of this instance, and of the given environment ("NAME=value") only what says how to run and in which
  // language: the rest is the server user's own, secrets included.
  [[nodiscard]] std::vector<std::string> environment(const std::vector<std::string>& given) const;

 private:
  friend class Sandbox;
  SandboxInstance(std::shared_ptr<Sandbox::Host> host, PrivateDirectory directory, OwnedFd ruleset);
  [[nodiscard]] ChildFailure confine_signals() const noexcept;

  std::shared_ptr<Sandbox::Host> host_;
  PrivateDirectory directory_;
  OwnedFd ruleset_;
  OwnedFd from_child_, to_parent_;  // how the listener comes out of the child; none where nothing is asked
  std::unique_ptr<SignalWarden> warden_;
};

}  // namespace farpty::pty
