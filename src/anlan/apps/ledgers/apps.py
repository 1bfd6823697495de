"""Django application `ledgers`: finds every declared ledger by being there, and fires what falls due in them."""

from importlib import import_module
from pkgutil import iter_modules

from django.apps import AppConfig


class LedgersConfig(AppConfig):
    name = "anlan.apps.ledgers"
    label = "ledgers"

    def ready(self) -> None:
        from anlan.apps.files import services as files
        from anlan.apps.ledgers import declared, entitled, kinds, services
        from anlan.apps.ledgers.models import LedgerEntry
        from anlan.apps.obligations import services as obligations
        from anlan.apps.obligations.services import duties

        files.allow(
            LedgerEntry.CASE,
            rows=lambda: LedgerEntry.objects.select_related("enterprise"),
            may_attach=entitled.may_attach,
            may_withdraw=entitled.may_attach,
            shut=entitled.shut,
            may_read=entitled.may_read_papers,
        )
        for module in sorted(each.name for each in iter_modules(declared.__path__)):
            import_module(f"anlan.apps.ledgers.declared.{module}")
        for ledger in kinds.ledgers():
            if ledger.due is not None:
                obligations.register(ledger.due.kind, services.fire_due)
            if ledger.every is not None:
                duties.register(services.duty_of(ledger, ledger.every))
