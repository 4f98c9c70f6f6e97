// Files that decide who may enter: read only if nobody else can have written them (for secrets: read them), written so that
// nobody else ever could. What sshd does under StrictModes (auth_secure_path() in misc.c) and ssh with its keys
// (sshkey_perm_ok() in authfile.c).
//
// The decisions are pure; the functions at the end are the thin shell around them, the only I/O of this module.
// Invariant: what was checked is what is read: by descriptor, on a path without links, whose directories only root and we
// can change.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "auth/secret.hpp"
#include "base/result.hpp"

namespace farpty::auth {

// What stat(2) says of a file or a directory.
struct FileFacts {
  uid_t owner = 0;
  mode_t mode = 0;  // permissions only
  bool is_regular = false;
  bool is_directory = false;
};

// A file that tells whom to trust (authorized_keys), or a directory above it: ours or root's, and written by nobody else.
Result<> check_trusted(const std::string& path, const FileFacts& facts, uid_t user);

// A private key: besides, where it is ours, nobody else may even read it.
Result<> check_private(const std::string& path, const FileFacts& facts, uid_t user);

// --- the shell

enum class Trust { kTrusted, kPrivate };

// The whole file, where it and the directories above it pass, up to the home directory or the root. Links are followed first (dotfiles are often links), and what
// they lead to is what is checked. Errors: ENOENT where it is missing; in words where it is not to be trusted or longer
// than `most` bytes.
Result<SecretBytes> read_own_file(const std::string& path, Trust trust, std::size_t most);

// A new file of mode 0600 (or `mode`), which appears with all of its text; EEXIST where there is one of that name already,
// whatever it is.
Result<> write_new_file(const std::string& path, Bytes bytes, mode_t mode = 0600);

// Replaces a file, or makes it, in one step: a reader sees the old text or the new one. Mode 0600.
Result<> replace_own_file(const std::string& path, Bytes bytes);

}  // namespace farpty::auth
