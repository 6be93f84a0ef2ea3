# What the filters and the catalog need: target arraymorph_codecs = libdeflate, liblz4 and libzstd where
# they are found, nlohmann_json.
add_library(arraymorph_codecs INTERFACE)

# arraymorph_link_codec(NAME HEADER LIBRARY TARGET...): links the first TARGET of the CMake package NAME,
# else what lies there as HEADER and LIBRARY. Sets ARRAYMORPH_HAVE_<NAME>.
function(arraymorph_link_codec name header library)
  string(TOUPPER "${name}" NAME)
  find_package(${name} QUIET CONFIG)
  foreach(target IN LISTS ARGN)
    if(TARGET ${target})
      target_link_libraries(arraymorph_codecs INTERFACE ${target})
      set(ARRAYMORPH_HAVE_${NAME} 1 PARENT_SCOPE)
      return()
    endif()
  endforeach()
  # Distributions that ship no CMake package for it. Static where there is one: a wheel needs no copy.
  find_path(ARRAYMORPH_${NAME}_INCLUDE_DIR ${header})
  find_library(ARRAYMORPH_${NAME}_LIBRARY NAMES lib${library}.a ${library})
  mark_as_advanced(ARRAYMORPH_${NAME}_INCLUDE_DIR ARRAYMORPH_${NAME}_LIBRARY)
  if(ARRAYMORPH_${NAME}_INCLUDE_DIR AND ARRAYMORPH_${NAME}_LIBRARY)
    target_include_directories(arraymorph_codecs SYSTEM INTERFACE "${ARRAYMORPH_${NAME}_INCLUDE_DIR}")
    target_link_libraries(arraymorph_codecs INTERFACE "${ARRAYMORPH_${NAME}_LIBRARY}")
    set(ARRAYMORPH_HAVE_${NAME} 1 PARENT_SCOPE)
  endif()
endfunction()

arraymorph_link_codec(libdeflate libdeflate.h deflate libdeflate::libdeflate_static libdeflate::libdeflate_shared)
if(NOT ARRAYMORPH_HAVE_LIBDEFLATE)
  message(FATAL_ERROR "libdeflate was not found. Install it "
    "(Debian: libdeflate-dev, conda and Homebrew: libdeflate, Conan: libdeflate).")
endif()

# Without these, their filters run in the program's libhdf5, on the calling thread.
arraymorph_link_codec(lz4 lz4.h lz4 LZ4::lz4_static LZ4::lz4_shared LZ4::lz4)
arraymorph_link_codec(zstd zstd.h zstd zstd::libzstd_static zstd::libzstd_shared zstd::libzstd)
foreach(name LZ4 ZSTD)
  if(NOT ARRAYMORPH_HAVE_${name})
    set(ARRAYMORPH_HAVE_${name} 0)
    string(TOLOWER ${name} library)
    message(STATUS "lib${library} was not found: its filter is left to libhdf5. To have it built in, install it "
      "(Debian: lib${library}-dev, conda: lz4-c or zstd, Homebrew and Conan: ${library}).")
  endif()
  target_compile_definitions(arraymorph_codecs INTERFACE ARRAYMORPH_HAVE_${name}=${ARRAYMORPH_HAVE_${name}})
endforeach()

find_package(nlohmann_json QUIET CONFIG)
if(NOT TARGET nlohmann_json::nlohmann_json)
  message(FATAL_ERROR "nlohmann_json was not found. Install it "
    "(Debian: nlohmann-json3-dev, conda, Homebrew and Conan: nlohmann_json).")
endif()
target_link_libraries(arraymorph_codecs INTERFACE nlohmann_json::nlohmann_json)
