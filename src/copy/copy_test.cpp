// Whole copies between two ends, each in a thread of its own, over a pair of sockets that may break.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/owned_fd.hpp"
#include "copy/far_end.hpp"
#include "copy/place.hpp"
#include "copy/progress.hpp"
#include "copy/receiver.hpp"
#include "copy/safe_path.hpp"
#include "copy/sender.hpp"

namespace farpty::copy {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Notes : Report {
  void moved(std::uint64_t count) override { bytes += count; }
  void begin(const std::string& name, std::uint64_t offset) override {
    names.push_back(name);
    already += offset;
  }
  void finished_file() override { ++files; }
  void trouble(const std::string& text) override { troubles.push_back(text); }
  std::uint64_t bytes = 0, already = 0;
  unsigned files = 0;
  std::vector<std::string> names, troubles;
};

class CopyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    std::string pattern = testing::TempDir() + "farpty-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    fs::create_directories(folder_ / "from");
    fs::create_directories(folder_ / "to");
  }
  void TearDown() override {
    for (const char* closed : {"from/tree/deep", "to/tree/deep"}) chmod((folder_ / closed).c_str(), 0700);
    fs::remove_all(folder_);
  }

  static std::string text(std::size_t size, unsigned seed) {
    std::string made(size, '\0');
    for (char& c : made) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    return made;
  }
  static void write(const fs::path& path, const std::string& contents, mode_t mode = 0644) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << contents;
    chmod(path.c_str(), mode);
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, {.tv_sec = 1'500'000'000, .tv_nsec = 123'456'789}};
    utimensat(AT_FDCWD, path.c_str(), times, 0);
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static struct stat status_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status;
  }
  std::vector<std::string> names_in(const fs::path& path) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(path)) names.push_back(fs::relative(entry.path(), path));
    std::ranges::sort(names);
    return names;
  }

  // From `sources` to `to`: the outcome of the sender, then of the receiver.
  std::pair<Result<>, Result<>> copy(std::vector<std::string> sources, const fs::path& to) {
    int one[2] = {}, other[2] = {};
    EXPECT_EQ(pipe2(one, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(other, O_CLOEXEC), 0);
    Result<> received;
    auto places = places_for(to, sources);
    if (!places) return {Result<>(), std::unexpected(places.error())};
    std::thread receiver([&, in = OwnedFd(one[0]), out = OwnedFd(other[1])] {
      Stream stream(in.get(), out.get());
      received = Receiver(stream, *places, receiver_notes_).run();
    });
    Result<> sent;
    {
      const OwnedFd in(other[0]), out(one[1]);
      Stream stream(in.get(), out.get());
      sent = Sender(stream, std::move(sources), sender_notes_).run();
    }
    receiver.join();
    return {sent, received};
  }
  void expect_good(const std::pair<Result<>, Result<>>& outcome) {
    EXPECT_TRUE(outcome.first) << outcome.first.error().message();
    EXPECT_TRUE(outcome.second) << outcome.second.error().message();
  }

  fs::path folder_;
  Notes sender_notes_, receiver_notes_;
};

