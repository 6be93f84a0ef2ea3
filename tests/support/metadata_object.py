"""A metadata object taken apart, and put together again with the right checksums."""

from __future__ import annotations

import struct
from dataclasses import dataclass


def make_table() -> list[int]:
    table = list(range(256))
    for _ in range(8):
        table = [crc >> 1 ^ (0x82F63B78 if crc & 1 else 0) for crc in table]
    return table


TABLE = make_table()


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@dataclass
class Metadata:
    """A metadata object taken apart."""

    file: bytes
    catalog: bytes
    tail: bytes  # of the trailer: what follows the content's checksum, without its own

    @classmethod
    def parse(cls, data: bytes) -> Metadata:
        length = struct.unpack_from("<Q", data, len(data) - 40)[0]
        return cls(data[:length], data[length:-48], data[-20:-4])

    def object(self, lengths: tuple[int, int] | None = None) -> bytes:
        content = self.file + self.catalog
        file, catalog = lengths or (len(self.file), len(self.catalog))
        trailer = b"AMORPHv1" + struct.pack("<QQI", file, catalog, crc32c(content)) + self.tail
        return content + trailer + struct.pack("<I", crc32c(trailer))
