"""History as Parquet: one file a day and enterprise, plain columns that DuckDB, Spark and pandas read as they are.

Columns: ``point``, ``gateway`` (dictionary), ``sampled_at``, ``received_at`` (timestamps, µs, UTC), ``value`` (float64,
null where there is none), ``quality`` (0 good, 1 uncertain, 2 bad). Rows of one point stand together in order of
sample time. Values are the doubles that history holds, never rounded. Needs pyarrow (extra ``parquet``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from anlan.apps.history.models import Block
from anlan.apps.history.selectors.stored import micros, stored
from anlan.rules.calendar import midnight

POINTS_AT_ONCE = 100
MISSING = "没有安装 pyarrow：导出 Parquet 需要它，请运行 ./run setup --full，或 pip install anlan[parquet]"


class ExportUnavailable(Exception):
    """pyarrow is not installed. The message says in Chinese what to install."""


@dataclass(frozen=True)
class Exported:
    """One day of one enterprise. ``damaged``: stretches of gateways that could not be read and are not in the file."""

    day: date
    enterprise: str
    samples: int
    damaged: int
    path: Path | None = None


def export_day(enterprise: str, gateways: dict[str, list[str]], day: date, sink: Any) -> Exported:
    """Write one civil day of an enterprise (``gateways``: point codes by gateway) to ``sink``, a path or binary file.

    Raises `ExportUnavailable`. Samples are those sampled on that day, each once. Nothing is changed.
    """
    arrow, parquet = _pyarrow()
    start, end = micros(midnight(day)), micros(midnight(day + timedelta(days=1)))
    schema = arrow.schema(
        [
            ("point", arrow.dictionary(arrow.int32(), arrow.string())),
            ("gateway", arrow.dictionary(arrow.int32(), arrow.string())),
            ("sampled_at", arrow.timestamp("us", tz="UTC")),
            ("received_at", arrow.timestamp("us", tz="UTC")),
            ("value", arrow.float64()),
            ("quality", arrow.uint8()),
        ],
        metadata={"anlan.format": "1", "anlan.enterprise": enterprise, "anlan.day": day.isoformat()},
    )
    rows = damaged = 0
    with parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        for gateway, codes in sorted(gateways.items()):
            for at in range(0, len(codes), POINTS_AT_ONCE):
                held = stored(gateway, sorted(codes)[at : at + POINTS_AT_ONCE], start, end, by_minute=False)
                damaged += len(held.damaged) if at == 0 else 0
                for code in sorted(held.series):
                    table = _table(arrow, schema, gateway, code, held.series[code], start, end)
                    if table is not None:
                        writer.write_table(table)
                        rows += table.num_rows
    return Exported(day, enterprise, rows, damaged, sink if isinstance(sink, Path) else None)


def export(
    enterprise: str, gateways: dict[str, list[str]], first: date, last: date, folder: Path
) -> Iterator[Exported]:
    """One file for every day of first … last that has history: ``folder/day=2026-03-01/<enterprise>.parquet``.

    A file is written beside and moved into its place when it is whole; a repeat writes the same again.
    """
    _pyarrow()
    day = first
    while day <= last:
        if _has_history(enterprise, day):
            path = folder / f"day={day.isoformat()}" / f"{enterprise}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(".part")
            done = export_day(enterprise, gateways, day, beside)
            beside.replace(path)
            yield Exported(done.day, done.enterprise, done.samples, done.damaged, path)
        day += timedelta(days=1)


def as_bytes(enterprise: str, gateways: dict[str, list[str]], day: date) -> bytes:
    """One day as the bytes of a file."""
    sink = BytesIO()
    export_day(enterprise, gateways, day, sink)
    return sink.getvalue()


def _has_history(enterprise: str, day: date) -> bool:
    start, end = micros(midnight(day)), micros(midnight(day + timedelta(days=1)))
    hour = 3_600_000_000
    return Block.objects.filter(enterprise=enterprise, start_us__gt=start - hour, start_us__lt=end).exists()


def _table(arrow: Any, schema: Any, gateway: str, code: str, series: Any, start: int, end: int) -> Any:
    at = np.concatenate([one.sampled_us for one in series])
    received = np.concatenate([one.received_us for one in series])
    order = np.lexsort((received, at))
    at, received = at[order], received[order]
    kept = np.r_[at[1:] != at[:-1], True][: len(at)] & (at >= start) & (at < end)
    if not kept.any():
        return None
    value = np.concatenate([one.value for one in series])[order][kept]
    quality = np.concatenate([one.quality for one in series])[order][kept]
    zeros = np.zeros(len(value), np.int32)
    return arrow.Table.from_arrays(
        [
            arrow.DictionaryArray.from_arrays(zeros, [code]),
            arrow.DictionaryArray.from_arrays(zeros, [gateway]),
            arrow.array(at[kept], arrow.timestamp("us", tz="UTC")),
            arrow.array(received[kept], arrow.timestamp("us", tz="UTC")),
            arrow.array(value, arrow.float64(), mask=np.isnan(value)),
            arrow.array(quality.astype(np.uint8), arrow.uint8()),
        ],
        schema=schema,
    )


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ExportUnavailable(MISSING) from error
    return pyarrow, pyarrow.parquet
