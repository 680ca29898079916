"""A result as one HTML page that needs nothing else: no script, no network, no server of ours."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup

from surveillance.simulation import charts, sentences
from surveillance.streams.kinds import StreamKind
from vigil.kernel.web import words
from vigil.kernel.web.charts.control import ControlChart

MOST_PLOTS: Final = 12
_STYLE: Final = Path(words.__file__).parent / "static" / "app.css"


def render(found: Mapping[str, Any], title: str) -> str:
    """Return the page."""
    template = _environment().get_template("simulation/sheet.html")
    # Our own file, and no text of anybody's.
    style = Markup(_STYLE.read_text())  # noqa: S704 - nothing in it comes from outside
    return template.render(found=found, title=title, plots=plots(found), style=style)


def plots(found: Mapping[str, Any]) -> list[ControlChart]:
    """Return the charts of the streams that have one, the loudest first."""
    drawn = [one for one in found["streams"] if one.get("chart")]
    drawn.sort(key=lambda one: -one["e_value"])
    return [
        charts.drawn(f"stream-{number}", one["kind"], one["chart"], about(one))
        for number, one in enumerate(drawn[:MOST_PLOTS])
    ]


def about(stream: Mapping[str, Any]) -> str:
    """Return which version, site and finding, as far as the table tells them apart."""
    names = [stream.get("subject"), stream.get("site"), stream.get("version")]
    return ", ".join(name for name in names if name and name != "all") or "everybody"


def tolerance(kind: str, size: float) -> str:
    return sentences.tolerance(StreamKind(kind), size)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    found = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("vigil.kernel.web"),
                PackageLoader("nhsuk_frontend_jinja"),
                PrefixLoader({"simulation": PackageLoader("surveillance.simulation")}),
            ]
        ),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(in_words=words.in_words, number=words.number)
    found.globals.update(colour_of=words.colour_of)
    return found
