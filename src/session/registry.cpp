#include "session/registry.hpp"

#include <charconv>
#include <unordered_map>

#include <boost/asio/post.hpp>

#include "pty/process_table.hpp"

namespace farpty::session {

Result<Seat*> Registry::start(const Spec& spec, Viewer& viewer, const Attach& attach) {
  if (spec.lasting && find(spec.lasting->name) != nullptr)
    return failure("cannot start", "session '" + spec.lasting->name + "'", "there is one of that name",
                   "attach to it, or choose another name");
  const unsigned id = next_id_++;
  // Not at once: the session itself is still on the stack then.
  const auto closed = [this, id](Session&) { boost::asio::post(loop_.context, [this, id] { remove(id); }); };
  FARPTY_ASSIGN(session, Session::start(loop_, id, spec, closed));
  return &(sessions_[id] = std::move(session))->attach(viewer, attach);
}

Session* Registry::find(unsigned id) const {
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second->accepts_viewers() ? found->second.get() : nullptr;
}

Session* Registry::find(const std::string& name) const {
  if (name.empty()) return nullptr;
  for (const auto& [id, session] : sessions_)
    if (session->name() == name && session->accepts_viewers()) return session.get();
  return nullptr;
}

Session* Registry::find_lasting(const std::string& name_or_number) const {
  unsigned id = 0;
  const char* const end = name_or_number.data() + name_or_number.size();
  const bool is_number = !name_or_number.empty() && std::from_chars(name_or_number.data(), end, id).ptr == end;
  auto* const found = is_number ? find(id) : find(name_or_number);
  return found != nullptr && found->lasts() ? found : nullptr;
}

std::vector<unsigned> Registry::ids() const {
  std::vector<unsigned> ids;
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  return ids;
}

void Registry::remove(unsigned id) {
  sessions_.erase(id);
  if (when_gone_) when_gone_(id);
  if (sessions_.empty() && when_empty_) std::exchange(when_empty_, nullptr)();
}

std::vector<Session::Info> Registry::list() const {
  std::vector<Session::Info> infos;
  if (sessions_.empty()) return infos;
  std::unordered_map<pid_t, std::vector<pty::Process>> members;
  for (pty::Process& process : pty::all_processes()) members[process.session].push_back(std::move(process));
  for (const auto& [id, session] : sessions_) {
    infos.push_back(session->info());
    infos.back().processes = std::move(members[infos.back().leader]);
  }
  return infos;
}

bool Registry::finish(unsigned id, Cause cause) {
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return false;
  found->second->finish(cause);
  return true;
}

void Registry::finish_all(Cause cause) {
  for (const auto& [id, session] : sessions_) session->finish(cause);
}

void Registry::kill_all() {
  for (const auto& [id, session] : sessions_) session->end_grace();
}

void Registry::when_empty(std::function<void()> then) {
  if (sessions_.empty())
    then();
  else
    when_empty_ = std::move(then);
}

}  // namespace farpty::session
