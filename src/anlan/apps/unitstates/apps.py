"""Django application `unitstates`: is asked what was promised and what to propose."""

from django.apps import AppConfig


class UnitStatesConfig(AppConfig):
    name = "anlan.apps.unitstates"
    label = "unitstates"

    def ready(self) -> None:
        from anlan.apps.commitments import services as commitments
        from anlan.apps.unitstates import witness

        commitments.register_witness("unit_states", witness.witness)
        commitments.register_proposer("unit_states", witness.propose)
