"""Which nodes of an OPC UA server are points, and what each point is called.

Either the file names each node, or the driver browses below a root and takes every variable whose identifier or browse
name is a point code. A point in the file whose node does not exist stays expected, and shows as bad: it is a fault to
be seen, not a line to be skipped.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from anlan.edge.config import GatewayConfig
from anlan.edge.drivers.missing import Missing, missing_numbers, numbers_in
from anlan.edge.drivers.opcua_portions import Kind, Portions
from anlan.edge.table import ConfigError, Table
from anlan.edge.text import TextError, read_text

_WALKED = (ua.NodeClass.Object, ua.NodeClass.Variable)


@dataclass(frozen=True)
class NodeOptions:
    """``map``: point code → node id text. ``browse``: root node id, or empty. ``pattern``: full match of a code."""

    map: Mapping[str, str]
    browse: str
    pattern: re.Pattern[str]
    decimals: Mapping[str, int | None] = field(default_factory=dict)
    default_decimals: int | None = None
    missing: Missing = field(default_factory=Missing)


@dataclass
class Found:
    """``nodes``: point code → node id. ``refused``: folder → why the server would not list it. ``unresolved``: points
    whose namespace the server does not have."""

    nodes: dict[str, ua.NodeId] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unresolved: list[str] = field(default_factory=list)


class _Decimals(dict[str, int | None]):
    """Declared decimals with one default for points found by browsing."""

    def __init__(self, values: Mapping[str, int | None], default: int | None) -> None:
        super().__init__(values)
        self._default = default

    def get(self, key: str, default: object = None) -> int | None:
        return super().get(key, self._default)


def node_options(options: Table, gateway: GatewayConfig) -> NodeOptions:
    """Read ``nodes``, ``points_file``, ``browse``, ``code_pattern``, ``decimals``, ``missing``."""
    default = int(options.number("decimals", 0, least=0)) if options.has("decimals") else None
    nodes: dict[str, str] = {}
    decimals: dict[str, int | None] = {}
    missing: dict[str, frozenset[float]] = {}
    for code, node in options.mapping("nodes").items():
        if not isinstance(node, str):
            raise ConfigError(f"{options.place} nodes 里 {code} 的节点要写成字符串")
        nodes[code] = _checked(node, options.place)
    points_file = options.text("points_file", "")
    if points_file:
        _read_points(options.place, gateway.base_dir / points_file, nodes, decimals, missing)
    browse = options.text("browse", "")
    if browse:
        _checked(browse, options.place)
    if not nodes and not browse:
        raise ConfigError(f"{options.place} 要写 nodes、points_file 或 browse 中的一个，否则没有测点可读")
    try:
        pattern = re.compile(options.text("code_pattern", r"[0-9A-Z]{22}|[0-9A-Z]{24}"))
    except re.error as error:
        raise ConfigError(f"{options.place} code_pattern 不是有效的正则表达式: {error}") from error
    signs = Missing(missing_numbers(options), missing)
    return NodeOptions(nodes, browse, pattern, _Decimals(decimals, default), default, signs)


def _read_points(
    place: str, path: Path, nodes: dict[str, str], decimals: dict[str, int | None],
    missing: dict[str, frozenset[float]],
) -> None:  # fmt: skip
    try:
        rows = list(csv.DictReader(read_text(path).splitlines()))
    except (TextError, csv.Error) as error:
        raise ConfigError(f"{place} 读不到测点表 {path}: {error}") from error
    for number, row in enumerate(rows, start=2):
        where = f"{place} 测点表 {path} 第 {number} 行"
        code, node, places = (row.get("code") or "").strip(), (row.get("node") or "").strip(), row.get("decimals")
        if not code or not node:
            raise ConfigError(f"{where}缺少 code 或 node")
        if code in nodes:
            raise ConfigError(f"{where}的测点 {code} 重复")
        nodes[code] = _checked(node, where)
        if places and places.strip():
            if not places.strip().isdigit():
                raise ConfigError(f"{where}的 decimals 要写成整数")
            decimals[code] = int(places)
        if signs := (row.get("missing") or "").strip():
            missing[code] = numbers_in(signs, where)


def _checked(node: str, place: str) -> str:
    try:
        ua.NodeId.from_string(node)
    except UaError as error:
        raise ConfigError(f"{place} 的节点编号 {node} 无效: {error}") from error
    return node


async def find_nodes(client: Client, options: NodeOptions, portions: Portions) -> Found:
    """All points of the server, from the map and by browsing; the map wins where both name a code.

    A folder that the server refuses is named in the result and the others are read. Raises what concerns the session.
    """
    found = Found()
    texts = [*options.map.values(), *([options.browse] if options.browse else [])]
    spaces = list(await client.get_namespace_array()) if any("nsu=" in text for text in texts) else []
    if options.browse:
        root = _resolved(options.browse, spaces)
        if root is None:
            found.refused[options.browse] = "BadNamespaceUriInvalid"
        else:
            await _walk(client, root, options.pattern, portions, found)
    for code, text in options.map.items():
        node = _resolved(text, spaces)
        if node is None:
            found.unresolved.append(code)
            found.nodes.pop(code, None)
        else:
            found.nodes[code] = node
    return found


def _resolved(text: str, spaces: Sequence[str]) -> ua.NodeId | None:
    """The node id as this server numbers its namespaces now; None for a namespace that it does not have."""
    node = ua.NodeId.from_string(text)
    uri = getattr(node, "NamespaceUri", None)
    if uri is None:
        return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)
    if uri not in spaces:
        return None
    return ua.NodeId(node.Identifier, ua.Int16(spaces.index(uri)), node.NodeIdType)


async def _walk(client: Client, root: ua.NodeId, pattern: re.Pattern[str], portions: Portions, found: Found) -> None:
    level, seen = [root], {root}
    while level:
        below: list[ua.NodeId] = []
        answers = await portions.each(Kind.BROWSE, level, lambda some: _browse(client, some))
        for parent, answer in zip(level, answers, strict=True):
            if isinstance(answer, ua.StatusCode):
                found.refused[parent.to_string()] = answer.name
                continue
            references, refusal = answer
            if refusal is not None:
                found.refused[parent.to_string()] = refusal
            for reference in references:
                node = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex)
                if node in seen or reference.NodeClass not in _WALKED:
                    continue
                seen.add(node)
                code = _code(reference, pattern)
                if code is not None and reference.NodeClass == ua.NodeClass.Variable:
                    found.nodes.setdefault(code, node)
                else:
                    below.append(node)
        level = below


_Answer = tuple[list[ua.ReferenceDescription], str | None]


async def _browse(client: Client, nodes: Sequence[ua.NodeId]) -> list[_Answer]:
    """Of each node what lies below it, and why that is not all."""
    asked = ua.BrowseParameters()
    asked.View.Timestamp = ua.get_win_epoch()
    asked.NodesToBrowse = [_below(node) for node in nodes]
    asked.RequestedMaxReferencesPerNode = 0
    answers: list[_Answer] = []
    for node, result in zip(nodes, await client.uaclient.browse(asked), strict=True):
        if result.StatusCode.value == ua.StatusCodes.BadNoContinuationPoints and len(nodes) > 1:
            answers += await _browse(client, [node])  # more at once than the server keeps open
            continue
        references = list(result.References or [])
        while result.StatusCode.is_good() and result.ContinuationPoint:
            following = ua.BrowseNextParameters()
            following.ContinuationPoints = [result.ContinuationPoint]
            (result,) = await client.uaclient.browse_next(following)
            references += result.References or []
        answers.append((references, None if result.StatusCode.is_good() else result.StatusCode.name))
    return answers


def _below(node: ua.NodeId) -> ua.BrowseDescription:
    asked = ua.BrowseDescription()
    asked.NodeId = node
    asked.BrowseDirection = ua.BrowseDirection.Forward
    asked.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences))
    asked.IncludeSubtypes = True
    asked.NodeClassMask = ua.NodeClass.Unspecified
    asked.ResultMask = ua.BrowseResultMask.All
    return asked


def _code(reference: ua.ReferenceDescription, pattern: re.Pattern[str]) -> str | None:
    for text in (str(reference.NodeId.Identifier), reference.BrowseName.Name):
        if text is not None and pattern.fullmatch(text):
            return text
    return None
