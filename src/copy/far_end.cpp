#include "copy/far_end.hpp"

#include "copy/receiver.hpp"
#include "copy/sender.hpp"

namespace farpty::copy {

namespace {

Result<> do_job(Stream& stream) {
  Report nobody;
  FARPTY_ASSIGN(message, stream.receive());
  auto* job = std::get_if<Job>(&message);
  if (job == nullptr) return failure("cannot understand", "the other end", "it does not say what to copy");
  if (job->send) return Sender(stream, std::move(job->paths), nobody).run();
  auto places = places_for(job->to, job->paths);
  if (!places) {
    FARPTY_TRY(stream.send(Hello{}));
    return std::unexpected(places.error());
  }
  return Receiver(stream, std::move(*places), nobody, Stays::kUntilAnotherComes).run();
}

}  // namespace

Result<> serve_copy(int in, int out) {
  Stream stream(in, out);
  auto done = do_job(stream);
  // If the other end is still there.
  if (!done && stream.send(Trouble{.text = done.error().message().substr(0, kMaxText)})) (void)stream.flush();
  return done;
}

}  // namespace farpty::copy
