"""The base's pages in a real browser: what no look at the markup can show."""

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from factories.web import create_web
from fastapi import APIRouter, Request
from jinja2 import ChoiceLoader, DictLoader
from playwright.sync_api import Browser, sync_playwright
from starlette.responses import Response

from vigil.kernel.parts import Parts
from vigil.kernel.web.charts.control import ControlChart, Period
from vigil.kernel.web.charts.forest import Estimate, ForestPlot
from vigil.kernel.web.charts.funnel import Funnel, Place
from vigil.kernel.web.charts.histogram import Histogram
from vigil.kernel.web.navigation import Link
from vigil.kernel.web.pages import Page, render

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TEMPLATE = """{% extends "base.html" %}
{% from "components.html" import data_table, reason_form, status_tag, summary_list %}
{% from "charts.html" import control_chart, forest_plot, funnel, histogram %}
{% block body %}
{{ summary_list([("Digest", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]) }}
<h2>Control</h2>{{ control_chart(control) }}
<h2>Forest</h2>{{ forest_plot(forest) }}
<h2>Funnel</h2>{{ funnel(funnel_) }}
<h2>Histogram</h2>{{ histogram(histogram_) }}
<h2>Table</h2>
{{ data_table("States", ["A wide first column", "State", "A wide second column", "Runs#"],
   [["a long text in a cell", status_tag("live"), "another long text in a cell", 12345]],
   "None.") }}
{{ reason_form(csrf, "/x", "Suspend this deployment", warning=true) }}
{% endblock %}"""
PATHS = ("/sample", "/sign-in", "/help", "/problems")

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
router = APIRouter()


class Sample(Page):
    template: ClassVar[str] = "sample.html"


@router.get("/sample")
def sample(request: Request) -> Response:
    return render(request, Sample(title="Sample"))


@pytest.fixture
def address(parts: Parts) -> Iterator[str]:
    links = tuple(Link(f"A link {number}", f"/{number}") for number in range(7))
    app = create_web(parts, router, navigation=links)
    templates = app.state.templates
    templates.loader = ChoiceLoader([templates.loader, DictLoader({"sample.html": TEMPLATE})])
    values = [0.11, 0.23, None, *[0.15] * 9]
    periods = [Period(f"Week {i}", value, 0.06, 0.18, 200) for i, value in enumerate(values)]
    groups = [Estimate("80 and over", 300, 0.8, 0.76, 0.84), Estimate("Not recorded", 4)]
    templates.globals.update(
        control=ControlChart("flags", "Flag rate", 0.12, periods, percent=True),
        forest=ForestPlot("sens", "Sensitivity", 0.9, 0.85, groups, percent=True),
        funnel_=Funnel("sites", "Flags", [Place("A", 90, 900), Place("B", 200, 900)], 0.1),
        histogram_=Histogram("scores", "Scores", [0, 0.5, 1], [30, 70], [60, 40]),
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )


@dataclass(frozen=True)
class Visit:
    """What a browser with a narrow screen saw and did."""

    width: int
    console: list[str]
    requests: list[str]
    broken_rules: list[str]


def visit(chromium: Browser, url: str) -> Visit:
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    console: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    page.on("pageerror", lambda error: console.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url, wait_until="load")
    width = page.evaluate("document.documentElement.scrollWidth")
    broken = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    page.close()
    return Visit(width, console, requests, [rule["id"] for rule in broken])


def test_pages_fit_a_narrow_screen_break_no_rule_and_ask_nobody_else(
    address: str, chromium: Browser
) -> None:
    for path in PATHS:
        seen = visit(chromium, f"{address}{path}")
        assert seen.width <= 320, path
        assert (seen.console, seen.broken_rules) == ([], []), path
        assert all(url.startswith(address) for url in seen.requests), path


def test_the_menu_opens_with_the_keyboard(address: str, chromium: Browser) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    page.goto(f"{address}/help", wait_until="load")
    page.locator("#toggle-menu").press("Enter")
    assert page.locator("#toggle-menu").get_attribute("aria-expanded") == "true"
    page.close()
