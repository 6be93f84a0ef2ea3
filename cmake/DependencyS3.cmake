# aws-c-s3, the client that moves the data, and what initialises it and finds credentials:
# target arraymorph_aws, variables ARRAYMORPH_S3_FLAVOUR (sdk or crt) and ARRAYMORPH_AWS_C_S3_VERSION.
#   sdk: AWS SDK for C++ with the aws-c-s3 it is built on (Conan, conda, CMAKE_PREFIX_PATH).
#   crt: aws-c-s3 alone, from CMAKE_PREFIX_PATH where it is found there, else built once from the
#        source distribution of awscrt on PyPI into ARRAYMORPH_DEPS_DIR, shared by all build trees.
set(ARRAYMORPH_S3_ENGINE auto CACHE STRING
  "What runs the S3 client: sdk (AWS SDK for C++), crt (aws-c-s3 alone), auto (sdk where it is found)")
set_property(CACHE ARRAYMORPH_S3_ENGINE PROPERTY STRINGS auto sdk crt)
set(ARRAYMORPH_AWSCRT_VERSION 0.38.1 CACHE STRING "Version of awscrt whose sources are built")
mark_as_advanced(ARRAYMORPH_AWSCRT_VERSION)
set(ARRAYMORPH_LICENSES_DIR "" CACHE PATH "Licences of libraries linked statically; a wheel ships them")
include(BuildAwsCrt)
if(NOT ARRAYMORPH_S3_ENGINE MATCHES "^(auto|sdk|crt)$")
  message(FATAL_ERROR "ARRAYMORPH_S3_ENGINE=${ARRAYMORPH_S3_ENGINE}: it is auto, sdk or crt")
endif()

# Where the engine was found elsewhere its static TLS library would look for a static libcrypto; the
# one built here brings its own (aws-lc).
arraymorph_forget_awscrt()
set(S2N_USE_CRYPTO_SHARED_LIBS ON)
set(ARRAYMORPH_S3_FLAVOUR crt)
set(sdk "")
if(NOT ARRAYMORPH_S3_ENGINE STREQUAL "crt")
  # The SDK's package file may name their targets and looks for neither.
  find_package(ZLIB QUIET)
  find_package(CURL QUIET)
  find_package(AWSSDK QUIET COMPONENTS core CONFIG)
  # The SDK's own package, then Conan's.
  foreach(target IN ITEMS aws-cpp-sdk-core AWS::aws-sdk-cpp-core)
    if(TARGET ${target} AND NOT sdk)
      set(sdk ${target})
      set(ARRAYMORPH_S3_FLAVOUR sdk)
    endif()
  endforeach()
  if(ARRAYMORPH_S3_ENGINE STREQUAL "sdk" AND NOT sdk)
    message(FATAL_ERROR "ARRAYMORPH_S3_ENGINE=sdk, but the AWS SDK for C++ was not found. Install it "
      "(conda: aws-sdk-cpp; Conan: `conan install . --build=missing`) and name its prefix in "
      "CMAKE_PREFIX_PATH or its toolchain file in CMAKE_TOOLCHAIN_FILE.")
  endif()
endif()

find_package(aws-c-s3 QUIET CONFIG)
if(NOT aws-c-s3_FOUND AND sdk)
  message(FATAL_ERROR "The AWS SDK for C++ was found (${AWSSDK_DIR}), but not the aws-c-s3 it is built on. "
    "Install that too, or pass -DARRAYMORPH_S3_ENGINE=crt.")
endif()
set(ARRAYMORPH_AWS_C_S3_VERSION "${aws-c-s3_VERSION}") # Conan tells it, aws-c-s3's own package does not
if(NOT aws-c-s3_FOUND)
  set(S2N_USE_CRYPTO_SHARED_LIBS OFF)
  foreach(name IN ITEMS DIR INCLUDE_DIR LIBRARY SHARED_LIBRARY STATIC_LIBRARY)
    unset(crypto_${name} CACHE) # of a system's OpenSSL, found by an earlier configuration
  endforeach()
  arraymorph_build_awscrt("${ARRAYMORPH_AWSCRT_VERSION}" prefix)
  list(PREPEND CMAKE_PREFIX_PATH "${prefix}")
  set(ARRAYMORPH_LICENSES_DIR "${prefix}/licenses")
  find_package(aws-c-s3 REQUIRED CONFIG PATHS "${prefix}" NO_DEFAULT_PATH)
  set(ARRAYMORPH_AWS_C_S3_VERSION "of awscrt ${ARRAYMORPH_AWSCRT_VERSION}")
elseif(NOT ARRAYMORPH_AWS_C_S3_VERSION AND sdk AND aws-crt-cpp_VERSION)
  set(ARRAYMORPH_AWS_C_S3_VERSION "of aws-crt-cpp ${aws-crt-cpp_VERSION}")
elseif(NOT ARRAYMORPH_AWS_C_S3_VERSION)
  set(ARRAYMORPH_AWS_C_S3_VERSION "unknown version")
endif()
message(STATUS "S3 engine: ${ARRAYMORPH_S3_FLAVOUR} (AWSSDK: ${AWSSDK_DIR}; aws-c-s3: ${aws-c-s3_DIR}, ${ARRAYMORPH_AWS_C_S3_VERSION})")

# libcrypto, for the hashes that sign request bodies: the engine's own.
if(NOT TARGET AWS::crypto)
  find_package(OpenSSL REQUIRED)
  add_library(AWS::crypto ALIAS OpenSSL::Crypto)
endif()
add_library(arraymorph_aws INTERFACE)
target_link_libraries(arraymorph_aws INTERFACE ${sdk} AWS::aws-c-s3 AWS::crypto)
