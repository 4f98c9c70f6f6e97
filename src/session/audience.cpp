#include "session/audience.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.hpp"

namespace farpty::session {

namespace {

void hand(Viewer& viewer, Bytes bytes, pty::Stream stream) {
  if (stream == pty::Stream::kErrors)
    viewer.errors(bytes);
  else
    viewer.output(bytes);
}

}  // namespace

Audience::Audience(const std::optional<Lasting>& lasting, WindowSize size, Shown shown) {
  if (!lasting) return;
  history_ = std::make_unique<History>(lasting->retain, size, shown);
  when_full_ = lasting->when_full;
}

Seat& Audience::join(Session* session, Viewer& viewer, const Attach& attach) {
  Seat* seat = lost_seat(viewer, attach.seat);
  const bool is_new = seat == nullptr;
  if (is_new) {
    FARPTY_CHECK(lasts() || seats_.empty());
    seats_.push_back(std::make_unique<Seat>(session, next_seat_++));
    seat = seats_.back().get();
  }
  if (auto* old = std::exchange(seat->viewer_, &viewer)) old->ended({.cause = Cause::kReplaced});
  seat->identity_ = viewer.identity();
  seat->told_end_ = false;
  seat->may_write_ = attach.pen != Pen::kNever;
  if (attach.size) seat->size_ = attach.size;
  if (lasts()) place(*seat, attach.offset);
  const bool wants_pen = is_new && (attach.pen == Pen::kTake || (attach.pen == Pen::kIfFree && writer_ == nullptr));
  if (wants_pen) {
    give_pen(*seat);
  } else if (seat == writer_ && !seat->may_write_) {
    writer_ = nullptr;
    seat->role_ = Role::kReadOnly;
  }
  return *seat;
}

// A connection that is not noticed to be dead yet has its seat taken, too.
Seat* Audience::lost_seat(const Viewer& viewer, std::uint64_t id) const {
  const auto found = std::ranges::find(seats_, id, [](const auto& seat) { return seat->id_; });
  if (found == seats_.end() || (*found)->identity_ != viewer.identity()) return nullptr;
  return found->get();
}

void Audience::place(Seat& seat, const std::optional<Offset>& offset) {
  seat.redraw_.clear();
  const bool known = offset && *offset <= history_->end();
  seat.jump_ = !known || *offset < history_->begin() ? Seat::JumpTo::kLiveEnd : Seat::JumpTo::kNowhere;
  seat.position_ = known ? *offset : history_->end();
  seat.acknowledged_ = seat.position_;
  seat.is_fresh_ = !known;
  seat.sizes_told_ = 0;
  seat.size_told_ = false;
}

void Audience::lose(Seat& seat) {
  seat.viewer_ = nullptr;
  seat.redraw_.clear();
  forget_lost_seats();
}

void Audience::remove(Seat& seat) {
  if (writer_ == &seat) writer_ = nullptr;
  std::erase_if(seats_, [&seat](const auto& one) { return one.get() == &seat; });
}

// The oldest are at the front.
void Audience::forget_lost_seats() {
  const auto is_lost = [](const auto& seat) { return seat->viewer_ == nullptr; };
  while (static_cast<std::size_t>(std::ranges::count_if(seats_, is_lost)) > kMaxLostSeats)
    remove(**std::ranges::find_if(seats_, [&](const auto& seat) { return is_lost(seat) && seat.get() != writer_; }));
}

bool Audience::give_pen(Seat& seat) {
  if (!seat.may_write_) return false;
  if (&seat == writer_) return true;
  auto* const before = std::exchange(writer_, &seat);
  seat.role_ = Role::kWriter;
  if (before == nullptr) return true;
  before->role_ = Role::kReadOnly;
  if (before->viewer_ != nullptr) before->viewer_->role_changed(Role::kReadOnly);
  return true;
}

Seat* Audience::next_writer(const Seat& seat) const {
  if (writer_ != &seat) return nullptr;
  const auto self = std::ranges::find(seats_, &seat, [](const auto& one) { return one.get(); });
  const auto own = static_cast<std::size_t>(self - seats_.begin());
  for (std::size_t step = 1; step < seats_.size(); ++step) {
    Seat* const next = seats_[(own + step) % seats_.size()].get();
    if (next->viewer_ != nullptr && next->may_write_ && !next->told_end_) return next;
  }
  return nullptr;
}

void Audience::acknowledge(Seat& seat, Offset offset) {
  seat.acknowledged_ = std::clamp(offset, seat.acknowledged_, seat.position_);
  if (&seat == writer_) trim();
}

void Audience::want_redraw(Seat& seat) {
  if (lasts() && seat.jump_ == Seat::JumpTo::kNowhere) seat.jump_ = Seat::JumpTo::kHere;
}

std::size_t Audience::room() const {
  Viewer* const viewer = typist();
  if (!lasts()) return viewer != nullptr ? viewer->output_room() : 0;
  if (viewer == nullptr)
    return when_full_ == WhenFull::kBlock ? history_->room() : std::numeric_limits<std::size_t>::max();
  if (!is_served(*writer_)) return 0;  // it catches up first
  const auto unacknowledged = static_cast<std::size_t>(history_->end() - writer_->acknowledged_);
  const std::size_t retained = history_->room() + static_cast<std::size_t>(history_->end() - history_->begin());
  return std::min(viewer->output_room(), retained - std::min(retained, unacknowledged));
}

void Audience::deliver(Bytes output, pty::Stream stream) {
  if (!lasts()) {
    if (auto* viewer = typist()) hand(*viewer, output, stream);
    return;
  }
  // Who waits for it gets it before the history does.
  const Offset before = history_->end(), after = before + output.size();
  for (const auto& seat : seats_) {
    if (!is_live(*seat) || seat->viewer_->output_room() < output.size()) continue;
    seat->position_ = after;
    hand(*seat->viewer_, output, stream);
  }
  history_->append(output, stream);
  if (typist() == nullptr && !has_viewers()) return history_->pack();
  for (const auto& seat : seats_)
    if (seat->position_ != after) serve(*seat);
}

// Nothing stands between it and the next byte of the program's.
bool Audience::is_live(const Seat& seat) const {
  return seat.viewer_ != nullptr && is_served(seat) && seat.size_told_ &&
         history_->resize_after(seat.sizes_told_) == nullptr;
}

void Audience::resized(WindowSize size) {
  if (!lasts()) return;
  history_->resized(size);
  for (const auto& seat : seats_)
    if (seat->viewer_ != nullptr) serve(*seat);
}

bool Audience::is_served(const Seat& seat) const {
  if (!lasts()) return true;
  return seat.position_ == history_->end() && seat.redraw_.empty() && seat.jump_ == Seat::JumpTo::kNowhere;
}

void Audience::serve(Seat& seat) {
  if (!lasts() || seat.viewer_ == nullptr || is_live(seat)) return;
  while (const std::size_t room = seat.viewer_->output_room())
    if (give(seat, room) == 0) break;
}

// One piece; 0 if there is nothing more to give.
std::size_t Audience::give(Seat& seat, std::size_t room) {
  if (!seat.redraw_.empty()) {
    const std::string part = seat.redraw_.substr(0, room);
    seat.redraw_.erase(0, part.size());
    seat.viewer_->output(as_bytes(part));
    return part.size();
  }
  const Offset end = history_->end();
  const bool lags = &seat != writer_ && end - seat.position_ > kMaxLag;
  if (seat.jump_ == Seat::JumpTo::kLiveEnd || seat.position_ < history_->begin() || lags) {
    jump(seat);
    return 1;
  }
  if (!seat.size_told_) {
    const auto size = history_->resize_before(seat.position_);
    seat.size_told_ = true;
    seat.sizes_told_ = size.number;
    seat.viewer_->resized(size.size);
    return 1;
  }
  const auto piece = history_->at(seat.position_);
  Bytes bytes = piece.bytes;
  bytes = bytes.first(std::min(bytes.size(), room));
  if (const auto* next = history_->resize_after(seat.sizes_told_)) {
    if (next->offset <= seat.position_) {
      seat.sizes_told_ = next->number;
      seat.viewer_->resized(next->size);
      return 1;
    }
    bytes = bytes.first(std::min(bytes.size(), static_cast<std::size_t>(next->offset - seat.position_)));
  }
  if (bytes.empty()) {
    if (seat.jump_ == Seat::JumpTo::kNowhere) return 0;
    jump(seat);
    return 1;
  }
  seat.position_ += bytes.size();
  hand(*seat.viewer_, bytes, piece.stream);
  return bytes.size();
}

void Audience::jump(Seat& seat) {
  seat.redraw_ = history_->redraw();
  const bool from_here = seat.jump_ == Seat::JumpTo::kHere && seat.position_ == history_->end();
  const Jump jump{.offset = history_->end(),
                  .skipped = seat.is_fresh_ ? 0 : history_->end() - seat.position_,
                  .redraw = seat.redraw_.size()};
  seat.jump_ = Seat::JumpTo::kNowhere;
  seat.is_fresh_ = false;
  seat.position_ = jump.offset;
  if (!from_here) seat.acknowledged_ = jump.offset;  // what it has not acknowledged it may still have to get again
  const auto size = history_->resize_before(jump.offset);
  seat.size_told_ = true;
  seat.sizes_told_ = size.number;
  seat.viewer_->resized(size.size);
  seat.viewer_->jumped(jump);
}

// What the writer has is not needed any more, unless a reader is about to get it.
void Audience::trim() {
  if (typist() == nullptr) return;
  const Offset end = history_->end();
  Offset keep = writer_->acknowledged_;
  for (const auto& seat : seats_) {
    if (seat->viewer_ == nullptr || seat.get() == writer_ || end - seat->position_ > kMaxLag) continue;
    keep = std::min(keep, seat->position_);
  }
  history_->forget_before(keep);
}

void Audience::pack() {
  if (lasts()) history_->pack();
}

void Audience::settle() {
  if (lasts()) history_->settle();
}

template <typename Which>
void Audience::end_where(const End& end, Which which) {
  std::vector<Viewer*> told;
  std::erase_if(seats_, [&](const auto& seat) {
    if (seat->viewer_ == nullptr || seat->told_end_ || !which(*seat)) return false;
    told.push_back(seat->viewer_);
    seat->told_end_ = true;
    if (lasts()) return false;
    if (writer_ == seat.get()) writer_ = nullptr;
    return true;
  });
  for (Viewer* viewer : told) viewer->ended(end);
}

void Audience::end_served(const End& end) {
  end_where(end, [this](const Seat& seat) { return is_served(seat); });
}

void Audience::end_connected(const End& end) {
  end_where(end, [](const Seat&) { return true; });
}

void Audience::end_all(const End& end) {
  writer_ = nullptr;
  for (const auto& seat : std::exchange(seats_, {}))
    if (auto* viewer = std::exchange(seat->viewer_, nullptr)) viewer->ended(end);
}

bool Audience::has_viewers() const {
  return std::ranges::any_of(seats_, [](const auto& seat) { return seat->viewer_ != nullptr && !seat->told_end_; });
}

}  // namespace farpty::session
