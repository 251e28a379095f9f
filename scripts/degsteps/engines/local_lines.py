"""Where lines are fitted through sorted points, and by which points (Cleveland 1979, 1981): for curves of engines."""

import numpy as np


def anchors_of(x: np.ndarray, delta: float) -> np.ndarray:
    """Return the points at which lines are fitted: each the last one within delta of the one before."""
    anchors, last = [0], 0
    while True:
        # Points that are equal to the last one share its value.
        last = int(np.searchsorted(x, x[last], side="right")) - 1
        if last >= len(x) - 1:
            return np.array(anchors)
        beyond = int(np.searchsorted(x, x[last] + delta, side="right"))
        last = min(max(last + 1, beyond - 1), len(x) - 1)
        anchors.append(last)


def window_of(x: np.ndarray, position: int, nearest: int) -> tuple[int, int, float]:
    """Return the first of the nearest points, the end of all points at their distance, and that distance."""
    # The window moves right as long as the point that comes in is nearer than the one that leaves.
    low, high = max(0, position - nearest + 1), min(position, len(x) - nearest)
    while low < high:
        middle = (low + high) // 2
        if x[position] - x[middle] > x[middle + nearest] - x[position]:
            low = middle + 1
        else:
            high = middle
    distance = max(x[position] - x[low], x[low + nearest - 1] - x[position])
    end = int(np.searchsorted(x, x[position] + 0.999 * distance, side="right"))
    return low, max(end, low + 1), float(distance)
