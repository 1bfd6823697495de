"""``anlan cipher``: the AES key with which an enterprise's existing gateways encrypt their bodies, by the operator.

A key is read from a file or the standard input, never from the command line, and is never printed.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from anlan import now as clock
from anlan.process import django
from anlan.refused import Refused


def main(arguments: list[str]) -> int:
    """Set, remove or list keys. Exit 0 when done, 2 when refused; nothing is changed then. Running intakes take a
    change up within seconds."""
    parser = argparse.ArgumentParser(prog="anlan cipher", description="既有网关的报文加密密钥（AES/CBC/PKCS5）")
    parser.add_argument("verb", choices=("set", "remove", "list"), help="set 登记或更换；remove 删除；list 列出")
    parser.add_argument("enterprise", nargs="?", default="", metavar="企业编码")
    parser.add_argument("--key-file", type=Path, metavar="文件", help="密钥所在文件；不写则询问，或读标准输入的一行")
    parser.add_argument("--hex", action="store_true", help="密钥与初始向量写成十六进制")
    parser.add_argument("--static-iv-file", type=Path, metavar="文件",
                        help="旧式网关固定的初始向量；不写则每个报文以自己的随机初始向量开头（推荐）")  # fmt: skip
    options = parser.parse_args(arguments)
    django.start()
    from anlan.apps.gateways import services
    from anlan.apps.org.actor import operator
    from anlan.apps.registry.models import Enterprise
    from anlan.process.migrating import migrate

    migrate(without_history=True)
    if options.verb == "list":
        for code, cipher in sorted(services.ciphers().items()):
            kind = "打不开（本机密钥已变）" if cipher is None else _kind(8 * len(cipher.key), bool(cipher.iv))
            print(f"{code}  {kind}")
        return 0
    enterprise = Enterprise.objects.by_the_machine().filter(code=options.enterprise).first()
    if enterprise is None:
        return _refuse(f"没有企业 {options.enterprise or '（未写企业编码）'}")
    if options.verb == "remove":
        removed = services.remove_cipher(enterprise, by=operator("command"), at=clock.now())
        print("已删除密钥，该企业的加密报文从此拒收" if removed else "该企业没有登记密钥")
        return 0
    try:
        key = _bytes(_read(options.key_file), options.hex)
        iv = _bytes(_read(options.static_iv_file), options.hex) if options.static_iv_file else b""
        services.set_cipher(enterprise, key, iv, by=operator("command"), at=clock.now())
    except OSError as error:
        return _refuse(f"读不到 {error.filename}：{error.strerror}")
    except (ValueError, Refused) as error:
        return _refuse(str(error))
    print(f"已登记企业 {enterprise.code} 的密钥（{_kind(8 * len(key), bool(iv))}），运行中的接入几秒内生效")
    return 0


def _kind(bits: int, static: bool) -> str:
    return f"AES-{bits}，{'固定初始向量' if static else '每个报文自带初始向量'}"


def _read(path: Path | None) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8").strip()
    return getpass.getpass("密钥：") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")


def _bytes(text: str, is_hex: bool) -> bytes:
    if not is_hex:
        return text.encode("utf-8")
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise ValueError("不是十六进制文本") from error  # never with the text: it is a key


def _refuse(why: str) -> int:
    print(f"{why}；没有改动", file=sys.stderr)
    return 2
