"""Which nodes of an OPC UA server are points, and what each point is called.

Either the file names each node, or the driver browses below a root and takes every variable whose identifier or browse
name is a point code. A point in the file whose node does not exist stays expected, and shows as bad: it is a fault to
be seen, not a line to be skipped.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from anlan.edge.config import GatewayConfig
from anlan.edge.table import ConfigError, Table

_WALKED = (ua.NodeClass.Object, ua.NodeClass.Variable)


@dataclass(frozen=True)
class NodeOptions:
    """``map``: point code → node id text. ``browse``: root node id, or empty. ``pattern``: full match of a code."""

    map: Mapping[str, str]
    browse: str
    pattern: re.Pattern[str]
    decimals: Mapping[str, int | None] = field(default_factory=dict)
    default_decimals: int | None = None


class _Decimals(dict[str, int | None]):
    """Declared decimals with one default for points found by browsing."""

    def __init__(self, values: Mapping[str, int | None], default: int | None) -> None:
        super().__init__(values)
        self._default = default

    def get(self, key: str, default: object = None) -> int | None:
        return super().get(key, self._default)


def node_options(options: Table, gateway: GatewayConfig) -> NodeOptions:
    """Read ``nodes``, ``points_file``, ``browse``, ``code_pattern`` and ``decimals`` of the driver section."""
    default = int(options.number("decimals", 0, least=0)) if options.has("decimals") else None
    nodes: dict[str, str] = {}
    decimals: dict[str, int | None] = {}
    for code, node in options.mapping("nodes").items():
        if not isinstance(node, str):
            raise ConfigError(f"{options.place} nodes 里 {code} 的节点要写成字符串")
        nodes[code] = _checked(node, options.place)
    points_file = options.text("points_file", "")
    if points_file:
        _read_points(options.place, gateway, points_file, nodes, decimals)
    browse = options.text("browse", "")
    if browse:
        _checked(browse, options.place)
    if not nodes and not browse:
        raise ConfigError(f"{options.place} 要写 nodes、points_file 或 browse 中的一个，否则没有测点可读")
    try:
        pattern = re.compile(options.text("code_pattern", r"[0-9A-Z]{22}|[0-9A-Z]{24}"))
    except re.error as error:
        raise ConfigError(f"{options.place} code_pattern 不是有效的正则表达式: {error}") from error
    return NodeOptions(nodes, browse, pattern, _Decimals(decimals, default), default)


def _read_points(
    place: str, gateway: GatewayConfig, name: str, nodes: dict[str, str], decimals: dict[str, int | None]
) -> None:
    path = gateway.base_dir / name
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{place} 读不到测点表 {path}: {error}") from error
    for number, row in enumerate(rows, start=2):
        code, node, places = (row.get("code") or "").strip(), (row.get("node") or "").strip(), row.get("decimals")
        if not code or not node:
            raise ConfigError(f"{place} 测点表 {path} 第 {number} 行缺少 code 或 node")
        if code in nodes:
            raise ConfigError(f"{place} 测点表 {path} 第 {number} 行的测点 {code} 重复")
        nodes[code] = _checked(node, f"{place} 测点表 {path} 第 {number} 行")
        if places and places.strip():
            if not places.strip().isdigit():
                raise ConfigError(f"{place} 测点表 {path} 第 {number} 行的 decimals 要写成整数")
            decimals[code] = int(places)


def _checked(node: str, place: str) -> str:
    try:
        ua.NodeId.from_string(node)
    except UaError as error:
        raise ConfigError(f"{place} 的节点编号 {node} 无效: {error}") from error
    return node


async def find_nodes(client: Client, options: NodeOptions) -> dict[str, Node]:
    """Point code → node, from the map and by browsing; the map wins where both name a code."""
    found: dict[str, Node] = {}
    if options.browse:
        level = [client.get_node(options.browse)]
        seen = set()
        while level:
            below: list[Node] = []
            for parent in level:
                for reference in await parent.get_references(
                    ObjectIds.HierarchicalReferences, ua.BrowseDirection.Forward
                ):
                    node_id = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex)
                    if node_id in seen or reference.NodeClass not in _WALKED:
                        continue
                    seen.add(node_id)
                    node = client.get_node(node_id)
                    code = _code(reference, options.pattern)
                    if code is not None and reference.NodeClass == ua.NodeClass.Variable:
                        found.setdefault(code, node)
                    else:
                        below.append(node)
            level = below
    found.update({code: client.get_node(node) for code, node in options.map.items()})
    return found


def _code(reference: ua.ReferenceDescription, pattern: re.Pattern[str]) -> str | None:
    for text in (str(reference.NodeId.Identifier), reference.BrowseName.Name):
        if text is not None and pattern.fullmatch(text):
            return text
    return None
