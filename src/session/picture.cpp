#include "session/picture.hpp"

#include <algorithm>

namespace farpty::session {

void Picture::append(Bytes output) {
  while (!output.empty()) {
    const Bytes piece = output.first(std::min(output.size(), kMostBehind - behind_.size()));
    behind_ += as_text(piece);
    output = output.subspan(piece.size());
    if (behind_.size() == kMostBehind) skip_to_the_last();
  }
}

void Picture::resized(WindowSize size) {
  resizes_.push_back({.at = behind_.size(), .size = size});
  if (resizes_.size() > kMostResizes) make_checkpoint();
}

std::string Picture::redraw(std::size_t most) {
  if (!behind_.empty() || !resizes_.empty() || checkpoint_.empty() || flood_) make_checkpoint();
  return checkpoint_.size() <= most ? checkpoint_ : screen_of_checkpoint()->redraw(vt::Screen::Redrawn::kModes);
}

void Picture::settle() {
  if (is_unsettled()) make_checkpoint();
}

std::size_t Picture::memory() const {
  return checkpoint_.capacity() + behind_.capacity() + resizes_.capacity() * sizeof(Resize);
}

std::unique_ptr<vt::Screen> Picture::screen_of_checkpoint() const {
  auto screen = std::make_unique<vt::Screen>(size_);
  screen->feed(as_bytes(checkpoint_));
  return screen;
}

// The model stays for the rest of the flood: making one for each piece would cost more than the skipping.
void Picture::skip_to_the_last() {
  if (!flood_) flood_ = screen_of_checkpoint();
  const std::size_t skipped = behind_.size() - kSeen;
  std::size_t from = 0;
  const auto kept = std::ranges::find_if(resizes_, [&](const Resize& resize) { return resize.at > skipped; });
  for (auto resize = resizes_.begin(); resize != kept; ++resize) {
    flood_->skip(as_bytes(std::string_view(behind_).substr(from, resize->at - from)));
    flood_->resize(resize->size);
    from = resize->at;
  }
  flood_->skip(as_bytes(std::string_view(behind_).substr(from, skipped - from)));
  resizes_.erase(resizes_.begin(), kept);
  for (Resize& resize : resizes_) resize.at -= skipped;
  behind_.erase(0, skipped);
}

void Picture::make_checkpoint() {
  if (behind_.size() > kSeen) skip_to_the_last();
  const auto screen = flood_ ? std::move(flood_) : screen_of_checkpoint();
  std::size_t from = 0;
  for (const Resize& resize : resizes_) {
    screen->feed(as_bytes(std::string_view(behind_).substr(from, resize.at - from)));
    screen->resize(resize.size);
    from = resize.at;
  }
  screen->feed(as_bytes(std::string_view(behind_).substr(from)));
  size_ = screen->size();
  checkpoint_ = screen->redraw();
  checkpoint_.shrink_to_fit();
  behind_ = {};
  behind_.shrink_to_fit();
  resizes_ = {};
}

}  // namespace farpty::session
