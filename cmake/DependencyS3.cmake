# aws-c-s3 and what it needs: target arraymorph_aws.
# Taken from CMAKE_PREFIX_PATH where it is found there, else built once from the source distribution
# of awscrt on PyPI into ARRAYMORPH_DEPS_DIR, shared by all build trees.
set(ARRAYMORPH_AWSCRT_VERSION 0.38.1 CACHE STRING "Version of awscrt whose sources are built")
mark_as_advanced(ARRAYMORPH_AWSCRT_VERSION)

find_package(OpenSSL QUIET)
if(NOT OPENSSL_FOUND)
  message(FATAL_ERROR "OpenSSL was not found. Install its development package "
    "(Debian: libssl-dev, conda, Homebrew and Conan: openssl).")
endif()

# The engine's own static TLS library would otherwise look for a static libcrypto.
set(S2N_USE_CRYPTO_SHARED_LIBS ON)
find_package(aws-c-s3 QUIET CONFIG)
if(NOT aws-c-s3_FOUND)
  include(BuildAwsCrt)
  arraymorph_build_awscrt("${ARRAYMORPH_AWSCRT_VERSION}" prefix)
  list(PREPEND CMAKE_PREFIX_PATH "${prefix}")
  find_package(aws-c-s3 REQUIRED CONFIG PATHS "${prefix}" NO_DEFAULT_PATH)
endif()
message(STATUS "aws-c-s3: ${aws-c-s3_DIR}")

add_library(arraymorph_aws INTERFACE)
target_link_libraries(arraymorph_aws INTERFACE AWS::aws-c-s3 OpenSSL::Crypto)
