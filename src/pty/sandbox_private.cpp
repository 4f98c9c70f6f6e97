#include "pty/sandbox_private.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "base/own_directory.hpp"

namespace farpty::pty {
namespace {

constexpr mode_t kOwnerOnly = 0700;
constexpr const char* kHome = "home";
constexpr const char* kTmp = "tmp";

OwnedFd folder_at(int parent, const char* name) {
  return OwnedFd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};
using Folder = std::unique_ptr<DIR, CloseFolder>;

Result<std::string> random_name() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) return os_error("cannot read", "random bytes");
  return fmt::format("{:016x}", number);
}

// A descriptor of its own offset: the caller keeps `fd`.
Folder read_folder(int fd) {
  OwnedFd again = folder_at(fd, ".");
  Folder folder(again ? ::fdopendir(again.get()) : nullptr);
  if (folder) (void)again.release();
  return folder;
}

bool is_dots(const char* name) { return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)); }

// A program may have left a folder that it made unreadable for itself. The mode is changed through the descriptor, in
// the one way that works with O_PATH, and so never through a link that took the folder's place.
OwnedFd open_folder(int parent, const char* name) {
  OwnedFd folder = folder_at(parent, name);
  if (folder || errno != EACCES) return folder;
  const OwnedFd place(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!place || ::chmod(fmt::format("/proc/self/fd/{}", place.get()).c_str(), kOwnerOnly) < 0) return {};
  return folder_at(parent, name);
}

// Empties one folder: files go, folders that are not empty move up to `top` under a fresh name, to be emptied there.
Result<> flatten(int folder_fd, int top) {
  if (::fchmod(folder_fd, kOwnerOnly) < 0) return os_error("cannot open to its owner", "a private directory");
  const Folder folder = read_folder(folder_fd);
  if (!folder) return os_error("cannot read", "a private directory");
  while (const dirent* entry = ::readdir(folder.get())) {
    if (is_dots(entry->d_name)) continue;
    if (::unlinkat(folder_fd, entry->d_name, 0) == 0 || ::unlinkat(folder_fd, entry->d_name, AT_REMOVEDIR) == 0)
      continue;
    if (errno == ENOENT) continue;
    if (folder_fd == top) continue;  // stays where it is: its turn comes
    // To give a folder another parent is to write its "..": that too needs its owner's right.
    const OwnedFd writable = open_folder(folder_fd, entry->d_name);
    if (writable) (void)::fchmod(writable.get(), kOwnerOnly);
    FARPTY_ASSIGN(fresh, random_name());
    if (::renameat(folder_fd, entry->d_name, top, fresh.c_str()) < 0 && errno != ENOENT)
      return os_error("cannot remove", entry->d_name);
  }
  return {};
}

// The names of the folders in `top`, at most as many as fit: those moved up meanwhile come with the next look.
std::vector<std::string> names_in(int top) {
  constexpr std::size_t kAtOnce = 1024;
  std::vector<std::string> names;
  const Folder folder = read_folder(top);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    if (!is_dots(entry->d_name)) names.emplace_back(entry->d_name);
    if (names.size() == kAtOnce) break;
  }
  return names;
}

}  // namespace

Result<> remove_tree(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  const OwnedFd top = open_folder(parent, name.c_str());
  if (!top) return os_error("cannot remove", name);
  FARPTY_TRY(flatten(top.get(), top.get()));

  // A process that still writes there can go on for ever: after so many rounds without an end it is left for later.
  constexpr int kRounds = 1'000'000;
  for (int round = 0; round < kRounds; ++round) {
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    if (errno != ENOTEMPTY && errno != EEXIST) return os_error("cannot remove", name);
    for (const std::string& inner : names_in(top.get())) {
      if (::unlinkat(top.get(), inner.c_str(), 0) == 0) continue;
      const OwnedFd folder = open_folder(top.get(), inner.c_str());
      if (!folder && errno == ENOENT) continue;
      if (!folder) return os_error("cannot remove", fmt::format("{}/{}", name, inner));
      FARPTY_TRY(flatten(folder.get(), top.get()));
      (void)::unlinkat(top.get(), inner.c_str(), AT_REMOVEDIR);  // refilled by somebody: the next round
    }
  }
  return failure("cannot remove", name, "something keeps writing there");
}

