#include "door/native_start.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "door/terminfo_store.hpp"

namespace farpty::door {

namespace {

// Programs on pipes whose client never comes back are nobody's.
constexpr std::chrono::minutes kPipesLinger{10};
constexpr std::size_t kPipesRetain = 16 * 1024 * 1024;

constexpr std::string_view kCopyService = "copy";  // copy/1 on pipes: docs/protocol/copy-1.md

// This program's file, also where it was moved since it began.
std::string own_program() {
  constexpr const char* kSelf = "/proc/self/exe";
  std::error_code code;
  auto file = std::filesystem::read_symlink(kSelf, code).string();
  return code || access(file.c_str(), X_OK) != 0 ? kSelf : file;
}

Result<> choose_program(const wire::Start& start, const Settings& settings, const auth::Grants& grants,
                        pty::Program& program) {
  if (!start.service.empty() && start.service != kCopyService)
    return failure("unsupported", "", "this server has no service '" + start.service + "'");
  if (grants.command) {
    // As sshd(8) runs it: by the user's shell. The text is the server's own, from authorized_keys.
    program.file = settings.shell;
    program.arguments = {settings.shell, "-c", *grants.command};
    return {};
  }
  if (start.command.empty() && start.service.empty()) return {};
  if (settings.commands == Commands::kOnlyTheProgram)
    return failure("refused", "", "this server runs one program, and no commands");
  if (!start.service.empty()) {
    program.file = own_program();
    program.arguments = {"farpty", "copy", "--serve"};
    program.directory = settings.home;
    return {};
  }
  if (start.command.front().empty()) return failure("cannot run", "''", "a command has a name");
  program.file = start.command.front();
  program.arguments = start.command;
  program.directory = settings.home;
  return {};
}

}  // namespace

void set_variable(std::vector<std::string>& environment, std::string_view name, std::string_view value) {
  std::erase_if(environment, [&](const std::string& one) {
    return one.starts_with(name) && one.size() > name.size() && one[name.size()] == '=';
  });
  environment.push_back(std::string(name) + "=" + std::string(value));
}

bool may_come_from_afar(std::string_view variable) {
  if (variable == "LANG" || variable == "COLORTERM") return true;
  return variable.starts_with("LC_") && variable.size() > 3 &&
         std::ranges::all_of(variable.substr(3), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

WindowSize window_of(const wire::Size& size) { return sane_size(size.columns, size.rows); }

wire::Size size_of(WindowSize size) { return {.columns = size.columns, .rows = size.rows}; }

bool is_session_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= wire::kMaxName && name.front() != '-' && name.front() != '.' &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); }) &&
         !std::ranges::all_of(name, is_digit);
}

Result<session::Spec> spec_of(const wire::Start& start, const Settings& settings, const auth::Grants& grants) {
  session::Spec spec = settings.spec;
  FARPTY_TRY(choose_program(start, settings, grants, spec.program));
  if (!start.name.empty() && !is_session_name(start.name))
    return failure("refused", "", "a session's name has letters, digits, '.', '_' and '-', and is not a number alone");
  spec.size = window_of(start.size);
  auto& environment = spec.program.environment;
  for (const auto& [name, value] : start.environment)
    if (may_come_from_afar(name)) set_variable(environment, name, value);
  if (start.terminal) {
    if (grants.terminal == auth::Terminal::kRefused)
      return failure("refused", "", "your key may have no terminal (no-pty)", "use farpty exec");
    describe_terminal(start.term, start.terminfo, settings.term, environment);
  } else {
    spec.terminal = pty::TerminalKind::kPipesApart;
  }
  spec.lasting = session::Lasting{.name = start.name, .retain = settings.retain, .when_full = settings.when_full};
  if (!start.terminal) {
    // A pipe that loses bytes is broken: the program waits until its client is back.
    spec.lasting->when_full = session::WhenFull::kBlock;
    // A client's window is at most this, and what has no acknowledgement is kept.
    spec.lasting->retain = std::max(spec.lasting->retain, kPipesRetain);
  }
  if (start.linger)
    spec.limits.linger = std::chrono::seconds(*start.linger);
  else if (!start.terminal)
    spec.limits.linger = kPipesLinger;
  return spec;
}

}  // namespace farpty::door
