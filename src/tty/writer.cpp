// write(2) of the slave (n_tty.c: n_tty_write).
#include "tty/line_discipline.hpp"

namespace farpty::tty {

// An empty write does one thing: waiting echo goes out.
std::size_t LineDiscipline::write(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kPiece = 2048;  // tty_io.c: iterate_tty_write, chunk
  std::size_t taken = 0;
  for (;;) {
    const std::size_t left = size - taken;
    const std::size_t piece = write_piece(bytes + taken, left < kPiece ? left : kPiece);
    taken += piece;
    if (piece == 0 || taken == size) return taken;
  }
}

std::size_t LineDiscipline::write_piece(const std::uint8_t* bytes, std::size_t size) {
  echo_.resume(settings_);
  const bool processed = settings_.output(oflag::kOpost);
  std::size_t taken = 0;
  while (taken < size) {
    const std::size_t count = processed ? output_.put_unchanged(bytes + taken, size - taken, settings_)
                                        : output_.put(bytes + taken, size - taken);
    taken += count;
    if (taken == size) break;
    if (!processed) {
      if (count == 0) break;
      continue;
    }
    if (output_.put_processed(bytes[taken], settings_, output_.room()) == Output::kNoRoom) break;
    ++taken;
  }
  return taken;
}

}  // namespace farpty::tty
