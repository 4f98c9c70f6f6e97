// Registry: the sessions of one loop. It owns them, numbers them, and removes each one when nothing of it is left.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "session/session.hpp"

namespace farpty::session {

class Registry {
 public:
  explicit Registry(const Loop& loop) : loop_(loop) {}

  // Starts a session and gives the viewer the first seat in it. The session belongs to the registry, the seat to the session.
  // Fails also where a session has the name that spec.lasting asks for.
  Result<Seat*> start(const Spec& spec, Viewer& viewer, const Attach& attach = {});

  // Sessions that can be attached to; null: there is none.
  [[nodiscard]] Session* find(unsigned id) const;
  [[nodiscard]] Session* find(const std::string& name) const;
  // The same by name or number, of those that last: who sees a plain one ends with it.
  [[nodiscard]] Session* find_lasting(const std::string& name_or_number) const;

  [[nodiscard]] std::size_t count() const { return sessions_.size(); }
  [[nodiscard]] std::vector<unsigned> ids() const;  // in order, also of those that cannot be attached to any more
  // With their processes. All of /proc is read once, some microseconds for each process of the machine.
  [[nodiscard]] std::vector<Session::Info> list() const;
  [[nodiscard]] bool finish(unsigned id, Cause cause);  // false: there is no such session
  void finish_all(Cause cause);
  void kill_all();                              // the grace periods of hung up sessions are over
  void when_empty(std::function<void()> then);  // at once if it is empty
  void when_gone(std::function<void(unsigned id)> then) {
    when_gone_ = std::move(then);
  }  // each time that one has ended

 private:
  void remove(unsigned id);

  Loop loop_;
  unsigned next_id_ = 1;
  std::map<unsigned, std::unique_ptr<Session>> sessions_;
  std::function<void()> when_empty_;
  std::function<void(unsigned)> when_gone_;
};

}  // namespace farpty::session
