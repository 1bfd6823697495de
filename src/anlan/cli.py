"""``anlan VERB``: one table of verbs, each a function that takes its own arguments and returns an exit code.

A verb's module is imported only when it is called, so the gateway starts without Django and help costs nothing.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module

from anlan.config import ConfigError


@dataclass(frozen=True)
class Verb:
    """Where a verb lives (``module:function``) and what it does, in Chinese for the help page."""

    target: str
    summary: str


VERBS = {
    "serve": Verb("anlan.roles.supervisor:main", "在本机启动全部角色（日志、接入、引擎、历史、时钟、审计、网页）"),
    "web": Verb("anlan.roles.web.command:main", "只启动网页与接口"),
    "intake": Verb("anlan.roles.intake:main", "只启动数据接入"),
    "engine": Verb("anlan.roles.engine:main", "只启动报警引擎"),
    "historian": Verb("anlan.roles.historian:main", "只启动历史存储"),
    "clock": Verb("anlan.roles.clock:main", "只启动时钟：到期即办，停机后补办"),
    "auditor": Verb("anlan.roles.auditor:main", "只启动审计：查出到期未办"),
    "delivery": Verb("anlan.roles.delivery:main", "只启动消息投递"),
    "check": Verb("anlan.verbs.check:main", "检查记录链、时钟、数据与磁盘"),
    "repair": Verb("anlan.verbs.repair:main", "按检查的结果修复：历史的损坏与误标，机构的位置"),
    "test-way": Verb("anlan.verbs.way:main", "全程测试：从采样到手机，一步一步，不是预警，不计统计"),
    "watch": Verb("anlan.roles.watch:main", "在外面看平安信号，失去时告警"),
    "backup": Verb("anlan.verbs.backup.command:main", "不停机备份：记录、历史、日志的末尾与设置"),
    "restore": Verb("anlan.verbs.backup.restore:main", "恢复备份到空的地方；--check 只核对"),
    "gateway": Verb("anlan.edge.gateway:main", "企业端网关：采集、本地缓存、断线续传"),
    "rules": Verb("anlan.verbs.rules:main", "规则库：某地某日有效的各数、条文与性质"),
    "cameras": Verb("anlan.verbs.cameras:main", "摄像头状态：从 CSV 文件手工录入"),
    "identify": Verb("anlan.verbs.identify:main", "重大危险源辨识与分级（GB 18218-2018）：单元清单进，结论与每一项出"),
    "import": Verb("anlan.verbs.register:bring_in", "导入登记表：机构、企业、危险源、点位、责任人、账号"),
    "export-register": Verb("anlan.verbs.register:export", "把现有登记（或空白模板）写成登记表"),
    "export": Verb("anlan.verbs.export:main", "把历史导出成 Parquet，供分析软件读取"),
    "hold": Verb("anlan.verbs.hold:main", "证据保全：所列时段的历史不因过期而删除"),
    "user": Verb("anlan.verbs.user:main", "建立系统管理员，重设密码"),
    "log-users": Verb("anlan.verbs.log_users:main", "多机的日志服务（NATS）：建立各角色的用户与口令"),
    "cipher": Verb("anlan.verbs.cipher:main", "既有网关的报文加密密钥：登记、删除、列出"),
    "drill": Verb("anlan.drill.command:main", "按剧本推演预警处置，打印时间线"),
    "simulate": Verb("anlan.testing.plant.__main__:main", "模拟工厂：由真实的 OPC UA 服务器供数"),
    "demo": Verb("anlan.testing.demo.command:main", "示例世界：装入示例数据、模拟工厂与网关并启动全部角色"),
    "manage": Verb("anlan.process.migrating:main", "数据库迁移、建立账号等管理命令"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one verb. Returns its exit code; 2 for an unknown verb or settings that cannot be used.

    What a verb writes is its owner's alone: session keys, hashes, samples and backups are no business of other users.
    """
    os.umask(0o077)
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print("用法：anlan 命令 [参数]\n")
        for name, verb in VERBS.items():
            print(f"  {name:<16} {verb.summary}")
        return 0
    asked = VERBS.get(arguments[0])
    if asked is None:
        print(f"没有命令 {arguments[0]}；`anlan help` 列出全部命令", file=sys.stderr)
        return 2
    module, function = asked.target.split(":")
    try:
        result = getattr(import_module(module), function)(arguments[1:])
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    return int(result or 0)


if __name__ == "__main__":
    sys.exit(main())
