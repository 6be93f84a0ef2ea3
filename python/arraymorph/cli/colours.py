"""Colours for numbers (viridis, which survives print and colour blindness) and for kinds."""

from __future__ import annotations

import math
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Scale:
    """From numbers to colours; by ratios where the numbers span a wide range."""

    low: float
    high: float
    by_ratio: bool = False

    def colour(self, value: float) -> str:
        return colour_at(self.share(value) if self.high > self.low else 0.5)

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one."""
        if self.high <= self.low:
            return 0.0
        if self.by_ratio:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return max(value - self.low, 0.0) / (self.high - self.low)

    def value(self, share: float) -> float:
        """The other way round: of 0 to 1 the number."""
        if self.by_ratio:
            return float(self.low * (self.high / self.low) ** share)
        return self.low + (self.high - self.low) * share
