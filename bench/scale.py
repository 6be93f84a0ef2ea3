"""How much is measured: the sizes and repeats of a full, a quick and a smoke run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    side: int  # of the square array
    repeats: int
    sweep_repeats: int  # of curves, and at latencies that no target names
    cell_seconds: float  # a case that has taken this long altogether is not repeated again
    datasets: int  # small ones in a file
    scattered_side: int  # of the large array in the plain file in chunks of 8 KiB
    scattered_datasets: int  # around it
    real_files: bool  # some are downloaded
    small_chunks_side: int  # of the array in chunks of 32 x 32
    memory_shapes: tuple[tuple[int, int], ...]
    growth_chunks: tuple[int, ...]
    sweep_chunk_sides: tuple[int, ...]
    transfer_side: int  # of the array in the plain file; gzip halves it
    delays_ms: tuple[float, ...]
    touched_bytes: int  # before each clock: about all that the measured programs use


SCALES = {
    "full": Scale(
        side=8192,
        repeats=5,
        sweep_repeats=3,
        cell_seconds=15,
        datasets=1000,
        scattered_side=2048,
        scattered_datasets=128,
        real_files=True,
        small_chunks_side=3200,
        memory_shapes=((8192, 8192), (32768, 16384)),
        growth_chunks=(100, 1000, 10_000, 100_000),
        sweep_chunk_sides=(128, 256, 512, 1024, 2048),
        transfer_side=23040,
        delays_ms=(0, 20, 100),
        touched_bytes=3 << 29,
    ),
    "quick": Scale(
        side=4096,
        repeats=2,
        sweep_repeats=1,
        cell_seconds=3,
        datasets=200,
        scattered_side=1024,
        scattered_datasets=64,
        real_files=True,
        small_chunks_side=1600,
        memory_shapes=((8192, 8192),),
        growth_chunks=(100, 1000, 10_000),
        sweep_chunk_sides=(128, 512, 2048),
        transfer_side=8192,
        delays_ms=(0, 20),
        touched_bytes=1 << 29,
    ),
    "smoke": Scale(
        side=512,
        repeats=1,
        sweep_repeats=1,
        cell_seconds=1,
        datasets=10,
        scattered_side=256,
        scattered_datasets=4,
        real_files=False,
        small_chunks_side=128,
        memory_shapes=((512, 512),),
        growth_chunks=(16, 64),
        sweep_chunk_sides=(128,),
        transfer_side=1024,
        delays_ms=(0, 5),
        touched_bytes=0,
    ),
}
