"""What is asked, one file each; `QUESTIONS` is the list, in the order of the report.

A question has `cases(scale, delays)`, without the peers that cannot answer it, and
`run(case, data)`, which a process of its own calls. `data` is the folder of the arrays' values.
It may have OWN_SERVER (a fresh one for each latency), MOST_DELAY_MS (larger latencies only when
they are asked for) and SWEEP (a whole curve: fewer repeats).
"""

from __future__ import annotations

QUESTIONS = (
    "whole_read",
    "rows",
    "windows",
    "whole_write",
    "transfer",
    "catalog",
    "plain_open_read",
    "plain_windows",
    "listing",
    "small_chunks",
    "chunk_size",
    "chunk_number",
    "memory",
    "growth",
    "points",
)
