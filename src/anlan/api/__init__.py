"""The typed API under ``/api/v1/``: what the pages show, for programs, with the same scope and the same filters.

Log-in is the session of the pages (deny by default: `anlan.apps.accounts.middleware.LogInFirst` answers 401 before
any operation runs). Every operation only reads. Errors are ``{"detail": "…"}`` in Chinese.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.renderers import JSONRenderer
from ninja.responses import NinjaJSONEncoder
from ninja.security import django_auth

from anlan.api import alarms, enterprises, history, ledgers, metrics, points, rules, warnings


class ExactEncoder(NinjaJSONEncoder):
    """Instants to the microsecond, as they are kept: the framework's own encoder would cut them to milliseconds."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


class Readable(JSONRenderer):
    """Chinese stays Chinese, so that an answer can be read in a terminal."""

    encoder_class = ExactEncoder
    json_dumps_params = {"ensure_ascii": False}


api = NinjaAPI(
    title="安澜",
    version="1",
    description="时间一律为带时区的 ISO 8601；只返回登录人管辖范围内的记录。",
    auth=django_auth,
    urls_namespace="api-1",
    docs_url="/docs",
    renderer=Readable(),
)
api.add_router("/enterprises", enterprises.router, tags=["企业"])
api.add_router("/history", history.router, tags=["历史"])
api.add_router("/points", points.router, tags=["测点"])
api.add_router("/alarms", alarms.router, tags=["报警"])
api.add_router("/ledgers", ledgers.router, tags=["台账"])
api.add_router("/rules", rules.router, tags=["规则库"])
api.add_router("/warnings", warnings.router, tags=["预警"])
api.add_router("/metrics", metrics.router, tags=["统计"])

_SAYINGS = {
    "missing": "缺少",
    "int_parsing": "应为整数",
    "datetime_from_date_parsing": "应为带时区的时间，如 2024-03-01T08:00:00+08:00",
    "datetime_parsing": "应为带时区的时间，如 2024-03-01T08:00:00+08:00",
    "timezone_aware": "应带时区，如 +08:00",
    "greater_than_equal": "太小，至少 {ge}",
    "less_than_equal": "太大，至多 {le}",
    "string_too_long": "太长，至多 {max_length} 个字符",
    "too_long": "太多，至多 {max_length} 个",
    "literal_error": "只能是 {expected} 之一",
    "enum": "只能是 {expected} 之一",
}


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return api.create_response(request, {"detail": "；".join(_saying(each) for each in error.errors)}, status=422)


def _saying(fault: dict[str, Any]) -> str:
    name = fault["loc"][-1]
    words = _SAYINGS.get(fault["type"], "不合要求")
    return f"参数 {name} {words.format(**fault.get('ctx', {}))}"


@api.exception_handler(Http404)
def _absent(request: HttpRequest, error: Http404) -> HttpResponse:
    words = str(error) or _("没有这个地址。")
    return api.create_response(request, {"detail": words}, status=404)


@api.exception_handler(PermissionDenied)
def _refused(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return api.create_response(request, {"detail": str(error) or _("您没有此项权限。")}, status=403)
