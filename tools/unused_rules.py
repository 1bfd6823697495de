"""Rules that no product code calls, found from imports and names alone: a rule that is only tested is no rule in force.

A public name of a rules module counts as used when a product file outside the rules (and outside the stand-ins) imports
it or names it behind its module, or when a used name of the rules does. It sees no call by a string.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "anlan.rules"


def unreached(product: Path) -> list[str]:
    """``module.name`` of every public function and class of the rules that nothing in use refers to, in order."""
    modules = {_dotted(path, product): ast.parse(path.read_text(encoding="utf-8")) for path in _rules(product)}
    defined = {
        f"{module}.{node.name}": node
        for module, tree in modules.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    used: set[str] = set()
    waiting: list[str] = []
    for path in sorted(product.rglob("*.py")):
        inside = path.relative_to(product).parts[0]
        if inside not in ("rules", "testing", "drill"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            waiting += _references(tree, tree, modules, "")
    for module, tree in modules.items():  # what runs when a module is imported: its constants
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
                waiting += [name for name in _references(node, tree, modules, module) if name in defined]
    while waiting:
        name = waiting.pop()
        if name in used or name not in defined:
            continue
        used.add(name)
        module = name.rpartition(".")[0]
        waiting += _references(defined[name], modules[module], modules, module)
    public = [name for name in defined if not name.rpartition(".")[2].startswith("_")]
    return sorted(name.removeprefix(f"{PACKAGE}.") for name in public if name not in used)


def _rules(product: Path) -> Iterator[Path]:
    yield from sorted((product / "rules").rglob("*.py"))


def _dotted(path: Path, product: Path) -> str:
    parts = ("anlan", *path.relative_to(product).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _references(node: ast.AST, tree: ast.Module, modules: dict[str, ast.Module], own: str) -> list[str]:
    """What a piece of code refers to in the rules, by the imports of its file; ``own``: its module, when a rule."""
    names, aliases = _imports(tree, modules)
    found = []
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found += [names[each.id]] if each.id in names else [f"{own}.{each.id}"] if own else []
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in aliases:
            found.append(_home(f"{aliases[each.value.id]}.{each.attr}", modules))
        elif isinstance(each, ast.ImportFrom) and not own:
            found += list(names.values())
    return found


def _imports(tree: ast.Module, modules: dict[str, ast.Module]) -> tuple[dict[str, str], dict[str, str]]:
    """Local names of rules, and local names of their modules."""
    names, aliases = {}, {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                local = alias.asname or alias.name
                if full in modules:
                    aliases[local] = full
                else:
                    names[local] = _home(full, modules)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in modules and alias.asname:
                    aliases[alias.asname] = alias.name
    return names, aliases


def _home(full: str, modules: dict[str, ast.Module]) -> str:
    """Where a name is defined that a package only passes on."""
    module, _, name = full.rpartition(".")
    tree = modules.get(module)
    if tree is None or any(getattr(node, "name", "") == name for node in tree.body):
        return full
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _home(f"{node.module}.{alias.name}", modules)
    return full
