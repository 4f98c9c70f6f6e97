#include "copy/receiver.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "base/process_handle.hpp"
#include "copy/file_time.hpp"
#include "copy/safe_path.hpp"

namespace farpty::copy {

namespace {

constexpr std::size_t kMaxOffered = 256;                     // files that a sender may offer before it sends the first
constexpr std::size_t kMaxFolderBytes = 64UL * 1024 * 1024;  // of the folders of one copy, which are kept to its end
constexpr std::size_t kPiece = 64 * 1024;
constexpr std::chrono::seconds kPatience{10};  // for a receiver that was asked to make room
constexpr mode_t kOwner = 0700;
constexpr std::string_view kPartial = ".farpty-part";

std::unexpected<Error> broken(std::string reason) {
  return failure("cannot understand", "the other end", std::move(reason));
}

OwnedFd open_folder(int at, const std::string& name) {
  return OwnedFd(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The name under which a file arrives. Long ones get a name made of their checksum.
std::string partial_name(const std::string& name) {
  if (1 + name.size() + kPartial.size() <= kMaxName) return "." + name + std::string(kPartial);
  Sha256 hash;
  hash.add(as_bytes(name));
  std::string hex = ".";
  for (const std::byte byte : hash.digest()) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[std::to_integer<unsigned>(byte) >> 4];
    hex += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return hex + std::string(kPartial);
}

// Adds what is in the file, from its beginning; false where it cannot be read.
bool add_contents(int fd, Have& have, Sha256& hash) {
  std::vector<std::byte> piece(kPiece);
  for (have.offset = 0;;) {
    const ssize_t count = pread(fd, piece.data(), piece.size(), static_cast<off_t>(have.offset));
    if (count < 0) return false;
    if (count == 0) break;
    hash.add(Bytes(piece).first(static_cast<std::size_t>(count)));
    have.offset += static_cast<std::uint64_t>(count);
  }
  have.digest = hash.digest();
  return true;
}

template <typename M>
bool set_mode_and_time(int fd, const M& message) {
  timespec now{};
  now.tv_nsec = UTIME_OMIT;
  timespec changed{};
  changed.tv_sec = message.seconds;
  changed.tv_nsec = message.nanoseconds;
  const timespec times[2] = {now, changed};
  return fchmod(fd, message.mode) == 0 && futimens(fd, static_cast<const timespec*>(times)) == 0;
}

bool write_all(int fd, std::uint64_t& at, Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t count = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    at += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// Whose advisory lock lies on the file (fcntl(2), F_GETLK); 0: nobody's of this machine's.
pid_t holder_of(int fd) {
  struct flock range{};
  range.l_type = F_WRLCK;
  return fcntl(fd, F_GETLK, &range) == 0 && range.l_type != F_UNLCK ? std::max(range.l_pid, pid_t{0}) : 0;
}

// Ends the receiver that holds the file and makes room for others, and waits until it is gone.
void displace_holder(int fd) {
  const pid_t holder = holder_of(fd);
  if (holder == 0) return;
  const auto process = ProcessHandle::open(holder);
  if (!process || holder_of(fd) != holder) return;  // it has gone, and its number may be another's
  if (process->terminate()) (void)process->ends_within(kPatience);
}

// Two locks on one file: flock(2)'s keeps other receivers out, also those of this process; fcntl(2)'s says whose it is, and is
// taken by those only that make room.
bool lock(int fd, Stays stays) {
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    displace_holder(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) return false;
  }
  struct flock range{};
  range.l_type = F_WRLCK;
  if (stays == Stays::kUntilAnotherComes) (void)fcntl(fd, F_SETLK, &range);  // NFS may know but one kind
  return true;
}

}  // namespace

Result<std::vector<std::string>> places_for(const std::string& to, const std::vector<std::string>& sources) {
  struct stat status{};
  if (stat(to.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    std::vector<std::string> places;
    for (const std::string& source : sources) {
      const auto name = last_name(source);
      if (name.empty()) return failure("cannot copy", source, "it has no name of its own", "write its path out");
      const std::string place = to + "/" + std::string(name);
      if (std::ranges::find(places, place) != places.end())
        return failure("cannot copy", source, "another thing of this name is copied to the same folder");
      places.push_back(place);
    }
    return places;
  }
  if (sources.size() != 1)
    return failure("cannot copy to", to, "it is no folder, and there are several things to copy");
  std::string place = to;
  while (place.size() > 1 && place.ends_with('/')) place.pop_back();
  if (last_name(place).empty()) return failure("cannot copy to", to, "it is no name for a file");
  return std::vector{place};
}

Receiver::~Receiver() {
  // What was offered and did not come leaves nothing; what came in part stays, for the next time.
  struct stat status{};
  for (const Incoming& file : incoming_)
    if (file.fd && !file.whole && fstat(file.fd.get(), &status) == 0 && status.st_size == 0)
      unlinkat(file.folder.get(), file.partial.c_str(), 0);
}

std::string Receiver::shown(std::uint64_t root, const std::string& path) const {
  return places_[root] + (path.empty() ? "" : "/" + path);
}

void Receiver::say(const std::string& text) {
  report_.trouble(text);
  (void)stream_.send(Trouble{.text = text.substr(0, kMaxText)});  // a broken stream shows when it is read
}

Result<> Receiver::run() {
  FARPTY_TRY(stream_.send(Hello{}));
  FARPTY_ASSIGN(hello, stream_.receive());
  if (!std::holds_alternative<Hello>(hello) || std::get<Hello>(hello).version != kVersion)
    return failure("cannot copy from", "the other end", "its farpty speaks another version");
  while (true) {
    FARPTY_ASSIGN(message, stream_.receive());
    if (std::holds_alternative<Finish>(message)) break;
    FARPTY_TRY(take(message));
  }
  if (!incoming_.empty()) return broken("it ends before the files that it offered have come");
  // The deepest first: a folder's time changes with what is made in it, and its mode may forbid it.
  for (const Leave& folder : left_) leave(folder);
  FARPTY_TRY(stream_.send(Finished{}));
  return stream_.flush();
}

Result<> Receiver::take(const Message& message) {
  if (const auto* entry = std::get_if<Entry>(&message)) return take(*entry);
  if (const auto* begin = std::get_if<Begin>(&message)) return take(*begin);
  if (const auto* data = std::get_if<Data>(&message)) return take(*data);
  if (const auto* end = std::get_if<End>(&message)) return take(*end);
  if (const auto* totals = std::get_if<Totals>(&message)) {
    report_.expect(totals->files, totals->bytes);
    return {};
  }
  if (const auto* trouble = std::get_if<Trouble>(&message)) {
    report_.trouble(trouble->text);
    return {};
  }
  if (const auto* folder = std::get_if<Leave>(&message)) {
    if (folder->root >= places_.size()) return broken("it sends what was not asked for");
    left_bytes_ += sizeof(Leave) + folder->path.size();
    if (left_bytes_ > kMaxFolderBytes) return broken("it sends too many folders");
    left_.push_back(*folder);
    return {};
  }
  return broken("it says what only a receiver says");
}

// The folder that `entry` is in, and its name there.
Result<OwnedFd> Receiver::open_folder_of(const Entry& entry, std::string& name) const {
  const std::string& place = places_[entry.root];
  const auto slash = place.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : place.substr(0, slash);
  OwnedFd folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return os_error("cannot open", parent);
  name = place.substr(slash == std::string::npos ? 0 : slash + 1);
  for (const std::string_view next : names_of(entry.path)) {
    OwnedFd inner = open_folder(folder.get(), name);
    if (!inner) return os_error("cannot open", shown(entry.root, entry.path));
    folder = std::move(inner);
    name = next;
  }
  return folder;
}

Result<> Receiver::take(const Entry& entry) {
  if (entry.root >= places_.size()) return broken("it sends what was not asked for");
  if (entry.folder) {
    make_folder(entry);
    return {};
  }
  if (incoming_.size() == kMaxOffered) return broken("it offers too many files at a time");
  Incoming file{.entry = entry};
  if (auto folder = open_folder_of(entry, file.name)) {
    file.folder = std::move(*folder);
    file.partial = partial_name(file.name);
    look_for_earlier(file);
  } else {
    file.failure = folder.error().message();
  }
  incoming_.push_back(std::move(file));
  return stream_.send(incoming_.back().have);
}

void Receiver::make_folder(const Entry& entry) {
  std::string name;
  const auto folder = open_folder_of(entry, name);
  if (!folder) return say(folder.error().message());
  if (mkdirat(folder->get(), name.c_str(), kOwner) != 0 && errno != EEXIST)
    return say(os_error("cannot make", shown(entry.root, entry.path)).error().message());
  const OwnedFd made = open_folder(folder->get(), name);
  struct stat status{};
  if (!made || fstat(made.get(), &status) != 0)
    return say(os_error("cannot open", shown(entry.root, entry.path)).error().message());
  // A folder from an earlier time that forbids its owner to write gets its own mode again at the end.
  if ((status.st_mode & kOwner) != kOwner) fchmod(made.get(), (status.st_mode & mode_t{0777}) | kOwner);
}

void Receiver::leave(const Leave& folder) {
  std::string name;
  const auto parent = open_folder_of(Entry{.root = folder.root, .path = folder.path}, name);
  if (!parent) return;  // it was trouble already
  const OwnedFd made = open_folder(parent->get(), name);
  if (made && !set_mode_and_time(made.get(), folder))
    say(os_error("cannot set mode and time of", shown(folder.root, folder.path)).error().message());
}

// The file itself, if it looks as if nothing were to be done, or what came of it before.
void Receiver::look_for_earlier(Incoming& file) const {
  struct stat status{};
  OwnedFd there(
      ::openat(file.folder.get(), file.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (there && fstat(there.get(), &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<std::uint64_t>(status.st_size) == file.entry.size &&
      changed_at(status).tv_sec == file.entry.seconds &&
      changed_at(status).tv_nsec == static_cast<long>(file.entry.nanoseconds) &&
      add_contents(there.get(), file.have, file.hash)) {
    file.fd = std::move(there);
    file.whole = true;
    return;
  }
  file.have = {};
  file.hash = Sha256();
  file.have.digest = file.hash.digest();
  open_partial(file, Missing::kStays);
  if (file.fd && !add_contents(file.fd.get(), file.have, file.hash)) {
    file.failure =
        os_error("cannot read", shown(file.entry.root, file.entry.path) + std::string(kPartial)).error().message();
    file.fd.reset();
  }
}

void Receiver::open_partial(Incoming& file, Missing missing) const {
  const std::string what = shown(file.entry.root, file.entry.path);
  const int make = missing == Missing::kIsMade ? O_CREAT : 0;
  file.whole = false;
  file.fd = OwnedFd(::openat(file.folder.get(), file.partial.c_str(),
                             O_RDWR | make | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600));
  if (!file.fd && missing == Missing::kStays && errno == ENOENT) return;
  struct stat status{};
  if (!file.fd || fstat(file.fd.get(), &status) != 0) {
    file.failure = os_error("cannot write", what).error().message();
  } else if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() || status.st_nlink != 1) {
    file.failure =
        failure("cannot write", what, "something of another kind is where its first part would be").error().message();
    file.fd.reset();
  } else if (!lock(file.fd.get(), stays_)) {
    file.failure = failure("cannot write", what, "another copy writes it just now").error().message();
    file.fd.reset();
  }
}

Result<Receiver::Incoming*> Receiver::current() {
  if (incoming_.empty() || !incoming_.front().begun) return broken("it sends the data of no file");
  return &incoming_.front();
}

Result<> Receiver::take(const Begin& begin) {
  if (incoming_.empty() || incoming_.front().begun) return broken("it begins a file that it did not offer");
  Incoming& file = incoming_.front();
  file.begun = true;
  if (begin.offset != 0 && begin.offset != file.have.offset) return broken("it goes on where this end never was");
  report_.begin(shown(file.entry.root, file.entry.path), begin.offset);
  report_.moved(begin.offset);
  file.written = begin.offset;
  if (begin.offset != 0 || (file.whole && file.have.offset == 0)) return {};
  file.hash = Sha256();
  if (!file.failure.empty()) return {};
  if (file.whole || !file.fd) open_partial(file, Missing::kIsMade);
  if (file.fd && ftruncate(file.fd.get(), 0) != 0) {
    file.failure = os_error("cannot write", shown(file.entry.root, file.entry.path)).error().message();
    file.fd.reset();
  }
  return {};
}

Result<> Receiver::take(const Data& data) {
  FARPTY_ASSIGN(file, current());
  report_.moved(data.bytes.size());
  if (file->whole && !data.bytes.empty()) {
    // It has grown since it was offered: what is there is no longer all of it, and stays as it is until the rest has come.
    file->failure = failure("cannot write", shown(file->entry.root, file->entry.path), "it changed while it was copied")
                        .error()
                        .message();
    file->fd.reset();
    file->whole = false;
  }
  if (!file->fd) return {};
  file->hash.add(data.bytes);
  if (!write_all(file->fd.get(), file->written, data.bytes)) {
    file->failure = os_error("cannot write", shown(file->entry.root, file->entry.path)).error().message();
    file->fd.reset();
  }
  return {};
}

Result<> Receiver::take(const End& end) {
  FARPTY_ASSIGN(file, current());
  if (file->failure.empty()) settle(*file, end);
  if (file->failure.empty()) {
    report_.finished_file();
  } else {
    report_.trouble(file->failure);
    if (file->fd && !file->whole && file->written == 0) unlinkat(file->folder.get(), file->partial.c_str(), 0);
  }
  const Outcome outcome{.failure = file->failure.substr(0, kMaxText)};
  incoming_.pop_front();
  return stream_.send(outcome);
}

// Gives a file that is whole its mode, time and name.
void Receiver::settle(Incoming& file, const End& end) {
  if (!end.failure.empty()) {
    file.failure = end.failure;
  } else if (file.hash.digest() != end.digest) {
    file.failure = file.name + ": it did not arrive as it was sent, and is left out";
    if (!file.whole) unlinkat(file.folder.get(), file.partial.c_str(), 0);
  } else if (!set_mode_and_time(file.fd.get(), file.entry)) {
    file.failure = os_error("cannot set mode and time of", file.name).error().message();
  } else if (!file.whole &&
             renameat(file.folder.get(), file.partial.c_str(), file.folder.get(), file.name.c_str()) != 0) {
    file.failure = os_error("cannot write", file.name).error().message();
  }
}

}  // namespace farpty::copy
