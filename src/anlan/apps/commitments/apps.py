"""Django application `commitments`: plans the daily commitment and its reminder, and fires them."""

from django.apps import AppConfig


class CommitmentsConfig(AppConfig):
    name = "anlan.apps.commitments"
    label = "commitments"

    def ready(self) -> None:
        from anlan.apps.commitments.services import daily
        from anlan.apps.obligations.services import duties

        duties.register(daily.REMINDER)
        duties.register(daily.COMMITMENT)
