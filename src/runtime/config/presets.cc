#include "runtime/config/presets.h"

#include <algorithm>
#include <array>
#include <thread>

#include "runtime/config/parse.h"

namespace arraymorph::config {
namespace {

// A number for the machine: so many, or so many for each core, but no more than `most`.
struct Number {
  std::uint32_t per_core;  // 0: `most`, whatever the machine
  std::uint32_t most;

  std::uint32_t on(std::uint32_t cores) const {
    return per_core == 0 ? most : std::min(per_core * cores, most);
  }
};

struct Preset {
  const char* name;
  const char* source;
  Number connections;
  Number event_loops;
  Number codec_threads;
};

constexpr std::uint32_t kMostConnections = 4096;
constexpr std::uint32_t kMostLoops = 256;
constexpr std::uint32_t kMostThreads = 1024;

// In the order of the values of ARRAYMORPH_PRESET. One event loop moves several GB/s.
constexpr std::array kPresets = std::to_array<Preset>({
    {"auto", kAutomatic, {0, 64}, {1, 16}, {1, kMostThreads}},
    {"local", "preset local", {0, 32}, {1, 32}, {0, 16}},
    {"production", "preset production", {0, 256}, {4, 256}, {0, 64}},
});

Status read_one(const char* name, std::uint32_t most, std::uint32_t& number, std::string& source) {
  ARRAYMORPH_ASSIGN(const bool given, read_number(name, 1, most, number));
  if (given) source = name;
  return Status();
}

}  // namespace

Status read_speed(Config& config) {
  std::size_t chosen = 0;
  ARRAYMORPH_TRY(read_choice("ARRAYMORPH_PRESET",
                             {kPresets[0].name, kPresets[1].name, kPresets[2].name}, chosen));
  const Preset& preset = kPresets[chosen];
  const std::uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  config.connections = preset.connections.on(cores);
  config.event_loops = preset.event_loops.on(cores);
  config.codec_threads = preset.codec_threads.on(cores);
  SpeedSources& sources = config.speed_sources;
  sources = {preset.source, preset.source, preset.source};
  ARRAYMORPH_TRY(read_one("ARRAYMORPH_CONNECTIONS", kMostConnections, config.connections,
                          sources.connections));
  ARRAYMORPH_TRY(
      read_one("ARRAYMORPH_EVENT_LOOPS", kMostLoops, config.event_loops, sources.event_loops));
  return read_one("ARRAYMORPH_CODEC_THREADS", kMostThreads, config.codec_threads,
                  sources.codec_threads);
}

}  // namespace arraymorph::config
