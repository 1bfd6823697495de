"""A country of any size for benchmarks and slow tests, written in bulk: registry, links, alarms; no pages, no clocks.

`registry` lays out provinces, cities, counties and parks and as many enterprises, hazard sources and points as asked,
with the codes and keys of `anlan.testing.sites`, so that a sender in another process needs no list. `alarms` adds a
past of alarms. All of it is invented and named 示例. It must never be written into a database that holds anything.
"""

from anlan.testing.national.past import alarms, faults
from anlan.testing.national.registry import Country, Size, registry

__all__ = ["Country", "Size", "alarms", "faults", "registry"]
