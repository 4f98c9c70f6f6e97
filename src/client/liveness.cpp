#include "client/liveness.hpp"

namespace farpty::client {

namespace {

using std::chrono::seconds;

constexpr seconds kQuiet{5};             // nothing heard for so long: is it still there?
constexpr seconds kQuietAfterTyping{2};  // the same, where something was sent that is not answered
constexpr seconds kDead{4};              // and so long after the question without an answer: dial again
constexpr seconds kDeadAfterChange{1};   // the same, where the network has changed
constexpr seconds kRedial{1};
constexpr seconds kTellAfter{3};

}  // namespace

bool Liveness::dial_at_once(Time now) {
  if (now - dialled_ < kRedial) return false;
  dialled_ = now;
  return true;
}

Liveness::Advice Liveness::look(Time now, Line line, Input input) {
  Advice advice;
  const auto quiet = now - heard_;
  const bool unanswered = input == Input::kUnanswered && now - typed_ > kQuietAfterTyping;
  const bool changed = changed_ >= heard_ && changed_ != Time{};  // nothing was heard since
  if (line == Line::kUp) {
    if (quiet <= kQuiet && !(unanswered && quiet > kQuietAfterTyping) && !changed) return advice;
    if (asked_ <= heard_) {
      asked_ = now;
      advice.ask = true;
    }
    if (now - asked_ <= (changed ? kDeadAfterChange : kDead)) return advice;
  }
  advice.dial = dial_at_once(now);
  if (quiet > kTellAfter) advice.silent = quiet;
  return advice;
}

}  // namespace farpty::client
