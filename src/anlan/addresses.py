"""Telephone numbers and mail addresses as people type them, in the one form in which they are kept and used.

``+86 138 0000 0000``, ``138-0000-0000``, full-width digits and invisible marks are one number, kept as
``13800000000``. What is no number, or more than one, is refused where it is entered; what was kept before the rule
stood is brought into its form when it is used, and used as it is when that cannot be done.
"""

from __future__ import annotations

import re
import unicodedata

import email_validator
import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from anlan.plain import one_line
from anlan.refused import Refused

HOME, HOME_CODE = "CN", 86
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9]\d{9})")
"""Every mainland segment, also one that is newer than the data of the library."""
_SEVERAL = re.compile(r"[/、,，;；|]|或|和|及")
_EXTENSION = re.compile(r"(?:转接?|分机|ext\.?|x|#)\s*(\d{1,6})$", re.IGNORECASE)
_SHORT = re.compile(r"\d{3,6}")
"""Numbers of a duty desk such as 119 or 12350."""

if "local" in email_validator.SPECIAL_USE_DOMAIN_NAMES:
    email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("local")  # mail servers of inner networks are called so


def phone(text: str, *, desk: bool = False) -> str:
    """The number in its one form: a mainland mobile as 11 digits, a mainland line as ``010-12345678``, others as
    ``+85291234567``; empty stays empty. ``desk``: short numbers and extensions (``…转8001``) are taken as well.

    Raises `Refused`.
    """
    typed = _typed(text)
    if not typed:
        return ""
    if _SEVERAL.search(typed):
        raise Refused(_("“%(text)s”：一处只能填一个号码") % {"text": text.strip()[:40]})
    extension = _EXTENSION.search(typed)
    number = typed[: extension.start()] if extension else typed
    bare = re.sub(r"[\s\-().]", "", number)
    if extension and not desk:
        raise Refused(_("“%(text)s”带分机，拨不通；请填直拨的号码") % {"text": text.strip()[:40]})
    mobile = _MOBILE.fullmatch(bare)
    if mobile:
        found = mobile[1]
    elif desk and _SHORT.fullmatch(bare):
        found = bare
    else:
        found = _line(number, text)
    return f"{found}转{extension[1]}" if extension else found


def _line(number: str, text: str) -> str:
    refused = Refused(_("“%(text)s”不是电话号码") % {"text": text.strip()[:40]})
    if not re.fullmatch(r"\+?[\d\s\-().]+", number):
        raise refused
    try:
        parsed = phonenumbers.parse(number, HOME)
    except phonenumbers.NumberParseException:
        raise refused from None
    if not phonenumbers.is_valid_number(parsed):
        raise refused
    if parsed.country_code != HOME_CODE:
        return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    digits = phonenumbers.national_significant_number(parsed)
    if phonenumbers.number_type(parsed) != PhoneNumberType.FIXED_LINE:
        return digits
    area = phonenumbers.length_of_geographical_area_code(parsed)
    return f"0{digits[:area]}-{digits[area:]}" if area else f"0{digits}"


def mail(text: str) -> str:
    """The address with its domain in small letters; a domain in Chinese stays so. Raises `Refused`."""
    typed = _typed(text)
    if not typed:
        return ""
    if re.search(r"[,，;；、|\s]", typed):
        raise Refused(_("“%(text)s”：一处只能填一个邮箱，中间不能有空白") % {"text": text.strip()[:40]})
    try:
        found = email_validator.validate_email(typed, check_deliverability=False)
    except email_validator.EmailNotValidError:
        raise Refused(_("“%(text)s”不是邮箱地址") % {"text": text.strip()[:40]}) from None
    return found.normalized


def tidy_phone(text: str, *, desk: bool = False) -> str:
    """`phone`, or the text as it is where that refuses: for numbers that were kept before."""
    try:
        return phone(text, desk=desk)
    except Refused:
        return text.strip()


def tidy_mail(text: str) -> str:
    """`mail`, or the text as it is where that refuses."""
    try:
        return mail(text)
    except Refused:
        return text.strip()


def dialled(text: str) -> str:
    """What a gateway is given of a number: digits, or ``+`` and digits; as it is where it is no number."""
    tidy = tidy_phone(text)
    return re.sub(r"[\s-]", "", tidy) if re.fullmatch(r"\+?[\d\s-]+", tidy) else tidy


def _typed(text: str) -> str:
    """The text without what cannot be seen, in half width, with one kind of dash and of digit."""
    found = unicodedata.normalize("NFKC", one_line(text))
    return "".join(map(_plain_sign, found)).strip()


def _plain_sign(sign: str) -> str:
    match unicodedata.category(sign):
        case "Nd":
            return str(unicodedata.decimal(sign))
        case "Pd":
            return "-"
        case "Cf" | "Cc":
            return ""
    return "-" if sign == "\u2212" else sign
