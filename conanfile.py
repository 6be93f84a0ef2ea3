"""Dependencies from Conan: the AWS SDK for C++ flavour, as in the published wheels.

conan install . --build=missing, then cmake --preset conan; or CMAKE_TOOLCHAIN_FILE for pip.
"""

from pathlib import Path

from conan import ConanFile
from conan.tools.cmake import CMakeDeps, CMakeToolchain
from conan.tools.files import copy

required_conan_version = ">=2.4"

# Modules of the SDK that its recipe builds unless told otherwise. Only its core is used: the data
# goes through aws-c-s3, the engine that comes with it.
UNUSED_SDK_MODULES = (
    "access-management",
    "identity-management",
    "monitoring",
    "queues",
    "s3-encryption",
    "text-to-speech",
    "transfer",
)


class ArrayMorph(ConanFile):
    name = "arraymorph"
    package_type = "shared-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {  # noqa: RUF012 - Conan's way to declare them
        "sdk": [True, False],  # False: all but the AWS SDK; aws-c-s3 then comes from PyPI
        "tests": [True, False],
    }
    default_options = {  # noqa: RUF012
        "sdk": True,
        "tests": True,
        **{f"aws-sdk-cpp/*:{module}": False for module in UNUSED_SDK_MODULES},
        # Certificates of the machine that runs, not of the one that builds.
        "libcurl/*:with_ca_bundle": False,
        "libcurl/*:with_ca_path": False,
        "libcurl/*:with_ca_fallback": True,
        "hdf5/*:enable_cxx": False,
        "hdf5/*:hl": False,
        "hdf5/*:with_zlib": False,
    }

    def requirements(self):
        if self.options.sdk:
            self.requires("aws-sdk-cpp/1.11.692")
            # The versions that this SDK is made of; their headers are included directly.
            self.requires("aws-c-s3/0.9.2")
            self.requires("aws-c-auth/0.9.1")
            self.requires("aws-c-http/0.10.5")
            self.requires("aws-c-io/0.23.2")
            self.requires("aws-c-common/0.12.5")
            self.requires("openssl/[>=3 <4]")
        self.requires("zlib/[>=1.3 <2]")
        self.requires("libdeflate/1.25")
        self.requires("lz4/1.10.0")
        self.requires("zstd/1.5.7")
        self.requires("nlohmann_json/3.12.0")
        # Headers only: the plugin takes every function from the libhdf5 that loads it.
        self.requires("hdf5/1.14.6", headers=True, libs=False, run=False)

    def build_requirements(self):
        if self.options.tests:
            self.test_requires("gtest/1.17.0")

    def layout(self):
        self.folders.generators = "build/conan"

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self, generator="Ninja")
        # CMakeUserPresets.json has the preset `conan`, written by hand: it is there, and inherits
        # from those of CMakePresets.json, before Conan has run.
        toolchain.user_presets_path = False
        licenses = Path(self.generators_folder) / "licenses"
        toolchain.variables["ARRAYMORPH_LICENSES_DIR"] = str(licenses)
        toolchain.generate()
        for dependency in self.dependencies.host.values():
            source = Path(dependency.package_folder) / "licenses"
            copy(self, "*", str(source), str(licenses / dependency.ref.name))
