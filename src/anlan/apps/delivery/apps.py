"""Django application `delivery`."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "anlan.apps.delivery"
    label = "delivery"

    def ready(self) -> None:
        """Refuse to start with channels that the settings describe wrongly: a `ConfigError` that names the setting."""
        from anlan.apps.delivery.services.contact_order import outside

        outside()