// The queue of what is to be removed, and its thread. At most as long as there are sessions.
class Removal {
 public:
  explicit Removal(OwnedFd root) : root_(std::move(root)), thread_([this] { run(); }) {}
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;

  // What is queued is removed before the end.
  ~Removal() {
    {
      const std::scoped_lock lock(mutex_);
      ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void add(std::string name, OwnedFd lock_fd) {
    {
      const std::scoped_lock lock(mutex_);
      queue_.emplace_back(std::move(name), std::move(lock_fd));
    }
    changed_.notify_one();
  }

  [[nodiscard]] int root() const noexcept { return root_.get(); }

 private:
  void run() {
    sigset_t all;  // signals are for the server's loop
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto [name, held] = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      // What cannot be removed now is unlocked here, and so left to the next server's start.
      if (const auto removed = remove_tree(root_.get(), name); !removed)
        log::warn("a sandbox's private directory stays until the next start: {}", removed.error().message());
      held.reset();
      lock.lock();
    }
  }

  OwnedFd root_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::pair<std::string, OwnedFd>> queue_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

namespace {

// While a folder is made and not yet locked, or locks are tried, the root is locked: never for long.
class RootLocked {
 public:
  explicit RootLocked(int root) : root_(root) { (void)::flock(root_, LOCK_EX); }
  ~RootLocked() { (void)::flock(root_, LOCK_UN); }
  RootLocked(const RootLocked&) = delete;
  RootLocked& operator=(const RootLocked&) = delete;

 private:
  int root_;
};

void queue_leftovers(Removal& removal) {
  const RootLocked locked(removal.root());
  const Folder folder = read_folder(removal.root());
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    if (is_dots(entry->d_name)) continue;
    OwnedFd left = folder_at(removal.root(), entry->d_name);
    if (left && ::flock(left.get(), LOCK_EX | LOCK_NB) == 0) removal.add(entry->d_name, std::move(left));
  }
}

}  // namespace

PrivateDirectory::PrivateDirectory(std::shared_ptr<Removal> removal, std::string name, OwnedFd lock,
                                   const std::string& path)
    : removal_(std::move(removal)),
      name_(std::move(name)),
      lock_(std::move(lock)),
      home_(path + "/" + kHome),
      tmp_(path + "/" + kTmp) {}

PrivateDirectory::~PrivateDirectory() {
  if (removal_) removal_->add(std::move(name_), std::move(lock_));
}

PrivateRoot::PrivateRoot(std::string path, std::shared_ptr<Removal> removal)
    : path_(std::move(path)), removal_(std::move(removal)) {}

Result<std::string> PrivateRoot::default_path() {
  const auto folders = runtime_directories();
  if (folders.empty())
    return failure("cannot find", "a place for private directories", "neither XDG_RUNTIME_DIR nor HOME is set");
  return folders.front() + "/sandbox";
}

Result<PrivateRoot> PrivateRoot::open(const std::string& path) {
  FARPTY_ASSIGN(folder, open_own_directory(path, Missing::kMake));
  PrivateRoot opened(path, std::make_shared<Removal>(std::move(folder.fd)));
  queue_leftovers(*opened.removal_);
  return opened;
}

Result<PrivateDirectory> PrivateRoot::make() {
  FARPTY_ASSIGN(name, random_name());
  const std::string path = path_ + "/" + name;
  const int root = removal_->root();
  OwnedFd lock;
  {
    const RootLocked locked(root);
    if (::mkdirat(root, name.c_str(), kOwnerOnly) < 0) return os_error("cannot make directory", path);
    lock = folder_at(root, name.c_str());
    if (!lock || ::flock(lock.get(), LOCK_EX | LOCK_NB) < 0) return os_error("cannot lock directory", path);
  }
  PrivateDirectory made(removal_, std::move(name), std::move(lock), path);
  for (const char* part : {kHome, kTmp})
    if (::mkdirat(made.lock_.get(), part, kOwnerOnly) < 0) return os_error("cannot make directory", path + "/" + part);
  return made;
}

}  // namespace farpty::pty
