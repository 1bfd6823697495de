"""Sheets of people: who works where, who answers for which source, who may log in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from anlan.apps.accounts import selectors as accounts
from anlan.apps.accounts import services as account_services
from anlan.apps.accounts.models import User
from anlan.apps.enrolment.desk import OUT_OF_SCOPE, Desk, Faults
from anlan.apps.enrolment.sheets.base import ENTERPRISE, Sheet, Values, clean, enterprise_of
from anlan.apps.org import selectors as org
from anlan.apps.org import services as org_services
from anlan.apps.org.models import Person, Role
from anlan.apps.org.scope import EVERYTHING, Scope
from anlan.apps.registry import services
from anlan.apps.registry.models import DutyPost
from anlan.apps.registry.selectors import register
from anlan.schema import Field, labelled

AGENCY = Field("agency", "机构代号", "在机构任职的填；与企业编码只填一个", "code", ref="机构")
AT_ENTERPRISE = Field("enterprise", "企业编码", "在企业任职的填；与机构代号只填一个", "code", ref="企业")
SCATTERED = "只能填机构代号、企业编码之一"


_POSTS = tuple(each for each in labelled(Role.choices) if each[0] not in accounts.OF_ENTERPRISES - {Role.ADMIN})


@dataclass
class Placed:
    """A person in one unit, as the sheet shows them."""

    person: Person
    place: Any
    """A `Post`, or an `Employment`."""


class People(Sheet):
    title = "人员与岗位"
    note = "一人在几处任职就写几行，姓名、电话以最后一行为准。只填真实在岗的人。"
    keys = ("code", "agency", "enterprise")
    columns = (
        Field("code", "人员编号", "字母、数字、短横线，全系统唯一", "code", required=True),
        Field("name", "姓名", "", required=True),
        Field("phone", "手机", "一个号码；只给需要打电话的岗位看", "phone", private=True, guards=True),
        Field("email", "邮箱", "", "mail", private=True),
        AGENCY,
        AT_ENTERPRISE,
        Field("role", "机构岗位", "在机构任职的必填", "choice", choices=_POSTS),
        Field("section", "科室", "在机构任职的可填"),
        Field("job", "企业职务", "在企业任职的可填"),
        Field("principal", "企业主要负责人", "不填为否", "flag", default=False),
    )

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        unit_of(values, desk)
        person = desk.find(self.title, values["code"])
        if person is not None and not knows(desk, person):
            raise Faults(("code", "该编号已登记在别的单位"))

    def current(self, values: Values, desk: Desk) -> Any:
        person = desk.find(self.title, values["code"])
        agency, enterprise = desk.find("机构", values["agency"]), desk.find("企业", values["enterprise"])
        if person is None or (agency is None) == (enterprise is None):
            return None
        if agency is not None:
            post = org.place_of(person, agency)
            return Placed(person, post) if post is not None else None
        employment = register.employment_of(person, enterprise)
        if employment is None:
            return None
        employment.enterprise = enterprise  # the one of this run: it knows who is the principal by now
        return Placed(person, employment)

    def values_of(self, record: Any) -> Values:
        person, place = record.person, record.place
        found = {"code": person.code, "name": person.name, "phone": person.phone, "email": person.email}
        if hasattr(place, "agency"):
            section = place.section.name if place.section else ""
            return found | {
                "agency": place.agency.code, "enterprise": "", "role": place.role, "section": section, "job": "",
                "principal": False,
            }  # fmt: skip
        principal = place.enterprise.principal_id == person.pk
        return found | {
            "agency": "", "enterprise": place.enterprise.code, "role": "", "section": "", "job": place.title,
            "principal": principal,
        }  # fmt: skip

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        unit, person = unit_of(values, desk), desk.find(self.title, values["code"])
        person = person or Person(code=values["code"])
        for key in ("name", "phone", "email"):
            if key in values:
                setattr(person, key, values[key])
        clean(person)
        if "agency" in unit:
            if not values.get("role"):
                raise Faults(("role", "在机构任职的必须填写"))
            if values.get("principal") or values.get("job"):
                raise Faults(("job", "在机构任职的不填企业职务"))
            desk.keep(person)
            if desk.writes:
                org_services.begin_post(person, unit["agency"], values["role"], values.get("section", ""), desk.at)
        else:
            if values.get("role") or values.get("section"):
                raise Faults(("role", "在企业任职的不填机构岗位和科室"))
            desk.keep(person)
            self._employ(person, unit["enterprise"], values, desk)
        return person

    def _employ(self, person: Person, enterprise: Any, values: Values, desk: Desk) -> None:
        principal = bool(values.get("principal"))
        if desk.writes:
            services.employ(person, enterprise, values.get("job", ""), principal=principal, at=desk.at)
            return
        desk.placed.add((person.code, enterprise.pk))
        if principal != (enterprise.principal_id == person.pk):
            enterprise.principal = person if principal else None

    def everything(self, scope: Scope) -> Iterable[Any]:
        for place in org.places_in(org.agencies_in(scope)):
            yield Placed(place.person, place)
        for place in register.employments_in(scope):
            yield Placed(place.person, place)


@dataclass
class Held:
    """A post of a hazard source and who holds it; ``person`` None while it is vacant."""

    enterprise: Any
    source: Any
    post: str
    person: Any


class Holders(Sheet):
    title = "包保责任人"
    note = "人员编号空白即岗位空缺，会去掉现任的须在预览中另行勾选。换人留历史；预警未解除时，接任者立即被告知。"
    keys = ("source", "post")
    columns = (
        ENTERPRISE,
        Field("source", "重大危险源编码", "", "code", required=True, ref="重大危险源"),
        Field("post", "包保岗位", "", "choice", required=True, choices=labelled(DutyPost.choices)),
        Field("person", "人员编号", "本企业人员；空白即空缺", "code", ref="人员与岗位", guards=True),
    )

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        enterprise = enterprise_of(values, desk)
        source = desk.find("重大危险源", values["source"])
        if source is None or source.enterprise_id != enterprise.pk:
            raise Faults(("source", f"企业 {enterprise.code} 没有重大危险源 {values['source']}"))

    def current(self, values: Values, desk: Desk) -> Any:
        source = desk.find("重大危险源", values["source"])
        if source is None:
            return None
        holder = register.holder_of(source, values["post"])
        return Held(source.enterprise, source, values["post"], holder.person if holder else None)

    def values_of(self, record: Any) -> Values:
        return {
            "enterprise": record.enterprise.code,
            "source": record.source.code,
            "post": record.post,
            "person": record.person.code if record.person else "",
        }

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        enterprise, source = enterprise_of(values, desk), desk.find("重大危险源", values["source"])
        person = desk.find("人员与岗位", values["person"]) if values.get("person") else None
        if values.get("person") and not self._is_staff(person, enterprise, desk):
            raise Faults(("person", f"企业 {enterprise.code} 没有人员 {values['person']}"))
        if desk.writes:
            services.replace_holder(source, values["post"], person, by=desk.by, at=desk.at, why=desk.why)
        return source

    @staticmethod
    def _is_staff(person: Any, enterprise: Any, desk: Desk) -> bool:
        if person is None:
            return False
        return (person.code, enterprise.pk) in desk.placed or register.employment_of(person, enterprise) is not None

    def everything(self, scope: Scope) -> Iterable[Any]:
        for holder in register.holders_in(scope):
            yield Held(holder.enterprise, holder.source, holder.post, holder.person)


class Accounts(Sheet):
    title = "账号"
    note = "新账号的初始密码在导入后只显示一次。停用填“否”。密码不写在这里。"
    keys = ("username", "agency", "enterprise")
    columns = (
        Field("username", "登录名", "字母、数字、短横线", "code", required=True),
        Field("person", "人员编号", "本人的编号，一人一个登录名", "code", required=True, ref="人员与岗位"),
        AGENCY,
        AT_ENTERPRISE,
        Field("role", "角色", "", "choice", required=True, choices=labelled(Role.choices)),
        Field("enabled", "启用", "不填为是", "flag", default=True),
    )

    def may(self, values: Values, record: Any, desk: Desk) -> None:
        unit_of(values, desk)
        person = desk.find("人员与岗位", values["person"])
        if person is None or not knows(desk, person):
            raise Faults(("person", f"没有人员 {values['person']}，或{OUT_OF_SCOPE}"))

    def current(self, values: Values, desk: Desk) -> Any:
        user = accounts.user_with(values["username"])
        agency, enterprise = desk.find("机构", values["agency"]), desk.find("企业", values["enterprise"])
        if user is None or (agency is None) == (enterprise is None):
            return None
        return accounts.grant_of(user, agency, enterprise) or _ended(user, agency, enterprise, values)

    def values_of(self, record: Any) -> Values:
        return {
            "username": record.user.username,
            "person": record.user.person.code if record.user.person else "",
            "agency": record.agency.code if record.agency else "",
            "enterprise": record.enterprise.code if record.enterprise else "",
            "role": record.role,
            "enabled": record.valid_until is None,
        }

    def put(self, values: Values, record: Any, desk: Desk) -> Any:
        unit, person = unit_of(values, desk), desk.find("人员与岗位", values["person"])
        if not desk.is_operator and person.pk == desk.scope.person_id:
            raise Faults(("username", "自己的角色由别的管理员登记"))
        self._own_name(values["username"], person, desk)
        in_enterprise = values["role"] in accounts.OF_ENTERPRISES
        if ("enterprise" in unit and not in_enterprise) or (
            "agency" in unit and in_enterprise and values["role"] != Role.ADMIN
        ):
            raise Faults(("role", "这个角色不属于该类单位"))
        try:
            if desk.writes:
                password = account_services.enrol(
                    values["username"],
                    person,
                    values["role"],
                    unit,
                    enabled=values.get("enabled", True),
                    at=desk.at,
                    by=desk.by,
                )
            else:
                account_services.new_login(values["username"], person)
                desk.logins[values["username"]], password = person.code, ""
        except ValidationError as error:
            raise Faults(*(("username", text) for texts in error.message_dict.values() for text in texts)) from error
        if password:
            desk.passwords[values["username"]] = password
        desk.forget("人员与岗位", values["person"])
        return person

    @staticmethod
    def _own_name(username: str, person: Person, desk: Desk) -> None:
        """One person, one log-in, also among those that this run makes. Raises `Faults`."""
        user = accounts.user_with(username)
        owner = user.person.code if user is not None and user.person is not None else desk.logins.get(username)
        if (user is not None or owner) and owner != person.code:
            raise Faults(("username", "登录名已被占用"))
        stored = getattr(person, "user", None)
        mine = {name for name, code in desk.logins.items() if code == person.code}
        if stored is not None:
            mine.add(stored.username)
        if mine - {username}:
            raise Faults(("person", "此人已有登录名，一人只有一个"))

    def everything(self, scope: Scope) -> Iterable[Any]:
        agencies = [agency.pk for agency in org.agencies_in(scope)]
        return accounts.grants_within(agencies, (each.pk for each in register.enterprises_in(scope)))


@dataclass
class _Ended:
    """A role that a log-in held in a unit and holds no more."""

    user: User
    agency: Any
    enterprise: Any
    role: str
    valid_until: Any


def _ended(user: User, agency: Any, enterprise: Any, values: Values) -> Any:
    """A disabled row about a role that ended already says what is so."""
    if values.get("enabled", True):
        return None
    return _Ended(user, agency, enterprise, values["role"], valid_until=True)


def unit_of(values: Values, desk: Desk) -> dict[str, Any]:
    """``{"agency": …}`` or ``{"enterprise": …}``: the one unit of the row, when the person may register there."""
    if bool(values.get("agency")) == bool(values.get("enterprise")):
        raise Faults(("agency", SCATTERED))
    if values["enterprise"]:
        return {"enterprise": enterprise_of(values, desk)}
    agency = desk.find("机构", values["agency"])
    if agency is None or not desk.covers_agency(agency):
        raise Faults(("agency", f"没有机构 {values['agency']}，或它{OUT_OF_SCOPE}"))
    return {"agency": agency}


def knows(desk: Desk, person: Person) -> bool:
    """Whether a person belongs to a unit that this administrator registers for (or to none at all yet).

    Where they work now decides. Only who works nowhere any more belongs to where they last did, to be taken on again.
    """
    scope = desk.scope
    if scope.everything or person.pk is None:
        return True
    for ever in (False, True):
        in_agency = org.has_place_within(person, scope.agency_paths, ever=ever)
        if in_agency or register.is_employed_within(person, scope, ever=ever):
            return True
        if org.has_place_within(person, ["/"], ever=ever) or register.is_employed_within(person, EVERYTHING, ever=ever):
            return False
    return True
