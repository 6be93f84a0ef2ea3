# Builds aws-c-s3 from the source distribution of awscrt on PyPI, without anything else: pip brings
# the sources, this machine's compiler and OpenSSL do the rest (about a minute on two cores).

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

# Sets `prefix` to the installed tree. Done once for each version, compiler and OpenSSL.
function(arraymorph_build_awscrt version prefix)
  set(flags -DCMAKE_BUILD_TYPE=Release -DUSE_OPENSSL=ON -DBUILD_TESTING=OFF -DBUILD_SHARED_LIBS=OFF
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_C_VISIBILITY_PRESET=hidden
    -DS2N_USE_CRYPTO_SHARED_LIBS=ON -DCMAKE_INSTALL_LIBDIR=lib)
  if(ARRAYMORPH_SANITIZE)
    # Seen through unchecked libraries, their reference counts would look like races.
    list(APPEND flags "-DCMAKE_C_FLAGS=-fsanitize=${ARRAYMORPH_SANITIZE} -fno-omit-frame-pointer -g")
  endif()
  list(APPEND made_with "${version}" ${flags} "${CMAKE_C_COMPILER_ID}" "${CMAKE_C_COMPILER_VERSION}"
    "${CMAKE_SYSTEM_PROCESSOR}" "${OPENSSL_VERSION}")
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
  file(REMOVE_RECURSE "${root}/build" "${root}/source")
  file(TOUCH "${root}/complete")
endfunction()