TEST_F(CopyTest, AFileArrivesWithItsModeAndTime) {
  write(folder_ / "from/file", text(1'000'000, 1), 0751);
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  EXPECT_EQ(read(folder_ / "to/file"), text(1'000'000, 1));
  const auto status = status_of(folder_ / "to/file");
  EXPECT_EQ(status.st_mode & 07777, 0751U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'500'000'000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123'456'789);
  EXPECT_THAT(names_in(folder_ / "to"), ElementsAre("file"));
  EXPECT_EQ(sender_notes_.files, 1U);
  EXPECT_EQ(receiver_notes_.bytes, 1'000'000U);
}

TEST_F(CopyTest, ToAnotherName) {
  write(folder_ / "from/file", "text");
  expect_good(copy({folder_ / "from/file"}, folder_ / "to/other"));
  EXPECT_THAT(names_in(folder_ / "to"), ElementsAre("other"));
}

TEST_F(CopyTest, AFolderArrivesWithAllThatIsInIt) {
  write(folder_ / "from/tree/a", "");
  write(folder_ / "from/tree/deep/er/b", text(100, 2));
  write(folder_ / "from/tree/name with \n and \xff", "odd");
  write(folder_ / ("from/tree/" + std::string(255, 'n')), "long");
  fs::create_directories(folder_ / "from/tree/empty");
  for (int i = 0; i < 300; ++i) write(folder_ / ("from/tree/many/" + std::to_string(i)), std::to_string(i));
  chmod((folder_ / "from/tree/deep").c_str(), 0555);
  write(folder_ / "from/tree", "", 0755);  // its time
  expect_good(copy({folder_ / "from/tree"}, folder_ / "to"));
  EXPECT_EQ(names_in(folder_ / "to/tree"), names_in(folder_ / "from/tree"));
  EXPECT_EQ(read(folder_ / "to/tree/deep/er/b"), text(100, 2));
  EXPECT_EQ(read(folder_ / "to/tree/many/299"), "299");
  EXPECT_EQ(status_of(folder_ / "to/tree/deep").st_mode & 0777, 0555U);
  EXPECT_EQ(status_of(folder_ / "to/tree").st_mtim.tv_sec, 1'500'000'000);
  EXPECT_THAT(sender_notes_.troubles, IsEmpty());
}

TEST_F(CopyTest, WhatIsThereIsNotSentAgain) {
  write(folder_ / "from/file", text(500'000, 3));
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  receiver_notes_ = {};
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  EXPECT_EQ(receiver_notes_.already, 500'000U);
  // The same size and time, and another text: the checksum tells.
  write(folder_ / "to/file", text(500'000, 4));
  receiver_notes_ = {};
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  EXPECT_EQ(receiver_notes_.already, 0U);
  EXPECT_EQ(read(folder_ / "to/file"), text(500'000, 3));
}

TEST_F(CopyTest, ABrokenTransferGoesOnWhereItStopped) {
  write(folder_ / "from/file", text(500'000, 5));
  write(folder_ / "to/.file.farpty-part", text(500'000, 5).substr(0, 300'000));
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  EXPECT_EQ(receiver_notes_.already, 300'000U);
  EXPECT_EQ(read(folder_ / "to/file"), text(500'000, 5));
  EXPECT_THAT(names_in(folder_ / "to"), ElementsAre("file"));
}

// A process that holds a first part as a receiver does.
class Holder {
 public:
  Holder(const fs::path& part, Stays stays) {
    int ready[2] = {};
    EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
    const OwnedFd in(ready[0]);
    OwnedFd out(ready[1]);
    pid_ = fork();
    if (pid_ == 0) {
      const int fd = ::open(part.c_str(), O_RDWR | O_CLOEXEC);
      struct flock range{};
      range.l_type = F_WRLCK;
      const bool held = flock(fd, LOCK_EX) == 0 && (stays == Stays::kToItsEnd || fcntl(fd, F_SETLK, &range) == 0);
      if (!held || ::write(out.get(), "x", 1) != 1) _exit(1);
      while (true) pause();
    }
    out.reset();
    char byte = 0;
    EXPECT_EQ(::read(in.get(), &byte, 1), 1);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    if (pid_ > 0) end();
  }
  // The signal that ended it: ours, if it was still there.
  int end() {
    int status = 0;
    kill(pid_, SIGKILL);
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    pid_ = -1;
    return WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

TEST_F(CopyTest, AnEndThatIsLeftOverMakesRoomForTheNextCopy) {
  write(folder_ / "from/file", text(500'000, 5));
  write(folder_ / "to/.file.farpty-part", text(500'000, 5).substr(0, 300'000));
  Holder left(folder_ / "to/.file.farpty-part", Stays::kUntilAnotherComes);
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  EXPECT_EQ(left.end(), SIGTERM);
  EXPECT_EQ(receiver_notes_.already, 300'000U);
  EXPECT_EQ(read(folder_ / "to/file"), text(500'000, 5));
}

TEST_F(CopyTest, WhatAPersonsCopyWritesIsLeftToIt) {
  write(folder_ / "from/file", "new");
  write(folder_ / "to/.file.farpty-part", "theirs");
  Holder busy(folder_ / "to/.file.farpty-part", Stays::kToItsEnd);
  expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
  EXPECT_EQ(busy.end(), SIGKILL);
  EXPECT_THAT(sender_notes_.troubles, ElementsAre(HasSubstr("another copy writes it just now")));
  EXPECT_EQ(read(folder_ / "to/.file.farpty-part"), "theirs");
  EXPECT_FALSE(fs::exists(folder_ / "to/file"));
}

TEST_F(CopyTest, AFirstPartOfSomethingElseIsNotGoneOnWith) {
  for (const std::size_t size : {std::size_t{1000}, std::size_t{500'000}, std::size_t{700'000}}) {
    fs::remove(folder_ / "to/file");
    write(folder_ / "from/file", text(500'000, 6));
    write(folder_ / "to/.file.farpty-part", text(size, 7));
    expect_good(copy({folder_ / "from/file"}, folder_ / "to"));
    EXPECT_EQ(read(folder_ / "to/file"), text(500'000, 6)) << size;
  }
}

TEST_F(CopyTest, WhatCannotBeCopiedIsNamedAndTheRestGoesOn) {
  write(folder_ / "from/tree/good", "good");
  fs::create_symlink("/etc/passwd", folder_ / "from/tree/link");
  ASSERT_EQ(mkfifo((folder_ / "from/tree/pipe").c_str(), 0600), 0);
  write(folder_ / "from/tree/folder", "not one");
  fs::create_directories(folder_ / "to/tree/folder/in the way");
  expect_good(copy({folder_ / "from/tree", folder_ / "from/missing"}, folder_ / "to"));
  EXPECT_EQ(read(folder_ / "to/tree/good"), "good");
  EXPECT_FALSE(fs::exists(folder_ / "to/tree/link"));
  EXPECT_THAT(sender_notes_.troubles,
              testing::UnorderedElementsAre(HasSubstr("link: it is a link"), HasSubstr("pipe: it is neither"),
                                            HasSubstr("missing: no such file"), HasSubstr("is a directory")));
}

TEST_F(CopyTest, NothingIsWrittenThroughALinkThatIsInTheWay) {
  write(folder_ / "from/tree/sub/file", "new");
  write(folder_ / "from/tree/file", "new");
  write(folder_ / "elsewhere/file", "old");
  fs::create_directories(folder_ / "to/tree");
  fs::create_symlink(folder_ / "elsewhere", folder_ / "to/tree/sub");
  fs::create_symlink(folder_ / "elsewhere/file", folder_ / "to/tree/file");
  expect_good(copy({folder_ / "from/tree"}, folder_ / "to"));
  EXPECT_EQ(read(folder_ / "elsewhere/file"), "old");
  EXPECT_EQ(read(folder_ / "to/tree/file"), "new");  // in the link's place
  EXPECT_FALSE(fs::is_symlink(folder_ / "to/tree/file"));
  EXPECT_THAT(receiver_notes_.troubles, testing::Contains(HasSubstr("to/tree/sub")));
}

// --- an other end that lies: what it sends is what the test wrote into the stream

class HostileTest : public CopyTest {
 protected:
  // The receiver's outcome when the messages come, then the end of the stream.
  std::string receive(const std::vector<Message>& messages) {
    std::vector<std::byte> bytes;
    for (const Message& message : messages) append(message, bytes);
    return receive_bytes(bytes);
  }
  std::string receive_bytes(Bytes bytes) {
    int ends[2] = {};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const OwnedFd ours(ends[0]);
    OwnedFd theirs(ends[1]);
    EXPECT_EQ(::write(theirs.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    shutdown(theirs.get(), SHUT_WR);
    Stream stream(ours.get(), ours.get());
    const auto outcome = Receiver(stream, {folder_ / "to/file"}, receiver_notes_).run();
    return outcome ? "good" : outcome.error().message();
  }
};

TEST_F(HostileTest, NamesThatLeadElsewhereEndTheCopy) {
  for (const std::string path : {"..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "./a"}) {
    EXPECT_THAT(receive({Hello{}, Entry{.path = path}}), HasSubstr("it sends a name that leads elsewhere")) << path;
    EXPECT_THAT(receive({Hello{}, Leave{.path = path}}), HasSubstr("it sends a name that leads elsewhere")) << path;
  }
  EXPECT_THAT(receive({Hello{}, Entry{.root = 1}}), HasSubstr("what was not asked for"));
  EXPECT_THAT(receive({Hello{}, Leave{.root = 1}}), HasSubstr("what was not asked for"));
  EXPECT_THAT(names_in(folder_ / "to"), IsEmpty());
}

TEST_F(HostileTest, AMessageThatDoesNotComeNowEndsTheCopy) {
  const Entry entry{.size = 4};
  for (const auto& messages : std::vector<std::vector<Message>>{
           {Finish{}},
           {Hello{.version = 2}},
           {Hello{}, Hello{}},
           {Hello{}, Data{.bytes = as_bytes("x")}},
           {Hello{}, Begin{}},
           {Hello{}, End{}},
           {Hello{}, Outcome{}},
           {Hello{}, Have{}},
           {Hello{}, Finished{}},
           {Hello{}, Job{}},
           {Hello{}, entry, Data{.bytes = as_bytes("x")}},
           {Hello{}, entry, Begin{}, Begin{}},
           {Hello{}, entry, Begin{.offset = 3}},
           {Hello{}, entry, Finish{}},
           {Hello{}, entry, Begin{}, Finish{}},
       })
    EXPECT_THAT(receive(messages), testing::AnyOf(HasSubstr("cannot understand"), HasSubstr("another version")));
  EXPECT_THAT(names_in(folder_ / "to"), IsEmpty());
}

TEST_F(HostileTest, AFileIsTakenIfItsChecksumIsRightAndOnlyThen) {
  Sha256 hash;
  hash.add(as_bytes("text"));
  const Entry entry{.mode = 0600, .size = 4};
  EXPECT_EQ(receive({Hello{}, entry, Begin{}, Data{.bytes = as_bytes("texx")}, End{.digest = hash.digest()}, Finish{}}),
            "good");
  EXPECT_THAT(receiver_notes_.troubles, ElementsAre(HasSubstr("it did not arrive as it was sent")));
  EXPECT_THAT(names_in(folder_ / "to"), IsEmpty());
  EXPECT_EQ(receive({Hello{}, entry, Begin{}, Data{.bytes = as_bytes("text")}, End{.digest = hash.digest()}, Finish{}}),
            "good");
  EXPECT_EQ(read(folder_ / "to/file"), "text");
}

TEST_F(HostileTest, WhatHasComeWhenTheStreamBreaksIsKept) {
  const Entry entry{.size = 8};
  EXPECT_THAT(receive({Hello{}, entry, Begin{}, Data{.bytes = as_bytes("text")}}), HasSubstr("the other end is gone"));
  EXPECT_EQ(read(folder_ / "to/.file.farpty-part"), "text");
  EXPECT_THAT(receive({Hello{}, entry}), HasSubstr("the other end is gone"));
  EXPECT_THAT(names_in(folder_ / "to"), ElementsAre(".file.farpty-part"));
}

TEST_F(HostileTest, BytesThatAreNoMessages) {
  for (const std::string& bytes :
       {std::string("\xff\xff\xff\xff\x01", 5), std::string("\0\0\0\0\0", 5), std::string("\0\0\0\0\x63", 5),
        std::string("\0\0\0\x01\x01\xff", 6), std::string("\0\0\0\x01\x01\x80", 6), std::string("SSH-2.0-x\r\n")})
    EXPECT_THAT(receive_bytes(as_bytes(bytes)), HasSubstr("cannot understand the other end"));
}

TEST(StreamTest, WhatTheOtherEndSaidBeforeItWentIsHeard) {
  ::signal(SIGPIPE, SIG_IGN);
  int to_them[2] = {}, to_us[2] = {};
  ASSERT_EQ(pipe2(to_them, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(to_us, O_CLOEXEC), 0);
  const OwnedFd in(to_us[0]), out(to_them[1]);
  std::vector<std::byte> said;
  for (const Message& message : std::vector<Message>{Hello{}, Trouble{.text = "no room"}, Trouble{.text = "no time"}})
    append(message, said);
  ASSERT_EQ(::write(to_us[1], said.data(), said.size()), static_cast<ssize_t>(said.size()));
  for (const int theirs : {to_them[0], to_us[1]}) close(theirs);

  Stream stream(in.get(), out.get());
  EXPECT_TRUE(stream.last_words().empty()) << "nothing has failed yet";
  ASSERT_TRUE(stream.send(Hello{}));
  EXPECT_FALSE(stream.flush());
  EXPECT_THAT(stream.last_words(), ElementsAre("no room", "no time"));
  EXPECT_TRUE(stream.last_words().empty());
}

TEST(SafePath, StaysBelow) {
  for (const char* path : {"", "a", "a/b", "..a", "a..", "...", "a b", "-rf", "\xff"})
    EXPECT_TRUE(is_safe_path(path)) << path;
  for (const char* path : {"/", "/a", "a/", "a//b", ".", "..", "a/.", "a/..", "../a"})
    EXPECT_FALSE(is_safe_path(path)) << path;
  EXPECT_FALSE(is_safe_path(std::string(kMaxName + 1, 'a')));
  std::string deep = "a";
  for (std::size_t i = 1; i < kMaxDeep; ++i) deep += "/a";
  EXPECT_TRUE(is_safe_path(deep));
  EXPECT_FALSE(is_safe_path(deep + "/a"));
  EXPECT_EQ(last_name("/a/b/"), "b");
  EXPECT_EQ(last_name("b"), "b");
  for (const char* path : {"", "/", ".", "..", "a/..", "a/."}) EXPECT_EQ(last_name(path), "") << path;
}

TEST(Place, HereAndThere) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"notes", "", "notes"},
      {"./a:b", "", "./a:b"},
      {"/a:b", "", "/a:b"},
      {"far:notes", "far", "notes"},
      {"ann@far:", "ann@far", "."},
      {"far:/srv/a:b", "far", "/srv/a:b"},
      {"[::1]:x", "[::1]", "x"},
      {"ann@[::1]:/x", "ann@[::1]", "/x"},
      {"farpty://far", "farpty://far", "."},
      {"farpty://ann@far:99/a/b", "farpty://ann@far:99", "a/b"},
      {"farpty://far//srv", "farpty://far", "/srv"}};
  for (const auto& [text, host, path] : cases) {
    const auto place = parse_place(text);
    ASSERT_TRUE(place) << text;
    EXPECT_EQ(place->host, host) << text;
    EXPECT_EQ(place->path, path) << text;
  }
  for (const char* text : {"", ":a", "farpty://", "farpty:///a", "[::1"})
    EXPECT_FALSE(parse_place(text) && !parse_place(text)->host.empty()) << text;
  EXPECT_FALSE(parse_place("[::1:x"));
  const auto token = parse_place("farpty://far/#secret");  // behind "--" nobody took it out
  ASSERT_FALSE(token);
  EXPECT_FALSE(token.error().message().contains("secret"));
  EXPECT_EQ(parse_place("far:a#b")->path, "a#b");
}

TEST(ProgressLine, SaysWhatIsKnown) {
  Progress progress{
      .bytes = 512 * 1024, .all_bytes = 1024 * 1024, .all_files = 1, .sent = 256 * 1024, .seconds = 2, .name = "notes"};
  EXPECT_EQ(progress_line(progress, 100), "[==========          ]  50%  512.0 KiB  128.0 KiB/s  0:04  notes");
  EXPECT_EQ(progress_line(progress, 10), "[=========");
  progress.stalled = true;
  EXPECT_EQ(progress_line(progress, 100), "[==========          ]  50%  512.0 KiB  stalled  notes");
  progress.stalled = false;
  progress.seconds = 0;
  EXPECT_EQ(progress_line(progress, 100), "[==========          ]  50%  512.0 KiB  notes");
  EXPECT_EQ(progress_line({.files = 3, .all_files = 3}, 100), "[====================] 100%  0 B  3/3");
  EXPECT_EQ(progress_line({}, 100), "[                    ]   0%  0 B");
  EXPECT_EQ(progress_line({.bytes = 30, .all_bytes = 20, .all_files = 1}, 100), "[====================] 100%  30 B");
  EXPECT_EQ(time_text(3723), "1:02:03");
  EXPECT_EQ(time_text(1e300), "100:00:00");
}

}  // namespace
}  // namespace farpty::copy
