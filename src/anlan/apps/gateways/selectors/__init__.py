"""What is read of gateways and live values. Functions for the machine's own work say so; the rest take a scope."""

from anlan.apps.gateways.selectors.intake import (
    gaps_in,
    suspensions_in,
    tag_list,
    tag_list_sizes,
)
from anlan.apps.gateways.selectors.live import (
    Live,
    LiveValue,
    live,
)

__all__ = [
    "Live",
    "LiveValue",
    "gaps_in",
    "live",
    "suspensions_in",
    "tag_list",
    "tag_list_sizes",
]
