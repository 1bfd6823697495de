"""The daily commitment is entered, promised, corrected, asked for and held against the records."""

from anlan.apps.commitments.services.doubts import Contradiction, register_witness
from anlan.apps.commitments.services.promise import commit, enter
from anlan.apps.commitments.services.units import add_unit, assess, end_unit

__all__ = ["Contradiction", "add_unit", "assess", "commit", "end_unit", "enter", "register_witness"]
