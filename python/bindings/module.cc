// arraymorph._core: what Python needs from libarraymorph and from h5py's libhdf5.
#include <dlfcn.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "arraymorph/api.h"
#include "libhdf5.h"
#include "same_values.h"
#include "transfer.h"
#include "values.h"

namespace py = pybind11;

namespace arraymorph::python {
namespace {

py::object stats() {
  // Counters may grow a digit between the two calls, hence the loop.
  std::string text(4096, '\0');
  std::size_t length = arraymorph_stats(text.data(), text.size());
  while (length + 1 > text.size()) {
    text.resize(length + 1);
    length = arraymorph_stats(text.data(), text.size());
  }
  text.resize(length);
  return from_json(text);
}

std::string plugin_library() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(&arraymorph_version), &info) == 0 ||
      info.dli_fname == nullptr) {
    throw std::runtime_error("the loader does not know where libarraymorph lies");
  }
  return info.dli_fname;
}

void shutdown(bool last) {
  if (arraymorph_shutdown(last ? 1 : 0) != 0) {
    throw std::runtime_error("ArrayMorph could not store everything at shutdown");
  }
}

py::object remove(const std::string& name, const std::string& keys, const std::string& etag) {
  return ask([&](char** answer) {
    return arraymorph_remove(name.c_str(), keys.c_str(), etag.c_str(), answer);
  });
}

py::object remove_file(const std::string& name, const std::string& layout,
                       const std::string& etag) {
  return ask([&](char** answer) {
    return arraymorph_remove_file(name.c_str(), layout.c_str(), etag.c_str(), answer);
  });
}

// What takes a name and JSON.
template <int (*function)(const char*, const char*, char**)>
py::object ask_with(const std::string& name, const std::optional<std::string>& json) {
  return ask([&](char** answer) {
    return function(name.c_str(), json ? json->c_str() : nullptr, answer);
  });
}

template <int (*function)(const char*, char**)>
py::object ask_about(const std::string& name) {
  return ask([&](char** answer) { return function(name.c_str(), answer); });
}

}  // namespace

// Functions that wait for a store give the GIL up, all others keep it. A free-threaded Python stays
// so: what calls HDF5 is called with h5py's lock held, the rest is thread-safe by itself.
PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
  module.doc() = "Native part of the arraymorph package.";
  module.def("version", &arraymorph_version);
  module.def("build_info", [] { return from_json(arraymorph_build_info()); });
  module.def("stats", &stats);
  module.def("stats_reset", &arraymorph_stats_reset);
  module.def("shutdown", &shutdown, py::arg("last") = false);
  module.def("plugin_library", &plugin_library);
  module.def("describe", &ask_about<arraymorph_describe>);
  module.def("head", &ask_about<arraymorph_head>);
  module.def("layout", &ask_about<arraymorph_layout>);
  module.def("inventory", &ask_with<arraymorph_inventory>, py::arg("name"),
             py::arg("extents") = py::none());
  module.def("remove", &remove);
  module.def("remove_file", &remove_file);
  module.def("note_emptied", &ask_with<arraymorph_note_emptied>, py::arg("name"),
             py::arg("prefixes"));
  module.def("list", &ask_with<arraymorph_list>, py::arg("name"), py::arg("options") = py::none());
  module.def("look_at", &ask_with<arraymorph_look_at>);
  module.def("remove_from", &ask_with<arraymorph_remove_from>);
  module.def("probe", &ask_about<arraymorph_probe>);
  define_transfer(module);
  define_values(module);
  define_same_values(module);
  module.def("set_connector",
             [](const std::string& owner, std::int64_t fapl, const std::string& directory) {
               Libhdf5(owner).set_arraymorph(fapl, directory);
             });
  module.def("set_native_connector",
             [](const std::string& owner, std::int64_t fapl) { Libhdf5(owner).set_native(fapl); });
  module.def("let_go",
             [](const std::string& owner, std::int64_t object) { Libhdf5(owner).let_go(object); });
  module.def("default_connector_is_ours",
             [](const std::string& owner) { return Libhdf5(owner).default_is_arraymorph(); });
}

}  // namespace arraymorph::python
