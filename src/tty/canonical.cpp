// Editing a line before it is handed to a reader: erase, kill, quote, reprint, and what ends a line (ICANON).
#include <initializer_list>

#include "tty/character.hpp"
#include "tty/line_discipline.hpp"

namespace farpty::tty {

// Returns whether the character was a command (n_tty.c: n_tty_receive_char_canon). The order matters where one character
// was given two meanings.
bool LineDiscipline::edit_line(std::uint8_t c) {
  const bool extended = settings_.local(lflag::kIexten);
  const auto& key = settings_.cc;
  if (c == key[kVerase] || c == key[kVkill] || (c == key[kVwerase] && extended)) {
    erase(c);
    echo_.commit(settings_);
  } else if (c == key[kVlnext] && extended) {
    quote_next();
  } else if (c == key[kVreprint] && settings_.local(lflag::kEcho) && extended) {
    reprint();
  } else if (c == '\n') {
    if (settings_.local(lflag::kEcho | lflag::kEchonl)) {
      echo_.as_is('\n');
      echo_.commit(settings_);
    }
    input_.put_line_end(c);
  } else if (c == key[kVeof]) {
    input_.put_line_end(kDisabledCharacter);
  } else if (c == key[kVeol] || (c == key[kVeol2] && extended)) {
    end_line(c);
  } else {
    return false;
  }
  return true;
}

void LineDiscipline::end_line(std::uint8_t c) {
  if (settings_.local(lflag::kEcho)) {
    if (input_.lines == input_.head) echo_.line_start();
    echo_.visibly(c, settings_);
    echo_.commit(settings_);
  }
  if (c == 0xff && settings_.input(iflag::kParmrk)) input_.put(c);
  input_.put_line_end(c);
}

void LineDiscipline::quote_next() {
  quote_next_ = true;
  if (!settings_.local(lflag::kEcho)) return;
  end_erasing();
  if (!settings_.local(lflag::kEchoctl)) return;
  echo_.as_is('^');
  echo_.as_is('\b');
  echo_.commit(settings_);
}

void LineDiscipline::reprint() {
  end_erasing();
  echo_.visibly(settings_.cc[kVreprint], settings_);
  echo_.as_is('\n');
  const std::size_t count = (input_.head - input_.lines) % InputQueue::kSize;
  for (std::size_t i = 0; i < count; ++i) echo_.visibly(input_.at(input_.lines + i), settings_);
  echo_.commit(settings_);
}

// n_tty.c: eraser, which kind is meant
void LineDiscipline::erase(std::uint8_t key) {
  if (input_.head == input_.lines) return;
  const bool visibly =
      settings_.local(lflag::kEchok) && settings_.local(lflag::kEchoke) && settings_.local(lflag::kEchoe);
  if (key == settings_.cc[kVerase]) {
    erase_back(Erasing::kCharacter);
  } else if (key == settings_.cc[kVwerase]) {
    erase_back(Erasing::kWord);
  } else if (!settings_.local(lflag::kEcho)) {
    input_.head = input_.lines;
  } else if (visibly) {
    erase_back(Erasing::kLine);
  } else {
    kill_without_erasing();
  }
}

void LineDiscipline::kill_without_erasing() {
  input_.head = input_.lines;
  end_erasing();
  echo_.visibly(settings_.cc[kVkill], settings_);
  if (settings_.local(lflag::kEchok)) echo_.as_is('\n');
}

// n_tty.c: eraser, the loop. Distances are taken modulo the ring, as there: of an overlong line only a ring's length is left.
void LineDiscipline::erase_back(Erasing what) {
  bool word_seen = false;
  while ((input_.head - input_.lines) % InputQueue::kSize != 0) {
    bool whole = true;
    const std::uint64_t place = start_of_last_character(whole);
    if (!whole) break;
    if (what == Erasing::kWord) {
      const bool in_word = is_word(input_.at(place));
      if (!in_word && word_seen) break;
      word_seen = word_seen || in_word;
    }
    const std::uint64_t end = input_.head;
    input_.head = place;
    if (settings_.local(lflag::kEcho)) echo_erased(place, end, what);
    if (what == Erasing::kCharacter) break;
  }
  if (input_.head == input_.lines && settings_.local(lflag::kEcho)) end_erasing();
}

// Under IUTF8 a character is its first byte and the continuation bytes after it; without a first byte it is not whole.
std::uint64_t LineDiscipline::start_of_last_character(bool& whole) const {
  const bool utf8 = settings_.input(iflag::kIutf8);
  std::uint64_t place = input_.head;
  do {
    --place;
    whole = !(utf8 && is_utf8_continuation(input_.at(place)));
  } while (!whole && (place - input_.lines) % InputQueue::kSize != 0);
  return place;
}

void LineDiscipline::echo_erased(std::uint64_t place, std::uint64_t end, Erasing what) {
  const std::uint8_t c = input_.at(place);
  if (settings_.local(lflag::kEchoprt)) {
    echo_between_slashes(place, end);
  } else if (what == Erasing::kCharacter && !settings_.local(lflag::kEchoe)) {
    echo_.visibly(settings_.cc[kVerase], settings_);
  } else if (c == '\t') {
    echo_erased_tab();
  } else if (!is_control(c)) {
    erase_cell();
  } else if (settings_.local(lflag::kEchoctl)) {
    erase_cell();  // a control character was shown in two
    erase_cell();
  }
}

void LineDiscipline::erase_cell() {
  for (const char c : {'\b', ' ', '\b'}) echo_.as_is(static_cast<std::uint8_t>(c));
}

void LineDiscipline::echo_between_slashes(std::uint64_t place, std::uint64_t end) {
  if (!erasing_) {
    echo_.as_is('\\');
    erasing_ = true;
  }
  echo_.visibly(input_.at(place), settings_);
  for (std::uint64_t i = place + 1; i != end; ++i) {
    echo_.as_is(input_.at(i));
    echo_.one_column_back();
  }
}

// How wide a tab was depends on what stands between it and the tab before it, or the start of the line.
void LineDiscipline::echo_erased_tab() {
  const bool utf8 = settings_.input(iflag::kIutf8);
  unsigned cells = 0;
  Echo::Since since = Echo::Since::kLineStart;
  for (std::uint64_t place = input_.head; (place - input_.lines) % InputQueue::kSize != 0;) {
    const std::uint8_t c = input_.at(--place);
    if (c == '\t') {
      since = Echo::Since::kTab;
      break;
    }
    if (is_control(c)) {
      if (settings_.local(lflag::kEchoctl)) cells += 2;
    } else if (!(utf8 && is_utf8_continuation(c))) {
      ++cells;
    }
  }
  echo_.erased_tab(cells, since);
}

// n_tty.c: finish_erasing
void LineDiscipline::end_erasing() {
  if (!erasing_) return;
  echo_.as_is('/');
  erasing_ = false;
}

}  // namespace farpty::tty
