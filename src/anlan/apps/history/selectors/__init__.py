"""Reads history: a curve of at most N points, single samples, counts. The caller asks for what its reader may see."""

from anlan.apps.history.selectors.trend import PointTrend, Samples, limits_of, raw, samples_count, trend

__all__ = ["PointTrend", "Samples", "limits_of", "raw", "samples_count", "trend"]
