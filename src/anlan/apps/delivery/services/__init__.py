"""The outbox: what was decided to be told becomes rows, rows become sent messages, receipts come back."""

from anlan.apps.delivery.services.callbacks import Taken, take_reports
from anlan.apps.delivery.services.contact_order import Whom, addressed, outside, title_of, whom_of
from anlan.apps.delivery.services.contacts import add as add_contact
from anlan.apps.delivery.services.contacts import change_order
from anlan.apps.delivery.services.contacts import disable as disable_contact
from anlan.apps.delivery.services.contacts import enable as enable_contact
from anlan.apps.delivery.services.draft import Draft, To
from anlan.apps.delivery.services.hints import connect, hint, nats_url
from anlan.apps.delivery.services.letters import on_subject
from anlan.apps.delivery.services.ops import send_ops
from anlan.apps.delivery.services.orphaned import pass_on_stranded
from anlan.apps.delivery.services.outbox import fact, fingerprint, post, post_all, prepare, write
from anlan.apps.delivery.services.receipts import mark_all_read, mark_read, receive_receipt
from anlan.apps.delivery.services.sending import send_due
from anlan.apps.delivery.services.test_message import send_test
from anlan.apps.delivery.services.trouble import Over, Trouble, TroubleKind, on_trouble
from anlan.apps.delivery.services.units import (
    PLATFORM,
    chain_of_contact,
    chain_of_person,
    unit_of_contact,
    units_of_contacts,
    units_of_person,
)

__all__ = [
    "PLATFORM",
    "Draft",
    "Over",
    "Taken",
    "To",
    "Trouble",
    "TroubleKind",
    "Whom",
    "add_contact",
    "addressed",
    "chain_of_contact",
    "chain_of_person",
    "change_order",
    "connect",
    "disable_contact",
    "enable_contact",
    "fact",
    "fingerprint",
    "hint",
    "mark_all_read",
    "mark_read",
    "nats_url",
    "on_subject",
    "on_trouble",
    "outside",
    "pass_on_stranded",
    "post",
    "post_all",
    "prepare",
    "receive_receipt",
    "send_due",
    "send_ops",
    "send_test",
    "take_reports",
    "title_of",
    "unit_of_contact",
    "units_of_contacts",
    "units_of_person",
    "whom_of",
    "write",
]
