// How a session begins: its terminal, its program with what confines it, and its recording.
#include "session/session.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/log.hpp"

namespace farpty::session {

namespace {

Shown shown(pty::TerminalKind kind) {
  const bool pipes = kind == pty::TerminalKind::kPipes || kind == pty::TerminalKind::kPipesApart;
  return pipes ? Shown::kNowhere : Shown::kOnTerminal;
}

// Null where it is not to be recorded.
Result<std::unique_ptr<Recorder>> open_recorder(unsigned id, const Spec& spec) {
  if (!spec.recording) return nullptr;
  Recorder::Subject subject{.session = id, .program = spec.program.file, .size = spec.size};
  if (spec.lasting) subject.name = spec.lasting->name;
  for (const std::string& variable : spec.program.environment)
    if (variable.starts_with("TERM=")) subject.term = variable.substr(std::string_view("TERM=").size());
  return Recorder::open(*spec.recording, subject);
}

// The program as it is to start: with its limits and, in a sandbox, with that one's folders and environment. The steps point
// into `spec` and `sandbox`.
pty::Program confined(const Spec& spec, const pty::SandboxInstance* sandbox) {
  pty::Program program = spec.program;
  if (!spec.rlimits.empty()) program.steps.push_back(&spec.rlimits);
  if (sandbox == nullptr) return program;
  program.environment = sandbox->environment(program.environment);
  program.directory = sandbox->home();
  program.steps.push_back(sandbox);
  return program;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::start(const Loop& loop, unsigned id, const Spec& spec,
                                                std::function<void(Session&)> closed) {
  std::unique_ptr<pty::SandboxInstance> sandbox;
  if (spec.sandbox) {
    FARPTY_ASSIGN(fresh, spec.sandbox->instance());
    sandbox = std::move(fresh);
  }
  FARPTY_ASSIGN(recorder, open_recorder(id, spec));
  auto begun = pty::start(loop.context, spec.terminal, confined(spec, sandbox.get()), spec.size);
  if (!begun) {
    if (recorder) recorder->discard();
    return std::unexpected(std::move(begun).error());
  }
  if (recorder)
    log::event(log::Level::info, "recording", {{"session", id}, {"file", recorder->path()}},
               fmt::format("session {} is recorded in {}", id, recorder->path()));
  std::unique_ptr<Session> session(
      new Session(loop, id, spec, std::move(*begun), std::move(sandbox), std::move(recorder), std::move(closed)));
  auto* self = session.get();
  if (self->sandbox_) FARPTY_TRY(self->sandbox_->answer_signals(loop.context, self->leader_));
  FARPTY_TRY(loop.children.watch(self->pid_, [self](pty::ExitStatus status) { self->program_ended(status); }));
  // Not read here: the caller may be using the shared buffer. What the program has written already gives the first edge.
  self->output_awaited_ = true;
  self->terminal_->when_readable([self] { self->pump_output(); });
  self->arm_limits();
  return session;
}

Session::Session(const Loop& loop, unsigned id, const Spec& spec, pty::Started started,
                 std::unique_ptr<pty::SandboxInstance> sandbox, std::unique_ptr<Recorder> recorder,
                 std::function<void(Session&)> closed)
    : loop_(loop),
      id_(id),
      program_name_(spec.program.file),
      name_(spec.lasting ? spec.lasting->name : ""),
      limits_(spec.limits),
      sandbox_(std::move(sandbox)),
      recorder_(std::move(recorder)),
      terminal_(std::move(started.terminal)),
      has_terminal_(spec.terminal.kind != pty::TerminalKind::kPipes &&
                    spec.terminal.kind != pty::TerminalKind::kPipesApart),
      audience_(spec.lasting, spec.size, shown(spec.terminal.kind)),
      closed_(std::move(closed)),
      pid_(started.child.pid),
      leader_(started.child.leader),
      keeper_(std::move(started.child.keeper)),
      started_at_(Clock::now()),
      last_input_(started_at_),
      last_left_(started_at_),
      next_round_(loop.context),
      timer_(loop.context),
      settling_(loop.context),
      unrecorded_end_(loop.context) {}

Session::~Session() {
  if (program_alive_) loop_.children.forget(pid_);
  end_recording();
}

}  // namespace farpty::session
