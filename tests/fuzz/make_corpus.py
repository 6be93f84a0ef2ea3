"""Write the seeds of the fuzz targets that are made from real files, and the inputs that once were
findings: python tests/fuzz/make_corpus.py [DIRECTORY]   (needs h5py and hdf5plugin; deterministic)

What libFuzzer found itself lies beside them in the corpus under its own names (checksums).
"""

from __future__ import annotations

import io
import json
import struct
import sys
from pathlib import Path
from typing import Any

import h5py
import hdf5plugin
import numpy as np

CORPUS = Path(__file__).resolve().parent / "corpus"


def crc32c(data: bytes) -> int:
    """CRC-32C, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def hdf5_file(**options: Any) -> bytes:
    """A small HDF5 file with one array."""
    target = io.BytesIO()
    with h5py.File(target, "w", **options) as file:
        file.create_dataset("x", (4, 6), "<f4", chunks=(2, 3))
    return target.getvalue()


def catalogs() -> dict[str, bytes]:
    entry: dict[str, Any] = {"address": 800, "chunk": [2, 3], "layout": "chunked", "prefix": "x"}
    full = {
        **entry,
        "address": 1 << 40,
        "alloc_time": 1,
        "filter_masks": [[[0, 1], 3], [[1, 0], 4294967295]],
        "layout": "contiguous",
        "prefix": "group/a%20b~2",
    }
    versions = {**entry, "absent": [[0, 1]], "versions": {"0a1b2c3d": [[0, 0], [1, 1]]}}

    def text(*datasets: object, **more: object) -> bytes:
        root = {"datasets": datasets, "version": 1, **more}
        return json.dumps(root, sort_keys=True, separators=(",", ":")).encode()

    return {
        "empty": text(),
        "one": text(entry),
        "full": text(entry, full, external_links=True, sweep_needed=True, trash=["old", "~2/x"]),
        "versions": text(versions),
        "regression-deep": b"[" * 2000,
        "regression-deep-objects": b'{"a":' * 2000,
        "regression-version-of-64-bits": text(version=(1 << 32) + 1),
        "regression-mask-of-64-bits": text({**entry, "filter_masks": [[[0, 0], 1 << 32]]}),
        "regression-mask-of-another-rank": text({**entry, "filter_masks": [[[0], 1]]}),
        "regression-one-prefix-twice": text(entry, {**entry, "address": 900}),
        "regression-prefix-inside": text(entry, {**entry, "address": 900, "prefix": "x/c/0"}),
        "regression-trash-of-a-dataset": text(entry, trash=["x"]),
        "regression-trash-of-ours": text(entry, trash=[".arraymorph"]),
        "regression-alloc-time": text({**entry, "alloc_time": 1 << 31}),
        "regression-address-twice": text(entry, {**entry, "prefix": "y"}),
        "hostile-extent": text({**entry, "chunk": [1 << 60, 1 << 60]}),
        "hostile-numbers": b'{"datasets":[],"version":1e400}',
        "hostile-float": b'{"datasets":[],"version":1.0}',
        "hostile-rank": text({**entry, "chunk": [1] * 100}),
        "hostile-utf8": b'{"datasets":[],"trash":["\xff\xfe"],"version":1}',
        "hostile-surrogate": b'{"datasets":[],"trash":["\\ud800"],"version":1}',
    }


def metadata(file: bytes, catalog: bytes) -> bytes:
    content = file + catalog
    trailer = (
        b"AMORPHv1" + struct.pack("<QQI", len(file), len(catalog), crc32c(content)) + bytes(16)
    )
    return content + trailer + struct.pack("<I", crc32c(trailer))


def metadata_objects() -> dict[str, bytes]:
    catalog = catalogs()["full"]
    return {
        "latest": metadata(hdf5_file(libver="latest"), catalog),
        "user-block": metadata(hdf5_file(libver="latest", userblock_size=512), catalog),
        "old": metadata(hdf5_file()[:1024], catalogs()["empty"]),
        "no-file": metadata(b"", catalog),
        "nothing": b"",
        "superblock-of-sizes-255": metadata(
            b"\x89HDF\r\n\x1a\n\x03\xff\xff\x01" + bytes(600), catalogs()["empty"]
        ),
    }


def answers() -> dict[str, bytes]:
    content = "<Contents><Key>run.h5/{}</Key><Size>{}</Size><ETag>&quot;e&quot;</ETag></Contents>"
    head = (
        "<?xml version='1.0'?>\n<ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
    )

    def page(body: str) -> bytes:
        return f"\0{head}{body}</ListBucketResult>".encode()

    def error(code: str, message: str) -> bytes:
        return f"\2<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()

    return {
        "page": page(content.format("c", 5) + content.format("d&amp;e", 7)),
        "page-goes-on": page("<IsTruncated>true</IsTruncated>" + content.format("c", 1)),
        "page-empty": page(""),
        "page-empty-element": b"\0<ListBucketResult/>",
        "error": error("AccessDenied", "no"),
        "error-redirect": b"\0<Error><Code>PermanentRedirect</Code><Region>eu</Region></Error>",
        "regression-nothing-is-no-list": b"\0",
        "regression-html-is-no-list": b"\0<html><body>log in</body></html>",
        "regression-key-elsewhere": page(content.format("../../other", 1).replace("run.h5/", "")),
        "regression-key-of-an-earlier-page": page(content.format("a", 1)),
        "regression-goes-on-after-nothing": page("<IsTruncated>true</IsTruncated>"),
        "regression-deep": b"\0" + b"<a>" * 1000 + b"<b/>" * 1000,
        "regression-control-characters": error("X&#27;[2J", "line&#10;line\x07" + "y" * 2000),
        "regression-surrogate": b"\0<K>&#xD800;&#0;</K>",
        "regression-name-with-slash": b"\0<ListBucketResult/Contents/Key>k</Key>",
        "hostile-entities": b"\0<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><A>&c;</A>",
        "hostile-size": page(content.format("c", 1 << 60) + content.format("d", 1 << 70)),
        "hostile-unterminated": b"\0<ListBucketResult><Contents",
        "hostile-utf8": page(content.format("c", 1)).replace(b"/c", b"/c\xff\xfe"),
    }


def headers() -> dict[str, bytes]:
    return {
        "range": b'\0Content-Range:bytes 0-5/10\nContent-Length:6\nETag:"x"\nbytes 0-9/1234',
        "in-place": b"\1content-range:bytes 0-63/128",
        "hostile-length": b"\0Content-Length:1152921504606846976\ncontent-length:-1\n",
        "hostile-total": b"\0Content-Range:bytes 0-5/99999999999999999999999\nbytes */5",
    }


def reaches() -> dict[str, bytes]:
    """Platform, bucket, root, what is allowed, the file that has the name; the name."""

    def named(file: int, name: bytes, platform: int = 0, allowed: int = 1) -> bytes:
        return bytes([platform, 0, 0, 1 - allowed, file]) + name

    return {
        "beside": named(0, b"t.h5"),
        "below-origin": named(4, b"${ORIGIN}/sub/./t.h5"),
        "up": named(7, b"../../t.h5", platform=2),
        "candidate": named(2, b"/no/working/directory/https://h.example.org/a/t.h5"),
        "candidate-of-url": named(0, b"/no/working/directory/s3://bucket/a/S3://other/t.h5"),
        "plain": named(8, b"a/../t.h5", platform=1),
        "hostile-absolute": named(0, b"/etc/passwd", allowed=0),
        "hostile-dots": named(4, b"file:///no/allowed/../secret"),
        "hostile-percent": named(2, b"https://allowed.org/data/%2e%2e%2fsecret"),
        "hostile-host": named(2, b"https://h.example.org.evil.org/t.h5"),
        "hostile-bucket": named(0, b"s3://bucket/../other/t.h5"),
        "hostile-port": named(3, b"http://h:80/t.h5"),
        "top-of-the-disk": named(5, b"etc/passwd"),
    }


def pointers() -> dict[str, bytes]:
    def pointer(url: bytes, length: int | None = None) -> bytes:
        size = len(url) if length is None else length
        return (
            hdf5_file(libver="latest")[:64]
            + url
            + struct.pack("<I", size)
            + b"arraymorph pointer 1"
        )

    return {
        "s3": pointer(b"s3://bucket/run.h5"),
        "file": pointer(b"file:///data/run.h5"),
        "hostile-length": pointer(b"s3://bucket/run.h5", 0xFFFFFFFF),
        "hostile-scheme": pointer(b"http://example.org/x"),
        "regression-control-characters": pointer(b"s3://bucket/a\nb\x00\x1b[2J"),
    }


def codec_input(
    element: int, filters: list[tuple[int, ...]], decoded: int, stored: bytes, mask: int = 0
) -> bytes:
    """As tests/fuzz/codec.cc takes it apart; each filter is given by its parameters."""
    head = bytes([element - 1])
    for parameters in filters:
        head += bytes([0, len(parameters)])
        for value in parameters:
            head += bytes([value]) if value < 224 else b"\xff" + struct.pack("<I", value)
    return head + bytes([mask]) + struct.pack("<H", decoded) + stored


def stored_chunk(data: np.ndarray, **filters: Any) -> tuple[list[tuple[int, ...]], bytes]:
    """Parameters of the filters that HDF5 recorded, and the one chunk that it stored."""
    with h5py.File.in_memory() as file:
        dataset = file.create_dataset("x", data=data, chunks=data.shape, **filters)
        plist = dataset.id.get_create_plist()
        recorded = [plist.get_filter(i) for i in range(plist.get_nfilters())]
        return [tuple(each[2])[:7] for each in recorded], dataset.id.read_direct_chunk((0,))[1]


def codecs() -> dict[str, dict[str, bytes]]:
    data = (np.arange(300) * 7 % 1000).astype("<i4")
    noise = np.random.default_rng(1).integers(0, 1 << 32, 90, dtype="<u4")
    blosc = hdf5plugin.Blosc
    settings: dict[str, dict[str, dict[str, Any]]] = {
        "deflate": {"6": {"compression": "gzip", "compression_opts": 6}},
        "shuffle_fletcher32": {"both": {"shuffle": True, "fletcher32": True}},
        "lzf": {"plain": {"compression": "lzf"}},
        "lz4": {"plain": hdf5plugin.LZ4(), "blocks": hdf5plugin.LZ4(nbytes=256)},
        "zstd": {"3": hdf5plugin.Zstd(clevel=3)},
        "bitshuffle": {
            name: hdf5plugin.Bitshuffle(cname=name, nelems=64) for name in ("lz4", "zstd", "none")
        },
        "blosc": {
            f"{name}-{shuffle}": blosc(cname=name, clevel=5, shuffle=shuffle)
            for name in ("lz4", "lz4hc", "zlib", "zstd")
            for shuffle in (0, 1, 2)
        },
    }
    inputs: dict[str, dict[str, bytes]] = {}
    for target, variants in settings.items():
        inputs[target] = {}
        for name, filters in variants.items():
            for kind, array in (("counting", data), ("noise", noise)):
                recorded, stored = stored_chunk(array, **filters)
                inputs[target][f"{name}-{kind}"] = codec_input(4, recorded, array.nbytes, stored)
    inputs["lz4"]["hostile-size"] = codec_input(4, [()], 64, struct.pack(">QI", 1 << 60, 1) + b"\0")
    inputs["lz4"]["hostile-block"] = codec_input(4, [(1,)], 64, struct.pack(">QI", 64, 1 << 31))
    inputs["bitshuffle"]["hostile-size"] = codec_input(
        4, [(0, 4, 4, 64, 2)], 64, struct.pack(">QI", 1 << 60, 256) + bytes(40)
    )
    inputs["blosc"]["hostile-size"] = codec_input(
        4,
        [(2, 2, 4, 0, 5, 1, 1)],
        64,
        struct.pack("<BBBBIII", 2, 1, 33, 4, 1 << 31, 1, 40) + bytes(24),
    )
    inputs["pipeline"] = {
        "regression-growth": codec_input(4, [(1,), (0, 4, 4), (4,), (6,), ()], 9000, bytes(64))
    }
    return inputs


def main() -> None:
    corpus = Path(sys.argv[1]) if len(sys.argv) > 1 else CORPUS
    targets = {
        "catalog": catalogs(),
        "metadata_object": metadata_objects(),
        "xml": answers(),
        "http_headers": headers(),
        "pointer": pointers(),
        "reach": reaches(),
        **codecs(),
    }
    for target, inputs in targets.items():
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (corpus / target / name).write_bytes(data)


if __name__ == "__main__":
    main()
