// FileRules: which files a sandboxed program may open, as a Landlock ruleset; and what this kernel's Landlock can.
//
// Readable and executable: /usr, /bin, /sbin, /lib*. Readable: a short list in /etc. Usable: the harmless devices and
// the terminal the program runs on. Its own: HOME and TMPDIR. Nothing else opens, not even for reading; names, sizes
// and link targets can be seen by who knows the path (Landlock does not govern stat(2) and readlink(2)). Source:
// Documentation/userspace-api/landlock.rst; each ABI level only adds to what is handled.
#pragma once

#include "base/owned_fd.hpp"
#include "base/result.hpp"

namespace farpty::pty {

// Landlock's ABI level here: 1 is Linux 5.13, 2 is 5.19 (Debian 12's 6.1), 3 is 6.2, 4 is 6.7, 5 is 6.10, 6 is 6.12.
// The error says whether the kernel has none or it is switched off.
Result<int> landlock_abi();

// From this level on signals can be confined by Landlock (scopes); below it a second seccomp filter must do.
inline constexpr int kAbiWithScopes = 6;
// Linux 5.19, the first whose seccomp listeners can have an asker wait through signals (WAIT_KILLABLE_RECV), is that of ABI 2.
inline constexpr int kAbiWithWarden = 2;

// The ruleset of one session; `home` and `tmp` are existing folders. `abi` is at most the kernel's.
Result<OwnedFd> file_rules(int abi, const std::string& home, const std::string& tmp);

// In the child: the terminals among the descriptors 0, 1 and 2 may be opened again by name. Async-signal-safe; 0 or
// errno.
int allow_own_terminal(int ruleset, int abi) noexcept;

// In the child: from here on only these rules' files open. Needs no_new_privs. Async-signal-safe; 0 or errno.
int confine_files(int ruleset) noexcept;

}  // namespace farpty::pty
