"""Django application `findings`: fires the limits of rectification, and says who hands in files for a finding."""

from django.apps import AppConfig


class FindingsConfig(AppConfig):
    name = "anlan.apps.findings"
    label = "findings"

    def ready(self) -> None:
        from anlan.apps.files import services as files
        from anlan.apps.findings import entitled, kinds, services
        from anlan.apps.findings.models import Finding
        from anlan.apps.obligations import services as obligations

        obligations.register(kinds.RECTIFY, services.fire_overdue)
        files.allow(
            Finding.CASE,
            rows=lambda: Finding.objects.select_related("enterprise"),
            may_attach=entitled.may_attach,
            may_withdraw=entitled.may_supervise,
            shut=entitled.shut,
        )
