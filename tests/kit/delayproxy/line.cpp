#include "line.hpp"

#include <algorithm>
#include <cmath>

namespace farpty::kit {
namespace {

// All that one line may hold, whatever its delay: 64 MiB is 100 ms at 640 MB/s.
constexpr std::size_t kMostHeld = 64 * 1024 * 1024;
constexpr std::size_t kSmallestPiece = 1448;      // payload of one Ethernet segment with TCP timestamps
constexpr std::size_t kLargestPiece = 64 * 1024;  // one segmentation-offload burst
constexpr double kPieceSeconds = 0.0005;  // a piece occupies the bottleneck for at most this, so it looks smooth

Time time_for(std::size_t bytes, std::uint64_t rate) {
  constexpr double kMost = 1e18;  // 30 years: longer than any test, short of overflow
  const double nanoseconds = std::ceil(static_cast<double>(bytes) * 1e9 / static_cast<double>(rate));
  return Time(static_cast<std::int64_t>(std::min(nanoseconds, kMost)));
}

std::size_t piece_size(std::uint64_t rate) {
  const auto smooth = static_cast<std::size_t>(static_cast<double>(rate) * kPieceSeconds);
  return std::clamp(smooth, kSmallestPiece, kLargestPiece);
}

}  // namespace

Line::Line(Shape shape, std::vector<Fault> faults, std::uint64_t seed)
    : shape_(shape), faults_(std::move(faults)), random_(seed) {
  for (Fault& fault : faults_)
    if (fault.mean != 0) fault.offset = draw_distance(fault.mean);
}

void Line::push(std::vector<std::byte> bytes, Time now) {
  in_ += bytes.size();
  if (shape_.rate == 0) {
    push_piece(std::move(bytes), now);
    return;
  }
  const std::size_t step = piece_size(shape_.rate);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto last = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, bytes.size()));
    push_piece(std::vector<std::byte>(first, last), now);
  }
}

void Line::push_piece(std::vector<std::byte> bytes, Time now) {
  Time departure = now;
  if (shape_.rate != 0) {
    // Generic cell rate algorithm: the bucket as one time stamp, the moment when it would be full again.
    const Time earliest = now - time_for(shape_.burst, shape_.rate);
    link_free_ = std::max(link_free_, earliest) + time_for(bytes.size(), shape_.rate);
    departure = std::max(now, link_free_);
  }
  held_ += bytes.size();
  pieces_.push_back({std::move(bytes), due_after(departure)});
}

void Line::end(Ending how, Time now) {
  ended_ = true;
  ending_ = how;
  end_due_ = due_after(now);
}

Time Line::due_after(Time departure) {
  Time due = departure + shape_.delay;
  if (shape_.jitter > Time::zero())
    due += Time(static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(shape_.jitter.count() + 1)));
  return last_due_ = std::max(last_due_, due);
}

std::uint64_t Line::draw_distance(std::uint64_t mean) {
  const double uniform = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
  return 1 + static_cast<std::uint64_t>(-std::log(uniform) * static_cast<double>(mean));
}

Fault* Line::nearest_fault() {
  const auto nearest = std::ranges::min_element(faults_, {}, &Fault::offset);
  return nearest == faults_.end() ? nullptr : &*nearest;
}

Step Line::next(Time now) {
  count_due(now);
  if (now < stalled_until_) return {.at = stalled_until_};
  Fault* fault = nearest_fault();
  if (fault != nullptr && fault->offset <= out_) {
    const Fault struck = *fault;
    if (struck.mean != 0) {
      fault->offset = out_ + draw_distance(struck.mean);
    } else {
      faults_.erase(faults_.begin() + (fault - faults_.data()));
    }
    if (struck.action == Action::kCut) return {.kind = Step::Kind::kCut};
    if (struck.action == Action::kReset) return {.kind = Step::Kind::kReset};
    stalled_until_ = struck.stall_for == kNever ? kNever : now + struck.stall_for;
    return {.at = stalled_until_};
  }
  if (pieces_.empty()) {
    if (!ended_) return {};
    if (now < end_due_) return {.at = end_due_};
    return {.kind = ending_ == Ending::kFin ? Step::Kind::kFin : Step::Kind::kReset};
  }
  const Piece& front = pieces_.front();
  if (now < front.due) return {.at = front.due};
  Bytes bytes = Bytes(front.bytes).subspan(front_sent_);
  if (fault != nullptr) bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), fault->offset - out_));
  return {.kind = Step::Kind::kDeliver, .bytes = bytes};
}

void Line::delivered(std::size_t count) {
  out_ += count;
  held_ -= count;
  due_bytes_ -= count;
  front_sent_ += count;
  if (front_sent_ == pieces_.front().bytes.size()) {
    pieces_.pop_front();
    front_sent_ = 0;
    --due_pieces_;
  }
}

void Line::count_due(Time now) {
  while (due_pieces_ < pieces_.size() && pieces_[due_pieces_].due <= now)
    due_bytes_ += pieces_[due_pieces_++].bytes.size();
}

Time Line::room_at(Time now) {
  count_due(now);
  if (due_bytes_ >= shape_.queue || held_ >= kMostHeld) return kNever;
  if (shape_.rate == 0) return now;
  return std::max(now, link_free_ - time_for(shape_.queue, shape_.rate));
}

}  // namespace farpty::kit
