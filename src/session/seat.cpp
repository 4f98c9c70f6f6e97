#include "session/seat.hpp"

#include "session/session.hpp"

namespace farpty::session {

std::size_t Seat::input_room() const { return session_->input_room(); }
void Seat::input(Bytes bytes) { session_->input(*this, bytes); }
void Seat::end_input() { session_->end_input(*this); }
void Seat::output_wanted() { session_->output_wanted(*this); }
void Seat::redraw() { session_->redraw(*this); }
void Seat::resize(WindowSize size) { session_->resize(*this, size); }
void Seat::type(pty::ControlCharacter which) { session_->type(*this, which); }
void Seat::send_break() { session_->send_break(*this); }
void Seat::acknowledge(Offset offset) { session_->acknowledge(*this, offset); }
void Seat::take_pen() { session_->take_pen(*this); }
void Seat::hand_pen_over() { session_->hand_pen_over(*this); }
void Seat::viewer_gone() { session_->leave(*this, Leaving::kLost); }
void Seat::detach() { session_->leave(*this, Leaving::kDetached); }

}  // namespace farpty::session
