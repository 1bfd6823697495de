"""``anlan check``: proves from a command line that the installation is whole and alive.

It only reads: nothing that it finds is changed by it. Damaged history is repaired by ``anlan repair history``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anlan import config as settings
from anlan import now as clock
from anlan.process.places import anchor_folders
from anlan.verbs.present import absent

if TYPE_CHECKING:
    from anlan.roles.auditor.audit import Fault, Part

TITLES = {
    "journal": "记录链",
    "records": "封存的记录",
    "clocks": "时钟与到期事项",
    "lag": "数据与日志",
    "history": "历史",
    "files": "附件",
    "disk": "磁盘",
    "backup": "备份",
}
WORDS = {
    "chains": "条链",
    "anchors": "个锚定文件",
    "seals": "个封存",
    "unfired": "项到期未办",
    "stopped": "个预警没有下一步",
    "clock_signed_at": "时钟最近签到",
    "letters_stuck": "条消息无人投递",
    "reached_nobody": "没有送到任何人的告知",
    "expected_points": "个点位应有数据",
    "expected_gateways": "个网关应有数据",
    "fresh_gateways": "个网关数据新鲜",
    "received_at": "最近收到",
    "log_fullness": "日志已用比例",
    "waiting": "日志未读",
    "history_behind_s": "历史落后秒数",
    "history_blocks": "个历史块",
    "history_samples": "个样本",
    "history_bytes": "历史所占字节",
    "history_flagged": "个标出的损坏块",
    "history_miscounted": "个块的行内样本数与块不符（以块为准）",
    "history_removed": "个过期删除的块与汇总",
    "history_holds": "项证据保全",
    "history_late": "个迟到时段待查",
    "files_rows": "条附件",
    "files_withdrawn": "条已撤回",
    "files_bytes": "附件所占字节",
    "files_unreferenced": "个文件没有记录",
    "files_incoming": "个文件正在收或没有收完",
    "free_bytes": "可用字节",
    "free_share": "可用比例",
    "records_bytes": "记录（连同附件）所占字节",
    "log_bytes": "数据日志所占字节",
    "growth_days": "增长按最近天数计",
    "growth_bytes_a_day": "历史与记录每天增长字节",
    "days_left": "照此可再存天数",
    "backup_at": "最近一次",
    "backup_age_s": "距今秒数",
}
"""What each figure is; a count stands before its words, everything else behind."""


def journal(config: settings.Config, observed: Sequence[str] = ()) -> Part:
    """Every chain from its first entry, and every anchor: takes as long as there are entries.

    ``observed``: digests of anchors that an outside observer was told; each must still be there.
    """
    from anlan.apps.journal import anchors, lines, proof
    from anlan.apps.journal.models import Chain
    from anlan.roles.auditor.audit import Part

    part, (folder, *copies) = Part(), anchor_folders(config)
    apart = [words for copy in copies for words in lines.apart(folder, copy)]
    for line in [*proof.broken(), *anchors.broken(folder), *lines.broken(folder), *apart,
                 *lines.unseen(folder, observed)]:  # fmt: skip
        part.wrong("journal", line)
    files = len(anchors.files_in(folder)) + len(lines.files_in(folder))
    part.figures |= {"chains": Chain.objects.count(), "anchors": files}
    return part


def records() -> Part:
    """Every sealed stretch of records against its seal, every row against the acts that made it what it is."""
    from anlan.roles.auditor import history_seal, sealing
    from anlan.roles.auditor.acts import walk
    from anlan.roles.auditor.audit import Part

    part, seals = Part(), 0
    for _entry, words in sealing.broken():
        seals += 1
        if words:
            part.wrong("records", words)
    part.figures["seals"] = seals
    for words in walk.broken():
        part.wrong("acts", words)
    for words in history_seal.broken():
        part.wrong("history_gone", words)
    return part


def files() -> Part:
    """Every row of what people handed in against its file, which is read whole; files that no row refers to are a
    figure: what a process that was killed left, and no fault."""
    from anlan.apps.files import selectors, store
    from anlan.roles.auditor.audit import Part

    part = Part()
    for row, words in selectors.damaged():
        part.wrong("files", f"附件第 {row.pk} 号{words}", f"{row.chain} {row.subject} {row.name} {row.sha256}")
    part.figures |= {f"files_{name}": number for name, number in selectors.figures().items()}
    part.figures["files_incoming"] = len(store.left_over())
    return part


def disk(config: settings.Config, now: datetime) -> Part:
    """The room that is left, what is kept, and for how many days the room lasts at the present rate."""
    from anlan.roles.auditor import audit, storage

    part = audit.disk(config)
    part.figures |= storage.look(config, now)[0].figures
    return part


def parts(config: settings.Config, now: datetime, observed: Sequence[str] = ()) -> dict[str, Callable[[], Part]]:
    """What can be checked, by name."""
    from anlan.roles.auditor import audit
    from anlan.roles.auditor.backup_age import age
    from anlan.verbs.history_check import history

    return {
        "journal": lambda: journal(config, observed),
        "records": records,
        "clocks": lambda: audit.clocks(now),
        "lag": lambda: audit.data(now, config.audit_fresh_seconds),
        "history": history,
        "files": files,
        "disk": lambda: disk(config, now),
        "backup": lambda: age(config, now),
    }


def main(arguments: list[str]) -> int:
    """Exit code 0: all is well; 1: something is not; 2: it could not be checked."""
    about = "检查记录链与封存、时钟、数据、历史、附件、磁盘；只读，不改动任何数据"
    parser = argparse.ArgumentParser(prog="anlan check", description=about)
    parser.add_argument("what", nargs="?", choices=[*TITLES, "all"], default="all", help="检查什么，默认 all")
    parser.add_argument("--json", action="store_true", help="打印一个 JSON")
    told = "外面的观察者记下的锚定（anlan watch --keep 写的文件），逐一核对还在不在"
    parser.add_argument("--observed", type=Path, metavar="文件", help=told)
    given = parser.parse_args(arguments)
    try:
        config = settings.load()
        observed = observed_in(given.observed) if given.observed else ()
    except (settings.ConfigError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    now = clock.now()
    wanted = list(TITLES) if given.what == "all" else [given.what]
    from django.db import DatabaseError

    try:
        if words := absent(config, history=False):
            sys.stderr.write(words)
            return 2
    except DatabaseError as error:
        sys.stderr.write(f"数据库无法读取：{error}\n")
        return 2
    found: dict[str, Part] = {}
    unread = False
    for name in wanted:
        try:
            found[name] = parts(config, now, observed)[name]()
        except DatabaseError as error:
            # one database that cannot be read hides nothing of what the other says
            sys.stderr.write(f"{TITLES[name]}：没能检查，数据库无法读取：{error}\n")
            unread = True
    well = not unread and all(part.well for part in found.values())
    sys.stdout.write(_json(found, now, well) if given.json else _lines(found))
    return 2 if unread else 0 if well else 1


def _known() -> dict[str, datetime]:
    """Since when the auditors know of faults, by kind; of several the first."""
    from anlan.apps.obligations import services as obligations

    found: dict[str, datetime] = {}
    for sign in obligations.signs_of("auditor"):
        for each in sign.detail.get("faults", []):
            since = datetime.fromisoformat(each["since"])
            found[each["kind"]] = min(since, found.get(each["kind"], since))
    return found


def _began(fault: Fault, known: dict[str, datetime]) -> datetime | None:
    return fault.since or known.get(fault.kind)


def _since(fault: Fault, known: dict[str, datetime]) -> str:
    from anlan.rules.calendar import civil

    began = _began(fault, known)
    return f"起于 {civil(began):%Y-%m-%d %H:%M:%S}" if began else "本次检查发现，起于何时未知"


def observed_in(path: Path) -> list[str]:
    """The digests that ``anlan watch --keep`` wrote. Raises OSError, ValueError."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [str(row["sha256"]) for row in rows]


def _lines(found: dict[str, Part]) -> str:
    lines, known = [], _known()
    for name, part in found.items():
        lines.append(f"{TITLES[name]}：{'正常' if part.well else '异常'}（{'，'.join(_figures(part.figures))}）")
        lines += [f"  {fault.full}（{_since(fault, known)}）" for fault in part.faults]
    return "".join(f"{line}\n" for line in lines)


def _figures(figures: dict[str, Any]) -> list[str]:
    told = []
    for name, value in figures.items():
        words = WORDS[name]
        if isinstance(value, dict):
            value = "、".join(f"{key} {each}" for key, each in value.items()) or "无读者"
        told.append(f"{value} {words}" if words[0] in "条个项" else f"{words} {value}")
    return told


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _json(found: dict[str, Part], now: datetime, well: bool) -> str:
    known = _known()
    checks = {
        name: {
            "ok": part.well,
            "faults": [
                {"kind": fault.kind, "text": fault.full, "since": _iso(_began(fault, known))} for fault in part.faults
            ],
            "figures": part.figures,
        }
        for name, part in found.items()
    }
    return json.dumps({"ok": well, "at": now.isoformat(), "checks": checks}, ensure_ascii=False, indent=1) + "\n"
