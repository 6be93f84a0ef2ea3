// Entry: the wrapper of every function HDF5 calls in us (connector and file driver callbacks).
#pragma once

#include <exception>
#include <new>
#include <type_traits>

#include "hdf5/api.h"
#include "hdf5/error.h"

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
    const ApiScope scope(Slot);
    try {
      return Function(args...);
    } catch (const std::bad_alloc&) {
      push_exception("out of memory");
    } catch (const std::exception& error) {
      push_exception(error.what());
    }
    if constexpr (!std::is_void_v<R>) return failure<R>();
  }
};

}  // namespace arraymorph::hdf5
