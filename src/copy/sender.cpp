#include "copy/sender.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "base/owned_fd.hpp"
#include "copy/file_time.hpp"
#include "copy/safe_path.hpp"

namespace farpty::copy {

namespace {

constexpr std::size_t kAhead = 64;  // files that are offered before the first is answered: a round trip for all of them
constexpr std::size_t kPiece = 60 * 1024;
constexpr mode_t kPermissions = 0777;

struct CloseFolder {
  void operator()(DIR* folder) const { closedir(folder); }
};

std::string reason(const std::string& path, const std::string& why) { return path + ": " + why; }
std::string failed(const std::string& path) { return reason(path, reason_of(errno)); }

template <typename M>
M describe(std::size_t root, const std::string& below, const struct stat& status) {
  M message;
  message.root = root;
  message.path = below;
  message.mode = static_cast<std::uint32_t>(status.st_mode & kPermissions);
  const timespec changed = changed_at(status);
  message.seconds = changed.tv_sec;
  message.nanoseconds = static_cast<std::uint32_t>(changed.tv_nsec);
  return message;
}

std::vector<std::string> names_in(DIR* folder) {
  std::vector<std::string> names;
  while (const dirent* entry = readdir(folder)) {
    std::string name = static_cast<const char*>(entry->d_name);
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

void Sender::say(const std::string& text) {
  report_.trouble(text);
  troubles_.push_back(text.substr(0, kMaxText));
}

void Sender::walk(std::size_t root, const std::string& path, const std::string& below) {
  struct stat status{};
  const int flags = below.empty() ? 0 : AT_SYMLINK_NOFOLLOW;
  if (fstatat(AT_FDCWD, path.c_str(), &status, flags) != 0) return say(failed(path));
  if (!is_safe_path(below)) return say(reason(path, "the name is too long to be sent"));
  if (S_ISREG(status.st_mode)) {
    auto entry = describe<Entry>(root, below, status);
    entry.size = static_cast<std::uint64_t>(status.st_size);
    items_.push_back({.message = std::move(entry), .path = path});
  } else if (S_ISDIR(status.st_mode)) {
    auto entry = describe<Entry>(root, below, status);
    entry.folder = true;
    items_.push_back({.message = std::move(entry), .path = path});
    walk_folder(root, path, below);
    items_.push_back({.message = describe<Leave>(root, below, status), .path = path});
  } else {
    say(reason(path,
               S_ISLNK(status.st_mode) ? "it is a link, and left out" : "it is neither file nor folder, and left out"));
  }
}

void Sender::walk_folder(std::size_t root, const std::string& path, const std::string& below) {
  const std::unique_ptr<DIR, CloseFolder> folder(opendir(path.c_str()));
  if (folder == nullptr) return say(failed(path));
  for (const std::string& name : names_in(folder.get()))
    walk(root, path + "/" + name, below.empty() ? name : below + "/" + name);
}

Result<> Sender::run() {
  FARPTY_TRY(stream_.send(Hello{}));
  FARPTY_TRY(stream_.flush());
  for (std::size_t root = 0; root < roots_.size(); ++root) walk(root, roots_[root], "");
  Totals totals;
  for (const Item& item : items_)
    if (const auto* entry = std::get_if<Entry>(&item.message); entry != nullptr && !entry->folder) {
      ++totals.files;
      totals.bytes = std::min(totals.bytes + entry->size, kMaxSize);
    }
  report_.expect(totals.files, totals.bytes);
  FARPTY_TRY(stream_.send(totals));
  for (const std::string& text : troubles_) FARPTY_TRY(stream_.send(Trouble{.text = text}));

  FARPTY_ASSIGN(hello, stream_.receive());
  if (!std::holds_alternative<Hello>(hello) || std::get<Hello>(hello).version != kVersion)
    return failure("cannot copy to", "the other end", "its farpty speaks another version");
  while (true) {
    FARPTY_TRY(offer(kAhead));
    if (next_ == items_.size() && offered_.empty() && unconfirmed_ == 0) break;
    FARPTY_ASSIGN(message, stream_.receive());
    FARPTY_TRY(answer(message));
  }
  FARPTY_TRY(stream_.send(Finish{}));
  while (true) {
    FARPTY_ASSIGN(message, stream_.receive());
    if (std::holds_alternative<Finished>(message)) return {};
    FARPTY_TRY(answer(message));
  }
}

Result<> Sender::offer(std::size_t most) {
  for (; next_ < items_.size() && offered_.size() < most; ++next_) {
    FARPTY_TRY(stream_.send(items_[next_].message));
    const auto* entry = std::get_if<Entry>(&items_[next_].message);
    if (entry != nullptr && !entry->folder) offered_.push_back(next_);
  }
  return {};
}

Result<> Sender::answer(const Message& message) {
  if (const auto* have = std::get_if<Have>(&message); have != nullptr && !offered_.empty()) {
    const Item& item = items_[offered_.front()];
    offered_.pop_front();
    ++unconfirmed_;
    return send_file(item, *have);
  }
  if (const auto* outcome = std::get_if<Outcome>(&message); outcome != nullptr && unconfirmed_ > 0) {
    --unconfirmed_;
    if (outcome->failure.empty())
      report_.finished_file();
    else
      report_.trouble(outcome->failure);
    return {};
  }
  if (const auto* trouble = std::get_if<Trouble>(&message)) {
    report_.trouble(trouble->text);
    return {};
  }
  return failure("cannot understand", "the other end", "it answers what was not asked");
}

Result<> Sender::send_file(const Item& item, const Have& have) {
  const int follow = std::get<Entry>(item.message).path.empty() ? 0 : O_NOFOLLOW;
  const OwnedFd fd(::open(item.path.c_str(), O_RDONLY | follow | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (!fd || fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    const std::string why = fd ? reason(item.path, "it is no file any more") : failed(item.path);
    report_.begin(item.path, 0);
    FARPTY_TRY(stream_.send(Begin{}));
    return stream_.send(End{.failure = why.substr(0, kMaxText)});
  }
  if (auto sent = send_contents(item.path, fd.get(), have, static_cast<std::uint64_t>(status.st_size)); !sent) {
    if (sent.error().operation != "cannot read") return sent;  // the stream broke, not the file
    return stream_.send(End{.failure = reason(item.path, reason_of(sent.error().code)).substr(0, kMaxText)});
  }
  return {};
}

Result<> Sender::send_contents(const std::string& path, int fd, const Have& have, std::uint64_t size) {
  std::vector<std::byte> piece(kPiece);
  Sha256 hash;
  std::uint64_t at = 0;
  const auto read_piece = [&](std::size_t most) -> Result<Bytes> {
    const ssize_t count = pread(fd, piece.data(), std::min(most, piece.size()), static_cast<off_t>(at));
    if (count < 0) return os_error("cannot read", "");
    at += static_cast<std::uint64_t>(count);
    return Bytes(piece).first(static_cast<std::size_t>(count));
  };
  // What the other end has from before counts if it is the beginning of this file.
  const std::uint64_t wanted = have.offset <= size ? have.offset : 0;
  while (at < wanted) {
    auto bytes = read_piece(static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, wanted - at)));
    if (!bytes || bytes->empty()) break;
    hash.add(*bytes);
  }
  if (at != have.offset || hash.digest() != have.digest) {
    hash = Sha256();
    at = 0;
  }
  FARPTY_TRY(stream_.send(Begin{.offset = at}));
  report_.begin(path, at);
  report_.moved(at);
  while (true) {
    FARPTY_ASSIGN(bytes, read_piece(kPiece));
    if (bytes.empty()) break;
    hash.add(bytes);
    FARPTY_TRY(stream_.send(Data{.bytes = bytes}));
    report_.moved(bytes.size());
  }
  return stream_.send(End{.digest = hash.digest()});
}

}  // namespace farpty::copy
