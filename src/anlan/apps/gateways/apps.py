"""Django application `gateways`: a filing that begins or ends explains silent gateways, or explains them no more."""

from django.apps import AppConfig


class GatewaysConfig(AppConfig):
    name = "anlan.apps.gateways"
    label = "gateways"

    def ready(self) -> None:
        from anlan.apps.alarms import services as alarms
        from anlan.apps.gateways import kinds  # noqa: F401  declared by being loaded
        from anlan.apps.gateways.services import lost_links

        alarms.on_filing(lost_links.take_effect, lost_links.end)
