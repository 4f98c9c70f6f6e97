#include "cast/values.hpp"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace farpty::cast {

namespace {

using nlohmann::json;

class Flattener {
 public:
  explicit Flattener(ValueLimits limits) : limits_(limits) {}

  // The interface is nlohmann's (json_sax), names included.
  // NOLINTBEGIN(readability-identifier-naming)
  bool null() { return put({}); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(json::number_integer_t value) { return put(static_cast<double>(value)); }
  bool number_unsigned(json::number_unsigned_t value) { return put(static_cast<double>(value)); }
  bool number_float(json::number_float_t value, const std::string&) { return put(value); }
  bool string(std::string& text) { return put(std::move(text)); }
  bool binary(json::binary_t&) { return refuse("it is no JSON"); }
  bool start_object(std::size_t) { return open({.is_list = false}); }
  bool start_array(std::size_t) { return open({.is_list = true}); }
  bool key(std::string& name) {
    open_.back().name = std::move(name);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) { return refuse("it is no JSON"); }
  // NOLINTEND(readability-identifier-naming)

  [[nodiscard]] const std::string& why() const { return why_; }
  Values take() { return std::move(values_); }

 private:
  struct Level {
    bool is_list = false;
    std::string name;  // of the value that comes next
    std::size_t count = 0;
  };

  bool refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }
  bool count() {
    if (++seen_ > limits_.values) return refuse("it holds too many values");
    if (open_.empty()) return true;
    if (open_.back().is_list) open_.back().name = std::to_string(open_.back().count);
    ++open_.back().count;
    return true;
  }
  bool put(Value value) {
    if (!count()) return false;
    std::string path;
    for (const Level& level : open_) path += (path.empty() ? "" : ".") + level.name;
    values_.by_path.emplace(std::move(path), std::move(value));
    return true;
  }
  bool open(Level level) {
    if (open_.size() >= limits_.depth) return refuse("it is nested too deeply");
    if (!count()) return false;
    if (open_.empty()) values_.is_list = level.is_list;
    open_.push_back(std::move(level));
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  ValueLimits limits_;
  std::vector<Level> open_;
  std::size_t seen_ = 0;
  Values values_;
  std::string why_;
};

}  // namespace

Result<Values> parse_values(std::string_view text, ValueLimits limits) {
  Flattener flattener(limits);
  if (!json::sax_parse(text.begin(), text.end(), &flattener))
    return failure("cannot understand", "", flattener.why().empty() ? "it is no JSON" : flattener.why());
  return flattener.take();
}

}  // namespace farpty::cast
