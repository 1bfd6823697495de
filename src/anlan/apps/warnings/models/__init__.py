"""Early warnings (预警): the warning, its level episodes, who was told, what people did."""

from anlan.apps.warnings.models.handling import Act, ActKind, Confirmation, DisposalReport, SiteOrder
from anlan.apps.warnings.models.numbering import DayNumber
from anlan.apps.warnings.models.supervision import Supervision
from anlan.apps.warnings.models.warning import Kept, LevelEpisode, Origin, Told, Warning, WarningLevel, kept_by

__all__ = [
    "Act",
    "ActKind",
    "Confirmation",
    "DayNumber",
    "DisposalReport",
    "Kept",
    "LevelEpisode",
    "Origin",
    "SiteOrder",
    "Supervision",
    "Told",
    "Warning",
    "WarningLevel",
    "kept_by",
]
