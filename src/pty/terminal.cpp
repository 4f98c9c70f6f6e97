#include "pty/terminal.hpp"

#include "pty/emulated_pty.hpp"
#include "pty/kernel_pty.hpp"
#include "pty/pipes.hpp"

namespace farpty::pty {

Result<Started> start(boost::asio::io_context& context, const TerminalSource& source, const Program& program,
                      WindowSize size) {
  switch (source.kind) {
    case TerminalKind::kKernel: return KernelPty::start(context, nullptr, program, size);
    case TerminalKind::kDevpts: return KernelPty::start(context, source.devpts.get(), program, size);
    case TerminalKind::kEmulated: return EmulatedPty::start(context, source.listening, program, size);
    case TerminalKind::kPipes: return Pipes::start(context, program, Errors::kWithOutput);
    case TerminalKind::kPipesApart: return Pipes::start(context, program, Errors::kApart);
  }
  return failure("cannot open", "a terminal", "this kind is not known");
}

}  // namespace farpty::pty
