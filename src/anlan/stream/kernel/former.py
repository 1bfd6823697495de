"""Samples that are older than the setting of their point are judged by the one that held at their time (DQ-12).

They come late because a gateway or the engine was away while a limit was changed. Whoever keeps the settings is asked
once a point and change; samples newer than every change, as nearly all are, never get here. Pure but for that question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from anlan.stream.frame import Frame
from anlan.stream.points import PointSpec, PointTable

Settings = Sequence[tuple[int, Mapping[str, Any]]]
"""Former settings of a point, oldest first: until when each held (epoch µs), and its fields of `PointSpec`."""
AskFormer = Callable[[Sequence[str]], Mapping[str, Settings]]
"""By code the former settings of points; one that was never changed may be missing."""
NOW = -1
"""Place of the setting that a point has now."""


def nothing_former(codes: Sequence[str]) -> Mapping[str, Settings]:
    """No point was ever changed."""
    return {}


class Former:
    """What the points of a table were set to before."""

    def __init__(self, table: PointTable, ask: AskFormer) -> None:
        self._table, self._ask = table, ask
        self._known: dict[int, tuple[int, Settings]] = {}
        """By row, since when its present setting holds and what was before."""

    def parts(self, frame: Frame, old: NDArray[np.bool_]) -> Iterator[tuple[Frame, NDArray[np.int32], list[PointSpec]]]:
        """Cut a frame into samples of one setting each, the oldest first, with rows and what they were set to then.

        ``old``: its samples from before the present setting of their point. The samples of a point keep their order
        within a part; the last part has those of now, and no rows.
        """
        index, time = frame.index, frame.sampled_at_us
        rows: list[int] = np.unique(index[old]).tolist()
        self._look_up(rows)
        place = np.full(len(index), NOW)
        for row in rows:
            until = np.array([until for until, _ in self._known[row][1]], np.int64)
            mine = np.flatnonzero(old & (index == row))
            found = np.searchsorted(until, time[mine], "right")
            place[mine] = np.where(found < len(until), found - len(until), 0) - 1  # counted back from now
        for back in range(int(place.min()), NOW):
            chosen = place == back
            if chosen.any():
                mine_rows = np.unique(index[chosen])
                yield frame.only(chosen), mine_rows, [self._spec(row, back + 1) for row in mine_rows.tolist()]
        if (place == NOW).any():
            yield frame.only(place == NOW), np.empty(0, np.int32), []

    def _spec(self, row: int, back: int) -> PointSpec:
        return structs.replace(self._table.specs[row], **self._known[row][1][back][1])

    def _look_up(self, rows: Sequence[int]) -> None:
        since, specs = self._table.since_us, self._table.specs
        wanted = [row for row in rows if self._known.get(row, (None,))[0] != int(since[row])]
        found = self._ask([specs[row].code for row in wanted]) if wanted else {}
        self._known |= {row: (int(since[row]), found.get(specs[row].code, ())) for row in wanted}
