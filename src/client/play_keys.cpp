#include "client/play_keys.hpp"

#include <utility>

namespace farpty::client {

namespace {

constexpr char kCtrlC = 3;
constexpr int kMouseCharacters = 3;  // button, column, line
constexpr int kPasteBegins = 200, kPasteEnds = 201;

}  // namespace

std::vector<PlayKey> PlayKeys::read(Bytes typed) {
  parser_.feed(typed, *this);
  return std::exchange(keys_, {});
}

void PlayKeys::on_text(std::u32string_view text) {
  for (const char32_t character : text) {
    if (of_mouse_ > 0) {
      --of_mouse_;
      continue;
    }
    if (pastes_) continue;
    switch (character) {
      case U' ': keys_.push_back(PlayKey::kPause); break;
      case U'.': keys_.push_back(PlayKey::kStep); break;
      case U'q': keys_.push_back(PlayKey::kQuit); break;
      default: break;
    }
  }
}

void PlayKeys::on_control(char control) {
  of_mouse_ = 0;
  if (control == kCtrlC && !pastes_) keys_.push_back(PlayKey::kInterrupt);
}

void PlayKeys::on_csi(const vt::Csi& csi) {
  of_mouse_ = 0;
  if (csi.operation() == vt::Csi::operation(0, 0, '~')) {
    if (csi.value(0, 0) == kPasteBegins) pastes_ = true;
    if (csi.value(0, 0) == kPasteEnds) pastes_ = false;
  }
  if (csi.count > 0 || csi.prefix != 0 || csi.intermediates[0] != 0 || pastes_) return;
  if (csi.final == 'M')
    of_mouse_ = kMouseCharacters;
  else
    arrow(static_cast<unsigned char>(csi.final));
}

// DECCKM, which a recording may have switched on.
void PlayKeys::on_single_shift(int set, char32_t character) {
  of_mouse_ = 0;
  if (set == 3 && !pastes_) arrow(character);
}

void PlayKeys::arrow(char32_t final) {
  switch (final) {
    case U'A': keys_.push_back(PlayKey::kFarForward); break;
    case U'B': keys_.push_back(PlayKey::kFarBack); break;
    case U'C': keys_.push_back(PlayKey::kForward); break;
    case U'D': keys_.push_back(PlayKey::kBack); break;
    case U'H': keys_.push_back(PlayKey::kStart); break;
    default: break;
  }
}

}  // namespace farpty::client
