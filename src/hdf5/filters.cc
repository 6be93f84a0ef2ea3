#include "hdf5/filters.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "hdf5/error.h"

namespace arraymorph::hdf5 {
namespace {

struct Known {
  int id;
  std::string_view name;
  std::string_view source;
};

constexpr std::string_view kPlugins =
    "it is in the Python package hdf5plugin: install it and import it before the file is opened";
constexpr std::string_view kOwn = "libhdf5 has it only where it was built with it";
constexpr std::string_view kElsewhere =
    "install its plugin and name the folder in HDF5_PLUGIN_PATH; the HDF Group's page of "
    "registered "
    "filter plugins says who maintains it";

// The HDF Group's registry, as far as the names are met.
constexpr std::array kKnown = std::to_array<Known>({
    {1, "gzip", kOwn},
    {2, "shuffle", kOwn},
    {3, "fletcher32", kOwn},
    {4, "szip", kOwn},
    {5, "nbit", kOwn},
    {6, "scaleoffset", kOwn},
    {305, "lzo", "it is in the Python package tables (PyTables), where that was built with LZO"},
    {307, "bzip2", kPlugins},
    {32000, "lzf", "it is in the Python package h5py"},
    {32001, "blosc", kPlugins},
    {32004, "lz4", kPlugins},
    {32008, "bitshuffle", kPlugins},
    {32013, "zfp", kPlugins},
    {32015, "zstd", kPlugins},
    {32017, "sz", kPlugins},
    {32018, "fcidecomp", kPlugins},
    {32024, "sz3", kPlugins},
    {32026, "blosc2", kPlugins},
    {32028, "sperr", kPlugins},
    {32033, "htj2k", kPlugins},
});

const Known* find(int id) {
  const auto* const found =
      std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& each) { return each.id == id; });
  return found == kKnown.end() ? nullptr : found;
}

}  // namespace

std::string filter_label(const FilterSpec& filter) {
  const Known* const known = find(filter.id);
  const std::string name(known != nullptr ? known->name : std::string_view(filter.name));
  const std::string number = std::to_string(filter.id);
  return name.empty() ? "number " + number : name + " (" + number + ")";
}

std::string missing_filters(const std::vector<FilterSpec>& filters) {
  const SilenceErrors silence;
  std::string text;
  for (const FilterSpec& filter : filters) {
    if (api().H5Zfilter_avail(filter.id) > 0) continue;
    const Known* const known = find(filter.id);
    text += (text.empty() ? "" : "; ") + ("filter " + filter_label(filter)) +
            " is missing in this program's libhdf5: " +
            std::string(known != nullptr ? known->source : kElsewhere);
  }
  return text;
}

}  // namespace arraymorph::hdf5
