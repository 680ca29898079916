"""The tables in docs/ that the code knows best: settings, commands, routes and metrics.

`make docs` writes each between its marks; the words around them are written by hand, and
tests/test_docs.py fails where a table is not what the code says now.
"""

import inspect
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from typer.main import get_command

from vigil.app import cli, schema, web
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.identity.roles import PERMISSIONS
from vigil.kernel.parts import Parts
from vigil.kernel.settings import PREFIX
from vigil.kernel.web import assets

DOCS = Path(__file__).parents[3] / "docs"
_PLACE = re.compile(r"(<!-- (\w+): written by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)
# What stands where a parameter has no help of its own: the same words mean the same everywhere.
_HELP = {
    "reason": "Why; kept in the audit.",
    "limit": "How many at most.",
    "state": "Only those in this state.",
    "outcome": "Only those with this outcome.",
    "name": "What people call it.",
    "kind": "Which kind.",
    "days": "How many days it lasts.",
    "from": "The first day that it holds for.",
    "email": "Address of the person.",
    "document": "File of the document.",
    "card": "Id of the card.",
    "revision": "Id of the revision.",
    "file": "The file.",
}


def write(folder: Path = DOCS) -> list[Path]:
    """Write every table anew and return the files that changed."""
    with tempfile.TemporaryDirectory() as data:
        parts = fresh_parts(Path(data))
        texts = tables(web.create_app(parts), parts)
        parts.database.dispose()
    changed = []
    for path in sorted(folder.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = filled(before, texts)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def fresh_parts(folder: Path) -> Parts:
    """Return the parts of an installation with nothing in it but its schema and static files."""
    assets.build(folder / "assets")
    parts = build_parts(Settings(data_dir=folder, assets_dir=folder / "assets"))
    schema.upgrade(parts.database)
    return parts


def tables(app: FastAPI, parts: Parts) -> dict[str, str]:
    """Return each table under the name of its mark."""
    return {
        "settings": settings_table(),
        "commands": commands_list(),
        "routes": routes_table(app),
        "metrics": metrics_table(parts),
        "roles": roles_table(),
    }


def filled(text: str, texts: dict[str, str]) -> str:
    """Return a document with its tables in their places."""
    return _PLACE.sub(lambda found: f"{found[1]}\n{texts[found[2]]}\n\n{found[3]}", text)


def settings_table() -> str:
    rows = [
        (f"`{PREFIX}{name.upper()}`", _default(field.default), str(field.description))
        for name, field in Settings.model_fields.items()
    ]
    return _table(("variable", "default", "meaning"), rows)


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command by its words, such as `rule draft`."""
    yield from _below(get_command(cli.build()), ())


def commands_list() -> str:
    return "\n\n".join(_command(words, command) for words, command in sorted(commands()))


def routes(app: FastAPI) -> Iterator[tuple[str, str, Any]]:
    """Yield path, method and route of everything the application answers."""
    for route in iter_route_contexts(app.routes):
        for method in sorted(set(route.methods or {"GET"}) - {"HEAD"}):
            yield str(route.path), method, route


def routes_table(app: FastAPI) -> str:
    rows = [
        (method, f"`{path}`", _who(route), _what(route))
        for path, method, route in sorted(routes(app), key=lambda found: found[:2])
    ]
    return _table(("method", "path", "who may", "what"), rows)


def metrics_table(parts: Parts) -> str:
    rows = [
        (f"`{_exposed(family)}`", family.type, _sentence(family.documentation))
        for family in parts.metrics.collect()
        if family.name.startswith("vigil_")
    ]
    return _table(("metric", "type", "meaning"), sorted(rows))


def roles_table() -> str:
    rows = [
        (f"`{role.value}`", ", ".join(f"`{one.value}`" for one in sorted(permissions)))
        for role, permissions in PERMISSIONS.items()
    ]
    return _table(("role", "permissions"), rows)


def _exposed(family: Any) -> str:
    """Return the name as a scrape shows it: a counter ends in `_total`."""
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def _below(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
        return
    for name, one in inner.items():
        yield from _below(one, (*words, name))


def _command(words: str, command: Any) -> str:
    named = [parameter for parameter in command.params if parameter.name != "help"]
    usage = " ".join(["vigil", words, *(_usage(parameter) for parameter in named)])
    lines = [f"### `{usage}`", "", _sentence(command.help or words)]
    if named:
        lines += ["", *(f"- `{_word(each)}`: {_explained(each)}" for each in named)]
    return "\n".join(lines)


def _is_option(parameter: Any) -> bool:
    return bool(parameter.opts[0].startswith("-"))


def _word(parameter: Any) -> str:
    return str(parameter.opts[0] if _is_option(parameter) else parameter.name.upper())


def _usage(parameter: Any) -> str:
    word = _word(parameter)
    if _is_option(parameter) and not parameter.is_flag:
        word = f"{word} {parameter.opts[0].strip('-').upper()}"
    return word if parameter.required else f"[{word}]"


def _explained(parameter: Any) -> str:
    plain = parameter.opts[0].strip("-")
    text = parameter.help or _HELP.get(plain) or f"{plain.replace('_', ' ')}."
    default = parameter.default
    if parameter.required or default is None or default in ([], False) or callable(default):
        return _sentence(text)
    return f"{_sentence(text)} Default: {_default(default)}."


def _who(route: Any) -> str:
    """Say who may use a route: what its dependencies ask for."""
    asked = list(_dependencies(getattr(route, "dependant", None)))
    permissions = {
        inspect.getclosurevars(call).nonlocals["permission"].value
        for call in asked
        if getattr(call, "__qualname__", "") == "allowed.<locals>.check"
    }
    if permissions:
        return ", ".join(f"`{one}`" for one in sorted(permissions))
    names = {getattr(call, "__name__", "") for call in asked}
    if "current_actor" in names:
        return "anybody signed in"
    return "holder of the link" if "link" in names else "**public**"


def _dependencies(dependant: Any) -> Iterator[Callable[..., Any]]:
    for one in dependant.dependencies if dependant else ():
        yield one.call
        yield from _dependencies(one)


def _what(route: Any) -> str:
    text = inspect.getdoc(route.endpoint) if route.endpoint else None
    if text:
        return _sentence(text)
    words = str(route.name).replace("_", " ")
    is_page = not str(route.path).startswith("/api/") and "GET" in (route.methods or ())
    return _sentence(f"page: {words}" if is_page else words)


def _sentence(text: str) -> str:
    """Return the first paragraph as one sentence with a capital and a full stop."""
    first = " ".join(inspect.cleandoc(text).split("\n\n")[0].split())
    return f"{first[:1].upper()}{first[1:].rstrip('.')}."


def _default(value: object) -> str:
    return "none" if value is None else f"`{getattr(value, 'value', value)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    for written in write():
        print(written)  # noqa: T201 - the target says what it wrote
