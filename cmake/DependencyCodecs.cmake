# What the filters and the catalog need: target arraymorph_codecs = libdeflate + nlohmann_json.
add_library(arraymorph_codecs INTERFACE)

find_package(libdeflate QUIET CONFIG)
if(TARGET libdeflate::libdeflate_static)
  target_link_libraries(arraymorph_codecs INTERFACE libdeflate::libdeflate_static)
elseif(TARGET libdeflate::libdeflate_shared)
  target_link_libraries(arraymorph_codecs INTERFACE libdeflate::libdeflate_shared)
else()
  # Distributions that ship no CMake package for it. Static where there is one: a wheel needs no copy.
  find_path(ARRAYMORPH_LIBDEFLATE_INCLUDE_DIR libdeflate.h)
  find_library(ARRAYMORPH_LIBDEFLATE_LIBRARY NAMES libdeflate.a deflate)
  mark_as_advanced(ARRAYMORPH_LIBDEFLATE_INCLUDE_DIR ARRAYMORPH_LIBDEFLATE_LIBRARY)
  if(NOT ARRAYMORPH_LIBDEFLATE_INCLUDE_DIR OR NOT ARRAYMORPH_LIBDEFLATE_LIBRARY)
    message(FATAL_ERROR "libdeflate was not found. Install it "
      "(Debian: libdeflate-dev, conda and Homebrew: libdeflate, Conan: libdeflate).")
  endif()
  target_include_directories(arraymorph_codecs SYSTEM INTERFACE "${ARRAYMORPH_LIBDEFLATE_INCLUDE_DIR}")
  target_link_libraries(arraymorph_codecs INTERFACE "${ARRAYMORPH_LIBDEFLATE_LIBRARY}")
endif()

find_package(nlohmann_json QUIET CONFIG)
if(NOT TARGET nlohmann_json::nlohmann_json)
  message(FATAL_ERROR "nlohmann_json was not found. Install it "
    "(Debian: nlohmann-json3-dev, conda, Homebrew and Conan: nlohmann_json).")
endif()
target_link_libraries(arraymorph_codecs INTERFACE nlohmann_json::nlohmann_json)
