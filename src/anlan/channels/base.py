"""What every way of reaching a person has in common. A channel sends one letter, or says why it could not.

Must never decide who is told, and never try again by itself: the outbox (`anlan.apps.delivery`) keeps the tries.
No error text may hold a secret of the settings; errors are Chinese and made to be shown.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from anlan.plain import lines, one_line

if TYPE_CHECKING:
    from anlan.channels.reports import Reports


class Fault(StrEnum):
    """Whose fault it is that a letter did not go: the one vocabulary into which every channel puts what it was told.

    A status of the way to the provider is never a verdict on a recipient, and a recipient's trouble never one on the
    way. What nobody understands is the letter's: the outbox sees by the other letters whether it was the channel's.
    """

    TRANSPORT = "transport"
    """The way is down or full: no answer, 5xx, a throttle. Everybody's letters wait and go out when it is well."""
    ACCOUNT = "account"
    """The provider refuses this installation, or nothing of the kind stands at the address of its interface."""
    LETTER = "letter"
    """This letter was refused, or the answer to it means nothing that we know."""
    RECIPIENT = "recipient"
    """The provider cannot reach this recipient now: mailbox full, number over its daily count, greylisted."""
    ADDRESS = "address"
    """The recipient's address can never be used this way."""


class ChannelError(Exception):
    """The letter could not be sent now; another try may succeed, after ``retry_after`` seconds if that is given."""

    fault: ClassVar[Fault] = Fault.TRANSPORT

    def __init__(self, text: str = "", retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class AccountError(ChannelError):
    """The provider refuses this installation (key, signature, quota, template), whoever the letter is for.

    No recipient's address is at fault: nobody's contact is to be disabled for it. The whole channel is unwell until its
    settings or the account are put right; a later try may then succeed.
    """

    fault = Fault.ACCOUNT


class LetterError(ChannelError):
    """The provider refuses this letter, or answers what nobody knows: charged to the letter, not to the channel.

    Tried some times more; then it has failed, when the channel took others meanwhile.
    """

    fault = Fault.LETTER


class RecipientError(ChannelError):
    """The provider's word that this recipient cannot be reached now; the address is right. Tried some times more, while
    the recipient's next way is opened."""

    fault = Fault.RECIPIENT


class PermanentError(ChannelError):
    """This letter can never reach this address this way: none was given, or it is not of the kind. Not tried again."""

    fault = Fault.ADDRESS


class NoSuchAddress(PermanentError):
    """The provider's own word that the address does not exist: the one ground on which a contact is suspended."""


class Need(StrEnum):
    """Kind of address that a channel wants in `Letter.address`; the kinds are also those of a person's contacts."""

    PHONE = "phone"
    EMAIL = "email"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    URL = "url"
    NOTHING = "nothing"
    """The place is in the settings (a group, a bulletin board, another system): one letter a notice is enough."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A letter about the same subject that went to the same address by the same channel before this one."""

    key: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient. ``key`` is the same at every try, so a receiver can drop a repetition.

    Instants are aware. What is not known or does not apply is empty; only the first five are always there. Texts are
    washed when the letter is made (`anlan.plain`): on one line, the body on several, without anything that a header, a
    subject or a file name would obey. The key and the address stay as they are.
    """

    key: str
    to: str
    """Name of the recipient, in words."""
    title: str
    body: str
    level: str
    """red, orange, yellow, blue; empty for a letter that is not about a level."""
    address: str = ""
    """Of the kind that the channel needs; empty when it needs none."""
    kind: str = ""
    """What is told: informed, upgraded, downgraded, notice, site_order, cleared, report_due, report, report_overdue,
    summary."""
    sent_at: datetime | None = None
    """When the decision was taken to tell (not when this try is made): the same at every try."""
    due_at: datetime | None = None
    enterprise: str = ""
    """Name of the enterprise; its code is ``enterprise_code``."""
    enterprise_code: str = ""
    source: str = ""
    """Name of the hazard source; its code is ``source_code``."""
    source_code: str = ""
    region: str = ""
    """Code of the division (GB/T 2260) where the enterprise lies; its name is ``region_name``."""
    region_name: str = ""
    number: str = ""
    """Number of the warning; letters of one number belong together (threads, updates)."""
    step: int | None = None
    article: str = ""
    exercise: bool = False
    """Part of a drill: channels that can, mark it so."""
    acting: bool = False
    """Told beside or instead of the duty holder (代)."""
    earlier: tuple[Earlier, ...] = ()
    """Filled for channels that ask for it (`Channel.wants_earlier`), oldest first."""

    def __post_init__(self) -> None:
        for name in _ONE_LINE:
            object.__setattr__(self, name, one_line(getattr(self, name)))
        object.__setattr__(self, "body", lines(self.body))


_ONE_LINE = (
    "to", "title", "level", "kind", "enterprise", "enterprise_code", "source", "source_code", "region", "region_name",
    "number", "article",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider said on taking a letter. ``provider_id`` is what its delivery reports will name later; like them
    without control signs, which no database takes: a letter that was taken must not fail to be recorded."""

    provider_id: str = ""
    delivered: bool = False
    """True: it is where it should be; False: accepted, a report may follow."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider_id", one_line(self.provider_id))


class ReceiptState(StrEnum):
    """What a provider reports later about a letter that it took."""

    DELIVERED = "delivered"
    READ = "read"
    """The recipient answered: a key pressed on the telephone, a message opened."""
    FAILED = "failed"
    """It did not arrive, and the provider will not try again."""


@dataclass(frozen=True, slots=True)
class Report:
    """One line of a provider's delivery report. ``at`` None: the provider did not say when."""

    provider_id: str
    state: ReceiptState
    at: datetime | None = None
    error: str = ""
    bad_address: bool = False
    """FAILED because the address does not exist (as `NoSuchAddress`), not for a passing reason."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "provider_id", one_line(self.provider_id))
        object.__setattr__(self, "error", one_line(self.error))


class Channel(ABC):
    """A way of reaching a person. Built once from the settings, used by several threads at the same time."""

    name: str
    """Name of the table in the settings; what a delivery row carries."""
    title: str = ""
    """What screens call it."""
    needs: Need = Need.NOTHING
    rate: float | None = None
    """Letters per second that the provider allows; None: no limit known. The outbox keeps to it."""
    timeout_s: float = 10.0
    """`send` ends within about this time, whatever the other side does."""
    wants_earlier: bool = False
    shown: bool = False
    """What it takes leaves the platform nowhere and is shown on a page: demonstrations."""
    reports: Reports | None = None
    """How the provider posts delivery reports; None: it posts none."""

    @abstractmethod
    def send(self, letter: Letter) -> Receipt | None:
        """Send within the channel's own timeout; None when the provider gave no number to follow it by.

        Raises a `ChannelError`, of the class whose `Fault` it is. Any other exception is a mistake in the channel and
        counts as a `LetterError`.
        """
