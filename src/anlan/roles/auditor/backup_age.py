"""How old the last complete backup is. Reads only."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.db.models import Min

from anlan.config import Config
from anlan.process.places import BACKUP_MANIFEST, last_backup_file
from anlan.rules.calendar import civil

if TYPE_CHECKING:
    from anlan.roles.auditor.audit import Part


def age(config: Config, now: datetime) -> Part:
    """A fault when the last backup is older than the setting allows, or is gone from where it was made.

    An installation that never made one has as long from its first journal entry. The limit 0 asks for none.
    """
    from anlan.apps.journal.models import Entry
    from anlan.roles.auditor.audit import Part

    part, limit = Part(), timedelta(hours=config.backup_max_age_hours)
    try:
        last = _last(config)
    except (OSError, ValueError, KeyError, TypeError):
        part.wrong("backup", "记着最近一次备份的文件 backup.json 读不出，请运维人员再做一次备份", "anlan backup")
        part.figures["backup_at"] = "不知道"
        return part
    if last is not None and not last[1]:
        part.wrong("backup", f"最近一次备份 {last[0]:%Y-%m-%d %H:%M} 已不在原处或不完整")
    part.figures["backup_at"] = "无" if last is None else f"{last[0]:%Y-%m-%d %H:%M:%S}"
    if last is not None:
        part.figures["backup_age_s"] = round((now - last[0]).total_seconds())
    since = last[0] if last is not None else Entry.objects.aggregate(first=Min("at"))["first"]
    if limit and since is not None and now - since > limit:
        hours = config.backup_max_age_hours
        words = f"{hours:g} 小时内没有备份（本地设定），请运维人员做一次备份"
        part.wrong("backup", words, "anlan backup", since=since + limit)
    return part


def _last(config: Config) -> tuple[datetime, bool] | None:
    """When the last backup was made, on the local clock, and whether it is still there; None: never here. Raises
    OSError, ValueError, KeyError or TypeError when the file that says it cannot be read."""
    try:
        told = json.loads(last_backup_file(config).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return civil(datetime.fromisoformat(told["at"])), (Path(told["path"]) / BACKUP_MANIFEST).is_file()
