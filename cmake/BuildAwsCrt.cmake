# Builds aws-c-s3 from the source distribution of awscrt on PyPI, without anything else: pip brings
# the sources, this machine's compiler does the rest (about 80 s on two cores). TLS is s2n on aws-lc,
# which the distribution contains, so that a wheel carries no second copy of anybody's OpenSSL.

# A Python with pip: the build environment of a wheel has it on PATH only.
function(arraymorph_find_pip out)
  find_package(Python QUIET COMPONENTS Interpreter)
  foreach(candidate IN ITEMS "${Python_EXECUTABLE}" "${Python3_EXECUTABLE}" python3 python)
    if(candidate)
      execute_process(COMMAND "${candidate}" -m pip --version
        RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
      if(NOT failed)
        set(${out} "${candidate}" -m pip PARENT_SCOPE)
        return()
      endif()
    endif()
  endforeach()
  find_program(ARRAYMORPH_PIP NAMES pip3 pip)
  mark_as_advanced(ARRAYMORPH_PIP)
  if(NOT ARRAYMORPH_PIP)
    message(FATAL_ERROR "aws-c-s3 was not found, and there is no pip to download its sources with. "
      "Install pip (Debian: python3-pip or python3-venv), or install aws-c-s3 and name it in CMAKE_PREFIX_PATH.")
  endif()
  set(${out} "${ARRAYMORPH_PIP}" PARENT_SCOPE)
endfunction()

# Runs a command quietly; its output is shown where it fails.
function(arraymorph_run_step what)
  message(STATUS "awscrt: ${what}")
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(failed)
    message(FATAL_ERROR "awscrt: ${what} failed (${failed}).\n${output}")
  endif()
endfunction()

function(arraymorph_download_awscrt version directory)
  arraymorph_find_pip(pip)
  file(REMOVE_RECURSE "${directory}")
  file(MAKE_DIRECTORY "${directory}")
  # pip asks the package for its metadata, for which it needs setuptools: its own isolated build
  # environment brings one.
  arraymorph_run_step("download ${version}" ${pip} download "awscrt==${version}" --no-binary awscrt
    --no-deps --disable-pip-version-check --quiet --dest "${directory}")
  file(GLOB archive "${directory}/awscrt-*.tar.gz")
  if(NOT archive)
    message(FATAL_ERROR "awscrt: pip downloaded no source archive into ${directory}")
  endif()
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${directory}")
endfunction()

# The licences and notices of everything that gets linked, one folder for each library. Of a choice of
# licences the GPL is not the one taken.
function(arraymorph_keep_licenses source destination)
  file(GLOB_RECURSE files RELATIVE "${source}" "${source}/LICENSE*" "${source}/NOTICE*" "${source}/THIRD-PARTY-*")
  list(FILTER files EXCLUDE REGEX "gpl|/tests?/")
  foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH folder)
    file(COPY "${source}/${file}" DESTINATION "${destination}/${folder}")
  endforeach()
endfunction()

# Sets `prefix` to the installed tree, whose licenses/ a wheel has to ship. Done once for each version and compiler.
function(arraymorph_build_awscrt version prefix)
  # Sections, so that the plugin is linked without the functions that it does not use.
  set(c_flags "-ffunction-sections -fdata-sections")
  # aws-lc's own option, which only reaches its build as a definition: without it each process spends
  # 40 ms on measuring the CPU's jitter, a second source beside the kernel's random numbers.
  string(APPEND c_flags " -DDISABLE_CPU_JITTER_ENTROPY")
  if(ARRAYMORPH_SANITIZE)
    # Seen through unchecked libraries, their reference counts would look like races.
    string(APPEND c_flags " -fsanitize=${ARRAYMORPH_SANITIZE} -fno-omit-frame-pointer -g")
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
      # Checked code makes gcc suspect what is not there, and aws-lc builds with -Werror.
      string(APPEND c_flags " -Wno-array-bounds -Wno-maybe-uninitialized -Wno-nonnull"
        " -Wno-stringop-overflow -Wno-stringop-overread")
    endif()
  endif()
  set(flags -DCMAKE_BUILD_TYPE=Release -DUSE_OPENSSL=OFF -DBUILD_TESTING=OFF -DBUILD_SHARED_LIBS=OFF
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_C_VISIBILITY_PRESET=hidden -DCMAKE_INSTALL_LIBDIR=lib
    "-DCMAKE_C_FLAGS=${c_flags}")
  list(APPEND made_with "${version}" ${flags} "${CMAKE_C_COMPILER_ID}" "${CMAKE_C_COMPILER_VERSION}"
    "${CMAKE_SYSTEM_PROCESSOR}" licenses)
  string(SHA256 recipe "${made_with}")
  string(SUBSTRING "${recipe}" 0 12 recipe)
  set(root "${ARRAYMORPH_DEPS_DIR}/awscrt-${version}-${recipe}")
  set(${prefix} "${root}/install" PARENT_SCOPE)
  # Build trees that are configured at the same time wait for each other.
  file(MAKE_DIRECTORY "${ARRAYMORPH_DEPS_DIR}")
  file(LOCK "${root}.lock" GUARD FUNCTION TIMEOUT 1800)
  if(EXISTS "${root}/complete")
    return()
  endif()
  arraymorph_download_awscrt("${version}" "${root}/source")
  set(generator -G "${CMAKE_GENERATOR}" "-DCMAKE_MAKE_PROGRAM=${CMAKE_MAKE_PROGRAM}")
  file(REMOVE_RECURSE "${root}/build" "${root}/install")
  arraymorph_run_step("configure" "${CMAKE_COMMAND}" -S "${root}/source/awscrt-${version}/crt" -B "${root}/build"
    ${generator} ${flags} "-DCMAKE_C_COMPILER=${CMAKE_C_COMPILER}" "-DCMAKE_INSTALL_PREFIX=${root}/install"
    "-DCMAKE_PREFIX_PATH=${CMAKE_PREFIX_PATH}")
  arraymorph_run_step("build" "${CMAKE_COMMAND}" --build "${root}/build" --parallel --target install)
  arraymorph_keep_licenses("${root}/source/awscrt-${version}/crt" "${root}/install/licenses")
  file(REMOVE_RECURSE "${root}/build" "${root}/source")
  file(TOUCH "${root}/complete")
endfunction()

# CMake remembers where packages were found. What an earlier configuration took from our own builds is
# looked for again: it may have been another version, or a package may have been installed since.
function(arraymorph_forget_awscrt)
  get_cmake_property(names CACHE_VARIABLES)
  foreach(name IN LISTS names)
    if(name MATCHES "^(aws-.*_DIR|s2n_DIR|crypto_.*)$" AND "$CACHE{${name}}" MATCHES "/awscrt-[^/]*/install/")
      unset(${name} CACHE)
    endif()
  endforeach()
endfunction()
