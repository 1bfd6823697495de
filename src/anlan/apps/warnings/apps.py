"""Django application `warnings`: listens to changes of alarms and duty holders, is asked what was promised, and fires
its steps when due."""

from django.apps import AppConfig


class WarningsConfig(AppConfig):
    name = "anlan.apps.warnings"
    label = "warnings"

    def ready(self) -> None:
        from anlan.apps.alarms import services as alarms
        from anlan.apps.commitments import services as commitments
        from anlan.apps.delivery import services as delivery
        from anlan.apps.obligations import services as obligations
        from anlan.apps.registry import services as registry
        from anlan.apps.warnings import kinds, selectors, services
        from anlan.apps.warnings.services import witness
        from anlan.apps.warnings.services.undelivered import note_trouble, number_of

        commitments.register_witness("warnings", witness.witness)
        delivery.on_trouble(note_trouble)
        delivery.on_subject("warning", number_of)
        alarms.on_source_change(services.regrade)
        alarms.on_open_warnings(selectors.open_by_source)
        registry.on_holder_change(services.holder_changed)
        obligations.register(kinds.REGRADE, services.fire_regrades, before_others=True)
        obligations.register_prepared(kinds.NOTICE, services.fire_notices)
        obligations.register_prepared(kinds.SITE_ORDER, services.fire_site_orders)
        obligations.register_prepared(kinds.REPORT, services.fire_reports)
        obligations.register(kinds.SUMMARY, services.fire_summaries)
        obligations.register(kinds.SUPERVISION, services.fire_supervision)
