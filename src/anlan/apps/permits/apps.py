"""Django application `permits`: plans the day's report, and is asked what was promised and what to propose."""

from django.apps import AppConfig


class PermitsConfig(AppConfig):
    name = "anlan.apps.permits"
    label = "permits"

    def ready(self) -> None:
        from anlan.apps.commitments import services as commitments
        from anlan.apps.files import services as files
        from anlan.apps.obligations.services import duties
        from anlan.apps.permits import entitled
        from anlan.apps.permits.models import DayReport, SpecialWork
        from anlan.apps.permits.services import daily, witness

        duties.register(daily.REPORT)
        commitments.register_witness("permits", witness.witness)
        commitments.register_proposer("permits", witness.propose)
        rows = {
            SpecialWork.CASE: lambda: SpecialWork.objects.select_related("enterprise"),
            DayReport.CASE: lambda: DayReport.objects.select_related("enterprise"),
        }
        for word, mine in rows.items():
            files.allow(word, rows=mine, may_attach=entitled.may_relay, may_withdraw=entitled.may_relay)
