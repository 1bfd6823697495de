"""Django application `quality`: looks at an enterprise whenever its register changes."""

from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "anlan.apps.quality"
    label = "quality"

    def ready(self) -> None:
        from anlan.apps.quality import kinds, services
        from anlan.apps.registry.services import on_change

        kinds.declared()
        on_change(services.look_after_change)
