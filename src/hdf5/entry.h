// Entry: the wrapper of every function HDF5 calls in us (connector and file driver callbacks).
#pragma once

#include <exception>
#include <new>
#include <type_traits>

#include "hdf5/api.h"
#include "hdf5/error.h"
#include "runtime/calls.h"

namespace arraymorph::hdf5 {

/// What a callback of this return type says to report failure.
template <class R>
constexpr R failure() noexcept {
  if constexpr (std::is_pointer_v<R>) {
    return nullptr;
  } else {
    return static_cast<R>(-1);  // herr_t, int; HADDR_UNDEF for haddr_t
  }
}

/// Built to be called from several threads: its exit handler waits for other threads' calls.
bool library_has_lock(int slot) noexcept;

inline void push_exception(const char* what) noexcept {
  push_error(Status(Code::internal, what), ARRAYMORPH_HDF5_ID(H5E_VOL_g),
             ARRAYMORPH_HDF5_ID(H5E_BADVALUE_g));
}

/// Entry<slot, function>::call is what goes into a class struct for the library in `slot`: it
/// makes that library the current one, and lets no exception reach HDF5's C code.
template <int Slot, auto Function>
struct Entry;

template <int Slot, class R, class... Args, R (*Function)(Args...)>
struct Entry<Slot, Function> {
  static R call(Args... args) noexcept {
    const Call under_way(!library_has_lock(Slot));
    const ApiScope scope(Slot);
    try {
      if (may_call()) return Function(args...);
      // Nobody is there any more to hear of it.
      api().H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
      push_exception("the process is ending");
    } catch (const std::bad_alloc&) {
      push_exception("out of memory");
    } catch (const std::exception& error) {
      push_exception(error.what());
    }
    if constexpr (!std::is_void_v<R>) return failure<R>();
  }
};

}  // namespace arraymorph::hdf5
