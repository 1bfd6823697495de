"""Cutting a sequence of frames into rounds in which every point occurs at most once.

Arrays can be updated a whole round at a time; a point that was sampled twice must be seen twice, in order. Frames of
different gateways share no points, so the n-th frame of each gateway makes the n-th round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from anlan.stream.frame import Frame


@dataclass(slots=True)
class Batch:
    """Samples of distinct points: parallel arrays. `order` is the place of a sample in the whole call."""

    rows: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    time: NDArray[np.int64]
    received: NDArray[np.int64]
    collected: NDArray[np.int64]
    order: NDArray[np.int64]

    def only(self, mask: NDArray[np.bool_]) -> Batch:
        """The samples where `mask` is true, in the same order."""
        chosen = np.flatnonzero(mask)
        return Batch(
            self.rows[chosen],
            self.value[chosen],
            self.quality[chosen],
            self.time[chosen],
            self.received[chosen],
            self.collected[chosen],
            self.order[chosen],
        )


def rounds(frames: Sequence[Frame]) -> Iterator[Batch]:
    """Yield batches whose concatenation, point by point, is the input in its order."""
    stacks: list[list[tuple[Frame, NDArray[np.intp] | None, int]]] = []
    depth: dict[str, int] = {}
    place = 0
    for frame in frames:
        level = depth.get(frame.gateway, 0)
        for part in _parts(frame):
            if level == len(stacks):
                stacks.append([])
            stacks[level].append((frame, part, place))
            level += 1
        depth[frame.gateway] = level
        place += len(frame.index)
    for stack in stacks:
        yield _join(stack)


def _parts(frame: Frame) -> list[NDArray[np.intp] | None]:
    if frame.unique or len(frame.index) == 0:
        return [None]
    # number each sample by how many of its point came before it in this frame
    by_row = np.argsort(frame.index, kind="stable")
    ordered = frame.index[by_row]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    number = np.empty(len(ordered), np.intp)
    number[by_row] = np.arange(len(ordered)) - np.repeat(first, np.diff(np.r_[first, len(ordered)]))
    highest = int(number.max())
    if highest == 0:
        return [None]
    return [np.flatnonzero(number == n) for n in range(highest + 1)]


def _join(stack: list[tuple[Frame, NDArray[np.intp] | None, int]]) -> Batch:
    rows, values, qualities, times, orders = [], [], [], [], []
    for frame, part, place in stack:
        if part is None:
            rows.append(frame.index)
            values.append(frame.value)
            qualities.append(frame.quality)
            times.append(frame.sampled_at_us)
            orders.append(np.arange(place, place + len(frame.index)))
        else:
            rows.append(frame.index[part])
            values.append(frame.value[part])
            qualities.append(frame.quality[part])
            times.append(frame.sampled_at_us[part])
            orders.append(part + place)
    sizes = [len(part) for part in rows]
    return Batch(
        np.concatenate(rows),
        np.concatenate(values),
        np.concatenate(qualities),
        np.concatenate(times),
        np.repeat(np.array([frame.received_at_us for frame, _, _ in stack], np.int64), sizes),
        np.repeat(np.array([frame.collected_at_us for frame, _, _ in stack], np.int64), sizes),
        np.concatenate(orders),
    )
