"""Dependencies from Conan: the aws-sdk-cpp flavour, for published wheels.

conan install . --build=missing, then cmake --preset conan.
"""

from pathlib import Path

from conan import ConanFile
from conan.tools.cmake import CMakeDeps, CMakeToolchain
from conan.tools.files import copy


class ArrayMorph(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    options = {"sdk": [True, False]}  # noqa: RUF012 (Conan's way); False: all but the AWS SDK
    requires = (
        "hdf5/1.14.6",
        "libdeflate/1.23",
        "nlohmann_json/3.12.0",
        "zlib/[>=1.3 <2]",
    )
    test_requires = "gtest/1.16.0"
    default_options = {  # noqa: RUF012
        "sdk": True,
        "aws-sdk-cpp/*:s3": True,
        "aws-sdk-cpp/*:text-to-speech": False,
        "hdf5/*:enable_cxx": False,
        "hdf5/*:shared": True,  # only its headers are used; nothing links it
    }

    def requirements(self):
        if self.options.sdk:
            self.requires("aws-sdk-cpp/1.11.619")

    def layout(self):
        self.folders.generators = "build/conan"

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self, generator="Ninja")
        toolchain.user_presets_path = False  # CMakeUserPresets.json is ours and hand-written
        licenses = Path(self.generators_folder) / "licenses"
        toolchain.variables["ARRAYMORPH_LICENSES_DIR"] = str(licenses)
        toolchain.generate()
        for dependency in self.dependencies.host.values():
            source = Path(dependency.package_folder) / "licenses"
            copy(self, "*", str(source), str(licenses / dependency.ref.name))
