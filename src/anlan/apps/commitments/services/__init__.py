"""The daily commitment is entered, promised, corrected, asked for and held against the records."""

from anlan.apps.commitments.services.doubts import Contradiction, reconsider, register_witness
from anlan.apps.commitments.services.promise import commit, enter
from anlan.apps.commitments.services.proposals import Proposal, confirm_proposed, proposals, register_proposer
from anlan.apps.commitments.services.units import add_unit, assess, end_unit

__all__ = [
    "Contradiction",
    "Proposal",
    "add_unit",
    "assess",
    "commit",
    "confirm_proposed",
    "end_unit",
    "enter",
    "proposals",
    "reconsider",
    "register_proposer",
    "register_witness",
]
