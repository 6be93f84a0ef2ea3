#include "transfer.h"

#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

namespace py = pybind11;

namespace arraymorph::python {
namespace {

/// One move or assembly; read and cancelled from other threads while it runs.
class Transfer {
 public:
  Transfer() : transfer_(arraymorph_transfer_new(), &arraymorph_transfer_free) {
    if (!transfer_) throw std::bad_alloc();
  }

  py::object move(const std::string& plan) {
    return ask(
        [&](char** answer) { return arraymorph_move(plan.c_str(), transfer_.get(), answer); });
  }

  py::object assemble(const std::string& plan, const py::bytes& literal) {
    const std::string_view bytes = literal;
    return ask([&](char** answer) {
      return arraymorph_assemble(plan.c_str(), bytes.data(), bytes.size(), transfer_.get(), answer);
    });
  }

  std::pair<std::uint64_t, std::uint64_t> progress() const {
    std::pair<std::uint64_t, std::uint64_t> done;
    arraymorph_transfer_progress(transfer_.get(), &done.first, &done.second);
    return done;
  }

  void cancel() { arraymorph_transfer_cancel(transfer_.get()); }

 private:
  const std::unique_ptr<arraymorph_transfer, decltype(&arraymorph_transfer_free)> transfer_;
};

py::object get_metadata(const std::string& name) {
  void* bytes = nullptr;
  std::size_t size = 0;
  auto answer = py::cast<py::dict>(
      ask([&](char** text) { return arraymorph_get_metadata(name.c_str(), &bytes, &size, text); }));
  const std::unique_ptr<void, decltype(&arraymorph_free)> owned(bytes, &arraymorph_free);
  answer["bytes"] = py::bytes(static_cast<const char*>(bytes), size);
  return answer;
}

py::bytes read(const std::string& name, const std::string& key, std::uint64_t offset,
               std::uint64_t length) {
  void* bytes = nullptr;
  ask([&](char** text) {
    return arraymorph_read(name.c_str(), key.c_str(), offset, length, &bytes, text);
  });
  const std::unique_ptr<void, decltype(&arraymorph_free)> owned(bytes, &arraymorph_free);
  return py::bytes(static_cast<const char*>(bytes), length);
}

py::object put_metadata(const std::string& name, const py::bytes& content,
                        const std::string& catalog, const std::string& etag) {
  const std::string_view bytes = content;
  return ask([&](char** answer) {
    return arraymorph_put_metadata(name.c_str(), bytes.data(), bytes.size(), catalog.c_str(),
                                   etag.c_str(), answer);
  });
}

}  // namespace

py::object from_json(const std::string& text) {
  return py::module_::import("json").attr("loads")(text);
}

void raise_error(int error, const std::string& text) {
  PyErr_SetObject(PyExc_OSError, py::make_tuple(error, text).ptr());
  throw py::error_already_set();
}

void define_transfer(py::module_& module) {
  py::class_<Transfer>(module, "Transfer")
      .def(py::init<>())
      .def("move", &Transfer::move)
      .def("assemble", &Transfer::assemble)
      .def("progress", &Transfer::progress)
      .def("cancel", &Transfer::cancel);
  module.def("read", &read);
  module.def("get_metadata", &get_metadata);
  module.def("put_metadata", &put_metadata);
  module.def("object", [](const std::string& name, const std::string& key) {
    return ask([&](char** text) { return arraymorph_object(name.c_str(), key.c_str(), text); });
  });
  module.def("objects", [](const std::string& name) {
    return ask([&](char** text) { return arraymorph_objects(name.c_str(), text); });
  });
  module.def("begin_upload", [](const std::string& name, std::uint64_t size) {
    return ask([&](char** text) { return arraymorph_begin_upload(name.c_str(), size, text); });
  });
  module.def("abort_upload", [](const std::string& name, std::uint64_t size,
                                std::uint64_t part_size, const std::string& id) {
    return ask([&](char** text) {
      return arraymorph_abort_upload(name.c_str(), size, part_size, id.c_str(), text);
    });
  });
}

}  // namespace arraymorph::python
