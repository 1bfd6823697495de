"""Django application `enrolment`: declares what a change of the register may give rise to."""

from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    name = "anlan.apps.enrolment"
    label = "enrolment"

    def ready(self) -> None:
        from anlan.apps.enrolment import kinds  # noqa: F401  declared by being loaded
