// The end of a copy that gets the files. The other end is not trusted: nothing is written but below the places that were
// chosen at this end, and never through a link.
//
// A file arrives under another name beside its own (.NAME.farpty-part), which it gets when it is whole and its checksum
// is right; what is left of a transfer that broke off is where the next one goes on. It is locked, so that two copies do not
// write one file. Folders get their modes and times at the end, when nothing changes them any more.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "base/owned_fd.hpp"
#include "copy/report.hpp"
#include "copy/stream.hpp"

namespace farpty::copy {

// What becomes of each thing that is copied: if `to` is a folder, a thing of the same name in it; otherwise the one thing
// becomes `to`. `sources`: their paths, as the user wrote them.
Result<std::vector<std::string>> places_for(const std::string& to, const std::vector<std::string>& sources);

// Whether a receiver makes room for another one that wants to write the same file: the far end does, for its person may be
// gone with the client that was killed, and come back with another.
enum class Stays { kToItsEnd, kUntilAnotherComes };

class Receiver {
 public:
  // `places`: one path for each thing that was asked for. Links that lead to them are followed, from there on none.
  Receiver(Stream& stream, std::vector<std::string> places, Report& report, Stays stays = Stays::kToItsEnd)
      : stream_(stream), places_(std::move(places)), report_(report), stays_(stays) {}
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver();

  // As Sender::run().
  Result<> run();

 private:
  // A file that was offered, from the answer to its end.
  struct Incoming {
    Entry entry;
    OwnedFd folder;    // in which it is
    std::string name;  // there
    std::string partial;
    OwnedFd fd;  // the partial file, locked, once there is one; or the whole one, where it is there already
    bool whole = false;
    Have have;
    Sha256 hash;
    std::uint64_t written = 0;  // bytes from the file's beginning that are there and right
    std::string failure;        // why nothing can be written; what comes is thrown away
    bool begun = false;
  };

  Result<> take(const Message& message);
  Result<> take(const Entry& entry);
  Result<> take(const Begin& begin);
  Result<> take(const Data& data);
  Result<> take(const End& end);
  void make_folder(const Entry& entry);
  void leave(const Leave& folder);
  void look_for_earlier(Incoming& file) const;
  enum class Missing { kStays, kIsMade };
  void open_partial(Incoming& file, Missing missing) const;
  static void settle(Incoming& file, const End& end);
  Result<OwnedFd> open_folder_of(const Entry& entry, std::string& name) const;
  void say(const std::string& text);
  Result<Incoming*> current();
  [[nodiscard]] std::string shown(std::uint64_t root, const std::string& path) const;

  Stream& stream_;
  std::vector<std::string> places_;
  Report& report_;
  Stays stays_;
  std::deque<Incoming> incoming_;  // in the order in which their data comes; bounded by kMaxOffered
  std::vector<Leave> left_;        // folders, to be finished
  std::size_t left_bytes_ = 0;     // that they take
};

}  // namespace farpty::copy
