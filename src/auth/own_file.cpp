#include "auth/own_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/own_directory.hpp"
#include "base/owned_fd.hpp"

namespace farpty::auth {

namespace {

constexpr mode_t kOthersWrite = 0022;
constexpr mode_t kOthers = 0077;
constexpr mode_t kSecret = 0600;

struct Free {
  void operator()(char* at) const { std::free(at); }  // NOLINT(cppcoreguidelines-no-malloc): realpath(3) mallocs
};

std::unexpected<Error> distrust(const std::string& path, std::string reason, std::string hint) {
  return failure("will not trust", path, std::move(reason), std::move(hint));
}

FileFacts facts_of(const struct stat& status) {
  return {.owner = status.st_uid,
          .mode = static_cast<mode_t>(status.st_mode & 07777U),
          .is_regular = S_ISREG(status.st_mode),
          .is_directory = S_ISDIR(status.st_mode)};
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

using Path = std::unique_ptr<char, Free>;

// All directories above a path without links, up to the home directory or the root.
Result<> check_directories(const std::string& path) {
  const Path resolved(realpath(home_directory().c_str(), nullptr));
  const std::string home = resolved == nullptr ? "/" : resolved.get();
  for (std::string directory = parent_of(path);; directory = parent_of(directory)) {
    struct stat status{};
    if (lstat(directory.c_str(), &status) != 0) return os_error("cannot look at", directory);
    FARPTY_TRY(check_trusted(directory, facts_of(status), geteuid()));
    if (directory == home || directory == "/") return {};
  }
}

Result<> write_all(int fd, const std::string& path, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("cannot write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS) return os_error("cannot write", path);
  return {};
}

// The name may be lost in a crash without this; a file system that cannot do it is no failure.
void settle_directory(const std::string& path) {
  const OwnedFd directory(::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) fsync(directory.get());
}

// Writes a file under a name of its own beside `path`, which `place` then gives the name that it shall have.
Result<> write_beside(const std::string& path, Bytes bytes, mode_t mode,
                      int (*place)(const char* fresh, const char* name)) {
  std::string fresh = path + ".XXXXXX";
  const OwnedFd fd(mkostemp(fresh.data(), O_CLOEXEC));
  if (!fd) return os_error("cannot write", path);
  auto written = write_all(fd.get(), path, bytes);
  if (written && (fchmod(fd.get(), mode) != 0 || place(fresh.c_str(), path.c_str()) != 0))
    written = os_error("cannot write", path);
  if (!written) {
    unlink(fresh.c_str());
    return written;
  }
  settle_directory(path);
  return {};
}

}  // namespace

Result<> check_trusted(const std::string& path, const FileFacts& facts, uid_t user) {
  if (!facts.is_regular && !facts.is_directory) return distrust(path, "it is neither a file nor a directory", "");
  if (facts.owner != user && facts.owner != 0) return distrust(path, "it belongs to another user", "chown it");
  // A directory like /tmp: its sticky bit keeps others from what is ours in it. sshd refuses even that; so do we.
  if ((facts.mode & kOthersWrite) != 0) return distrust(path, "other users can write it", "chmod go-w " + path);
  return {};
}

Result<> check_private(const std::string& path, const FileFacts& facts, uid_t user) {
  FARPTY_TRY(check_trusted(path, facts, user));
  if (facts.owner == user && (facts.mode & kOthers) != 0)
    return distrust(path, "other users can read this private key", "chmod 600 " + path);
  return {};
}

Result<SecretBytes> read_own_file(const std::string& path, Trust trust, std::size_t most) {
  const Path resolved(realpath(path.c_str(), nullptr));
  if (resolved == nullptr) return os_error("cannot read", path);
  const std::string real = resolved.get();
  const OwnedFd fd(::open(real.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd) return os_error("cannot read", path);
  struct stat status{};
  if (fstat(fd.get(), &status) != 0) return os_error("cannot look at", path);
  const FileFacts facts = facts_of(status);
  if (!facts.is_regular) return failure("cannot read", path, "it is not a file");
  FARPTY_TRY(trust == Trust::kPrivate ? check_private(path, facts, geteuid()) : check_trusted(path, facts, geteuid()));
  FARPTY_TRY(check_directories(real));
  SecretBytes bytes(most + 1);
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t count = ::read(fd.get(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return os_error("cannot read", path);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size > most) return failure("cannot read", path, "it is longer than " + std::to_string(most) + " bytes");
  bytes.resize(size);
  return bytes;
}

Result<> write_new_file(const std::string& path, Bytes bytes, mode_t mode) {
  return write_beside(path, bytes, mode, [](const char* fresh, const char* name) {
    if (link(fresh, name) != 0) return -1;
    unlink(fresh);
    return 0;
  });
}

Result<> replace_own_file(const std::string& path, Bytes bytes) {
  return write_beside(path, bytes, kSecret, [](const char* fresh, const char* name) { return rename(fresh, name); });
}

}  // namespace farpty::auth
