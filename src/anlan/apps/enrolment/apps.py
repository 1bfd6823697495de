"""Django application `enrolment`."""

from django.apps import AppConfig


class EnrolmentConfig(AppConfig):
    name = "anlan.apps.enrolment"
    label = "enrolment"
