// read(2) of the slave: one line, or as many raw bytes as VMIN and VTIME ask for (n_tty.c: n_tty_read and its helpers).
#include <initializer_list>

#include "tty/line_discipline.hpp"

namespace farpty::tty {

// n_tty.c: chars_in_buffer
std::size_t LineDiscipline::readable_bytes() const {
  return (edits_lines() ? input_.lines : input_.published) - input_.tail;
}

// n_tty.c: input_available_p
bool LineDiscipline::has_input(std::size_t at_least) const {
  if (reads_lines()) return input_.lines != input_.tail;
  return input_.published - input_.tail >= at_least;
}

bool LineDiscipline::readable() const {
  const std::uint8_t minimum = settings_.cc[kVmin];
  return has_input(settings_.cc[kVtime] == 0 && minimum > 0 ? minimum : 1);
}

std::size_t LineDiscipline::unread() const {
  if (!reads_lines()) return input_.size();
  std::size_t count = input_.lines - input_.tail;
  for (std::uint64_t place = input_.tail; place % InputQueue::kSize != input_.lines % InputQueue::kSize; ++place) {
    if (input_.file_ends_at(place)) --count;
  }
  return count;
}

// The first piece waits until VMIN is reached or the piece is full; pieces after it only take what is there.
ReadResult LineDiscipline::read(Reading& reading) {
  const std::uint64_t tail = input_.tail;
  const ReadResult result = begin_or_go_on(reading);
  if (input_.tail != tail) input_has_room();
  return result;
}

ReadResult LineDiscipline::give(Reading& reading) {
  const std::uint64_t tail = input_.tail;
  const ReadResult result = begin_or_go_on(reading);
  given_ += input_.tail - tail;
  // Under ICANON with EXTPROC an overfull queue has dropped a byte that was readable and is read now (docs/line-discipline.md). The
  // kernel's then counts -1, and what is not there is read for ever once ICANON goes: a fault that is not passed on to programs.
  if (input_.head < input_.tail) input_.head = input_.published = input_.tail;
  return result;
}

ReadResult LineDiscipline::begin_or_go_on(Reading& reading) {
  if (!reading.begun_) {
    reading.begun_ = true;
    reading.begin_piece();
    if (!edits_lines()) {
      const std::uint8_t minimum = settings_.cc[kVmin];
      reading.minimum_ = minimum > 0 ? minimum : 1;
      reading.has_first_time_ = minimum == 0;
      (minimum > 0 ? reading.time_ : reading.first_time_) = settings_.cc[kVtime];
    }
  }
  return gather(reading);
}

ReadResult LineDiscipline::gather(Reading& reading) {
  while (reading.piece_left() > 0) {
    if (!has_input(1)) return wait_for_input(reading);
    const bool more = copy_input(reading);
    if (more && reading.done_ >= reading.minimum_) {
      copy_the_rest(reading);
      break;
    }
    if (reading.done_ >= reading.minimum_) break;
  }
  return {.wait = ReadResult::Wait::kDone, .deciseconds = 0, .size = reading.done_};
}

// n_tty.c: n_tty_continue_cookie
void LineDiscipline::copy_the_rest(Reading& reading) {
  do {
    reading.begin_piece();
    if (reading.piece_left() == 0) {
      if (reads_lines()) skip_end_of_file();
      return;
    }
  } while (copy_input(reading));
}

// n_tty.c: n_tty_wait_for_input
ReadResult LineDiscipline::wait_for_input(const Reading& reading) const {
  using enum ReadResult::Wait;
  if (reading.done_ > 0 && reading.time_ > 0)
    return {.wait = kTimer, .deciseconds = reading.time_, .size = reading.done_};
  if (!reading.has_first_time_) return {.wait = kInput, .deciseconds = 0, .size = reading.done_};
  if (reading.first_time_ == 0) return {.wait = kDone, .deciseconds = 0, .size = reading.done_};
  return {.wait = kTimer, .deciseconds = reading.first_time_, .size = reading.done_};
}

// Copies into the current piece; returns whether the same read may take more without waiting.
bool LineDiscipline::copy_input(Reading& reading) { return reads_lines() ? copy_line(reading) : copy_raw(reading); }

// n_tty.c: copy_from_read_buf. Where the master edits lines (EXTPROC), a single VEOF at the end of the input is an end of
// file.
bool LineDiscipline::copy_raw(Reading& reading) {
  std::size_t count = input_.published - input_.tail;
  for (const std::size_t limit : {input_.bytes_to_ring_end(), reading.piece_left()}) {
    count = count > limit ? limit : count;
  }
  if (count == 0) return false;
  input_.copy(reading.next(), count);
  const bool file_end =
      count == 1 && *reading.next() == settings_.cc[kVeof] && edits_lines() && settings_.local(lflag::kExtproc);
  if (edits_lines() && !settings_.local(lflag::kEcho)) input_.wipe(count);
  input_.tail += count;
  const bool more = input_.published != input_.tail;
  if (file_end && !more) return false;
  reading.done_ += count;
  return more;
}

// n_tty.c: canon_copy_from_read_buf
bool LineDiscipline::copy_line(Reading& reading) {
  const std::size_t waiting = input_.lines - input_.tail;
  const std::size_t limit = waiting < reading.piece_left() ? waiting : reading.piece_left();
  std::size_t count = 0;
  while (count < limit && !input_.line_ends_at(input_.tail + count)) ++count;
  const bool line_ended = count < limit;
  const std::uint64_t end = input_.tail + count;
  if (line_ended && !input_.file_ends_at(end)) ++count;
  input_.copy(reading.next(), count);
  if (!settings_.local(lflag::kEcho)) input_.wipe(count);
  reading.done_ += count;
  if (!line_ended) {
    input_.tail += count;
    return input_.tail != input_.lines;
  }
  input_.forget_line_end(end);
  input_.tail = end + 1;
  return false;
}

// An end of file right behind a line that filled the reader's buffer belongs to that read (n_tty.c: canon_skip_eof).
void LineDiscipline::skip_end_of_file() {
  if (input_.tail == input_.lines || !input_.file_ends_at(input_.tail)) return;
  input_.forget_line_end(input_.tail);
  ++input_.tail;
}

}  // namespace farpty::tty
