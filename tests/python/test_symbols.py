"""What the installed libraries show to the process they are loaded into, and what they link."""

from __future__ import annotations

import sys
from pathlib import Path

import arraymorph
import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")

PACKAGE = Path(arraymorph.__file__).parent
PLUGIN = PACKAGE / "lib/libarraymorph.so"
(MODULE,) = PACKAGE.glob("_core.*.so")
DF_1_NODELETE = 0x8


def exported(library: Path) -> set[str]:
    with library.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".dynsym")
        assert isinstance(table, SymbolTableSection)
        # Whatever is defined here counts: global, weak or unique.
        return {symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] != "SHN_UNDEF"}


def tags(library: Path) -> tuple[list[str], int]:
    """The libraries it needs and its second set of flags."""
    needed, flags = [], 0
    with library.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".dynamic")
        assert isinstance(section, DynamicSection)
        for tag in section.iter_tags():
            if tag.entry.d_tag == "DT_NEEDED":
                needed.append(str(getattr(tag, "needed")))  # noqa: B009 (the types miss it)
            elif tag.entry.d_tag == "DT_FLAGS_1":
                flags = tag.entry.d_val
    return needed, flags


def test_the_plugin_exports_what_hdf5_and_the_module_need() -> None:
    names = exported(PLUGIN)
    assert {"H5PLget_plugin_type", "H5PLget_plugin_info", "arraymorph_version"} <= names
    ours = {name for name in names if name.startswith("arraymorph_")}
    assert names - ours == {"H5PLget_plugin_type", "H5PLget_plugin_info"}


def test_the_module_exports_its_entry_point_only() -> None:
    assert exported(MODULE) == {"PyInit__core"}


@pytest.mark.parametrize("library", [PLUGIN, MODULE], ids=["plugin", "module"])
def test_no_libhdf5_is_linked(library: Path) -> None:
    needed, _flags = tags(library)
    assert needed
    assert [name for name in needed if "hdf5" in name] == []


def test_the_plugin_is_never_unloaded() -> None:
    _needed, flags = tags(PLUGIN)
    assert flags & DF_1_NODELETE
