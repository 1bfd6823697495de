"""Django application `alarms`: fires the ends of shelves, the moments of filings and the daily look at who has many
alarms when they are due."""

from django.apps import AppConfig


class AlarmsConfig(AppConfig):
    name = "anlan.apps.alarms"
    label = "alarms"

    def ready(self) -> None:
        from anlan.apps.alarms import kinds, services
        from anlan.apps.obligations import services as obligations

        obligations.register(kinds.SHELVING, services.fire_shelvings)
        obligations.register(kinds.WATCHING, services.fire_watching)
        # a filing that begins or ends changes what is graded, and so what a notice due at that instant means
        obligations.register(kinds.FILING, services.fire_filings, before_others=True)
