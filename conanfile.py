"""Dependencies from Conan: the aws-sdk-cpp flavour, for published wheels.

conan install . --build=missing, then cmake --preset conan.
"""

from conan import ConanFile
from conan.tools.cmake import CMakeDeps, CMakeToolchain


class ArrayMorph(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    requires = (
        "aws-sdk-cpp/1.11.619",
        "hdf5/1.14.6",
        "libdeflate/1.23",
        "nlohmann_json/3.12.0",
        "zlib/[>=1.3 <2]",
    )
    test_requires = "gtest/1.16.0"
    default_options = {
        "aws-sdk-cpp/*:s3": True,
        "aws-sdk-cpp/*:text-to-speech": False,
        "hdf5/*:enable_cxx": False,
        "hdf5/*:shared": True,  # only its headers are used; nothing links it
    }

    def layout(self):
        self.folders.generators = "build/conan"

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self, generator="Ninja")
        toolchain.user_presets_path = False  # CMakeUserPresets.json is ours and hand-written
        toolchain.generate()
