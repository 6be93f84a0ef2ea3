"""Colours for numbers (viridis, which survives print and colour blindness) and for kinds."""

from __future__ import annotations

# Nine points of viridis, by Stéfan van der Walt and Nathaniel Smith (CC0).
_VIRIDIS = (
    *((68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141)),
    *((39, 173, 129), (92, 200, 99), (170, 220, 50), (253, 231, 37)),
)

MISSING = "#d0d0d0"  # where nothing can be hatched

# Okabe and Ito's, which the colour-blind can tell apart.
KINDS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#000000")


def colour_at(share: float) -> str:
    """Of 0 to 1, dark to light."""
    place = min(max(share, 0.0), 1.0) * (len(_VIRIDIS) - 1)
    number = min(int(place), len(_VIRIDIS) - 2)
    rest = place - number
    mixed = (
        round(a + (b - a) * rest)
        for a, b in zip(_VIRIDIS[number], _VIRIDIS[number + 1], strict=True)
    )
    return "#" + "".join(f"{each:02x}" for each in mixed)
