"""Django application `changes`: takes up what enterprises ask for, and what their systems show without having asked."""

from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "anlan.apps.changes"
    label = "changes"

    def ready(self) -> None:
        from anlan.apps.alarms.services import on_told_limits
        from anlan.apps.changes import kinds, services
        from anlan.apps.changes.unapproved import look_at_limits
        from anlan.apps.enrolment.services import on_asked
        from anlan.apps.obligations import services as obligations

        obligations.register(kinds.EXPIRY, services.fire_expiries)
        on_asked(services.ask_from_workbook)
        on_told_limits(look_at_limits)
