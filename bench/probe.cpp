// The probe of the benchmarks: opens sessions on several targets and takes one measure of all of them in turn, A B A B,
// so that whatever else the machine does meets each alike. It prints samples only; run.py makes figures of them.
//
//   probe MEASURE ROUNDS COUNT NAME=TARGET...      MEASURE: echo bulk prompt exit interrupt rate hold
//
// Every sample is one line "NAME ROUND QUANTITY VALUE". Each session begins as a shell that shows kPrompt; FARPTY_FAR
// names the far program, which is started by typing, as a person would.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "link.hpp"

namespace farpty::bench {
namespace {

constexpr std::string_view kPrompt = "bash-";  // the default prompt of bash without its start files: bash-5.2#
constexpr std::string_view kReady = "\002ready\003", kEnd = "\002end\003";
constexpr int kWarmUp = 20;                      // keys before those that count
constexpr unsigned kPatience = 120;              // seconds, for one step of one target
constexpr long long kFloodBefore = 300'000'000;  // ns of flood before the interrupt: every buffer on the way is full

struct Target {
  std::string name, address;
};

struct Plan {
  int rounds = 0, count = 0;
  std::vector<Target> targets;
};

void sample(const Target& target, int round, const char* quantity, long long value) {
  std::printf("%s %d %s %lld\n", target.name.c_str(), round, quantity, value);
}

Link open_shell(const Target& target) {
  alarm(kPatience);
  Link link = Link::open(target.address);
  link.read_until(kPrompt);
  return link;
}

Link open_far(const Target& target, const std::string& what) {
  Link link = open_shell(target);
  link.send("exec " + std::string(std::getenv("FARPTY_FAR")) + " " + what + "\n");
  link.read_until(kReady);
  return link;
}

// Each target once a round, and each round begins with another one.
void in_turn(const Plan& plan, const std::function<void(std::size_t, int)>& step) {
  for (int round = 0; round < plan.rounds; ++round) {
    for (std::size_t i = 0; i < plan.targets.size(); ++i) {
      alarm(kPatience);
      step((i + static_cast<std::size_t>(round)) % plan.targets.size(), round);
    }
  }
}

long long echo_once(Link& link) {
  const auto start = now_ns();
  link.send("k");
  static_cast<void>(link.receive());
  return now_ns() - start;
}

// A fresh session each time: which processor the kernel puts it on decides more than all else, and stays while it lives.
void echo(const Plan& plan) {
  in_turn(plan, [&](std::size_t i, int round) {
    Link link = open_far(plan.targets[i], "echo");
    for (int key = 0; key < kWarmUp; ++key) echo_once(link);
    std::vector<long long> times;
    for (int key = 0; key < plan.count; ++key) times.push_back(echo_once(link));
    for (const auto time : times)
      sample(plan.targets[i], round, "echo_ns", time);  // not between keys: a write is noise
  });
}

void bulk(const Plan& plan) {
  in_turn(plan, [&](std::size_t i, int round) {
    Link link = open_far(plan.targets[i], "text " + std::to_string(plan.count));
    const auto start = now_ns();
    link.send("g");
    link.count_until(kEnd);
    sample(plan.targets[i], round, "bulk_ns", now_ns() - start);
    link.send("g");
    link.read_to_end();
  });
}

void prompt(const Plan& plan) {
  in_turn(plan, [&](std::size_t i, int round) {
    const auto start = now_ns();
    Link link = open_shell(plan.targets[i]);
    sample(plan.targets[i], round, "prompt_ns", now_ns() - start);
    link.send("exit\n");
    link.read_to_end();
  });
}

void exit_to_end(const Plan& plan) {
  in_turn(plan, [&](std::size_t i, int round) {
    Link link = open_far(plan.targets[i], "exit");
    link.send("g");
    const std::string last = link.read_to_end();
    const auto end = now_ns();
    const auto mark = last.find('\002');
    if (mark == std::string::npos) die("no time of exit from", plan.targets[i].name, EPROTO);
    sample(plan.targets[i], round, "exit_ns", end - std::atoll(last.c_str() + mark + 1));
  });
}

void interrupt(const Plan& plan) {
  in_turn(plan, [&](std::size_t i, int round) {
    Link link = open_shell(plan.targets[i]);
    link.send("yes\n");
    for (const auto until = now_ns() + kFloodBefore; now_ns() < until;) static_cast<void>(link.receive());
    const auto start = now_ns();
    link.send("\003");
    const auto shown = link.count_until(kPrompt);
    sample(plan.targets[i], round, "interrupt_ns", now_ns() - start);
    sample(plan.targets[i], round, "shown_bytes", static_cast<long long>(shown));
    link.send("exit\n");
    link.read_to_end();
  });
}

void rate(const Plan& plan) {
  in_turn(plan, [&](std::size_t i, int round) {
    const auto start = now_ns();
    for (int n = 0; n < plan.count; ++n) {
      Link link = open_shell(plan.targets[i]);
      link.send("exit\n");
      link.read_to_end();
    }
    sample(plan.targets[i], round, "session_ns", (now_ns() - start) / plan.count);
  });
}

// Sessions held open under command of stdin: "shells N", "echoes N", "keys N" (on the last session), "close". Each line
// is answered by "ok" when it is done.
void hold(const Plan& plan) {
  const auto& target = plan.targets.at(0);
  std::vector<Link> links;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb;
    int count = 0;
    words >> verb >> count;
    for (int i = 0; i < count; ++i) {
      if (verb == "shells") links.push_back(open_shell(target));
      if (verb == "echoes") links.push_back(open_far(target, "echo"));
      if (verb == "keys") echo_once(links.back());
    }
    if (verb == "close") links.clear();
    alarm(0);
    std::puts("ok");
  }
}

int run(int argc, char** argv) {
  if (argc < 5 || std::getenv("FARPTY_FAR") == nullptr) {
    std::fputs("usage: FARPTY_FAR=PATH probe MEASURE ROUNDS COUNT NAME=TARGET...\n", stderr);
    return 2;
  }
  setvbuf(stdout, nullptr, _IOLBF, 0);
  setenv("TERM", "xterm", 1);
  Plan plan{.rounds = std::atoi(argv[2]), .count = std::atoi(argv[3]), .targets = {}};
  for (int i = 4; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    if (equals == std::string::npos) return 2;
    plan.targets.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  const std::string measure = argv[1];
  if (measure == "echo")
    echo(plan);
  else if (measure == "bulk")
    bulk(plan);
  else if (measure == "prompt")
    prompt(plan);
  else if (measure == "exit")
    exit_to_end(plan);
  else if (measure == "interrupt")
    interrupt(plan);
  else if (measure == "rate")
    rate(plan);
  else if (measure == "hold")
    hold(plan);
  else
    return 2;
  return 0;
}

}  // namespace
}  // namespace farpty::bench

int main(int argc, char** argv) { return farpty::bench::run(argc, argv); }
