"""The loop in order: from a supplier's folder to an alert, each step through the real surfaces."""

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from vigil.app import schema
from vigil.app.demo import traffic
from vigil.app.demo.client import wait_for
from vigil.app.demo.clinic import PACS_AE, Clinic, right_results
from vigil.app.demo.network import ADULT_SITE, CHILD_SITE, People, create
from vigil.app.demo.registry import PNEUMONIA, VIEW, Evidence, Registry
from vigil.app.demo.testing import NOT_BEGUN, SLIP, Testing
from vigil.app.demo.traffic import Image
from vigil.app.demo.watching import Watching
from vigil.app.processes import Processes
from vigil.app.settings import Settings
from vigil.kernel.engine import ledger
from vigil.kernel.parts import Parts


@dataclass
class Story:
    """What happened, for the closing table.

    Attributes:
        gates: what had to be supplied before each model went live.
        decided: how many findings a reader judged.
        seconds: how long each step took.
    """

    people: People
    clinic: Clinic
    watching: Watching
    testing: Testing
    gates: dict[str, list[str]] = field(default_factory=dict)
    decided: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Images:
    """What is sent, before the models go live and after.

    Attributes:
        archive: labelled children's radiographs, there before any rule.
    """

    archive: list[Image]
    shadow_adults: list[Image]
    others: list[Image]
    shadow_children: list[Image]
    adults: list[Image]
    children: list[Image]


def tell(parts: Parts, settings: Settings, pacs_port: int, console: Console) -> Story:
    """Run the whole loop on a fresh data folder, with every process for real.

    Raises:
        StoryFailed: a step did not do what it must.
    """
    schema.upgrade(parts.database)
    ledger.prepare(parts.database)
    people = create(parts)
    pacs_folder = settings.data_dir / "pacs"
    pacs = traffic.start_pacs(pacs_port, PACS_AE, pacs_folder)
    clinic = Clinic(settings.url, people, settings.dicom_port, pacs_port, pacs_folder)
    testing = Testing(settings.url, people, clinic)
    story = Story(people, clinic, Watching(settings.url, people), testing)
    try:
        logs = settings.data_dir / "logs"
        with (
            Processes(environment=_environment(settings), logs=logs),
            tempfile.TemporaryDirectory() as folder,
        ):
            _run(parts, story, console, Path(folder))
    finally:
        pacs.terminate()
        pacs.wait()
    return story


def _run(parts: Parts, story: Story, console: Console, folder: Path) -> None:
    clinic, registry = story.clinic, Registry(story.clinic.url, story.people)
    with _step(story, console, "Starting web, DICOM node and worker"):
        wait_for("the console", lambda: _is_up(clinic.url), 60)
    with _step(story, console, "Supplier signs and submits two models; admission checks them"):
        registry.agree_on_key()
        versions = {name: registry.submit(name) for name in (VIEW, PNEUMONIA)}
        for name, version in versions.items():
            registry.sign_case(name, version)
    images = _images(folder)
    with _step(story, console, "Sites connected, rules published, models in shadow"):
        clinic.connect()
        # What a site has labelled is often older than the model: no rule sends it anywhere.
        clinic.send(CHILD_SITE, "labelled, from the archive", images.archive)
        view = registry.shadow(versions[VIEW], ADULT_SITE)
        registry.shadow(versions[PNEUMONIA], ADULT_SITE)
        pneumonia = registry.shadow(versions[PNEUMONIA], CHILD_SITE)
        registry.publish_rules()
    with _step(story, console, "Studies in shadow: run and recorded, nothing sent"):
        clinic.send(ADULT_SITE, "public files", images.shadow_adults + images.others)
        clinic.send(CHILD_SITE, "children in shadow", images.shadow_children)
    with _step(story, console, "Sites test the models on their own labelled images"):
        story.testing.adults(versions[VIEW], images.shadow_adults)
        tested = {
            VIEW: story.testing.slip(versions[VIEW], images.shadow_adults),
            PNEUMONIA: story.testing.children(versions[PNEUMONIA], images.archive),
        }
    with _step(story, console, "Sites accept, two people agree, models go live"):
        for name, site, deployment, thresholds in (
            (VIEW, ADULT_SITE, view, SLIP),
            (PNEUMONIA, CHILD_SITE, pneumonia, {}),
        ):
            evidence = _evidence(clinic, site, tested[name])
            if evidence is not None:
                story.gates[name] = registry.go_live(
                    versions[name], site, deployment, evidence, thresholds
                )
    with _step(story, console, "Studies live: results go to the PACS as DICOM SR"):
        clinic.send(ADULT_SITE, "adults", images.adults)
        clinic.send(CHILD_SITE, "children", images.children)
    with _step(story, console, "Readers agree or overrule"):
        story.decided = sum(clinic.decide(site) for site in (ADULT_SITE, CHILD_SITE))
    with _step(story, console, "Surveillance counts, evaluates and reports"):
        story.watching.watch(parts, versions, ADULT_SITE, expected=story.decided)
    if story.watching.alerts:
        with _step(story, console, "The safety officer acts on the alert: back to shadow"):
            story.watching.act(view)


def _evidence(clinic: Clinic, site: str, test: dict[str, Any] | None) -> Evidence | None:
    """Return what a site goes live on, or None: then the model stays in shadow.

    Too few labelled images to test with are too few, and the officer of this made-up network
    answers for it with a document of their own. A test that was not passed is the end of it.
    """
    if test is None or test["verdict"] not in {"passed", NOT_BEGUN}:
        return None
    seen = right_results(clinic, site, test["rule"]["findings"][0]["finding"])
    return Evidence(*seen, test.get("acceptance_id"))


def _images(folder: Path) -> Images:
    public = traffic.public_images(folder)
    chests, others = public[: len(traffic.CHEST)], public[len(traffic.CHEST) :]
    if not traffic.has_realdata():
        return Images([], chests[:2], others, [], chests[2:], [])
    children = traffic.child_images()
    tested, shadow = traffic.TESTED_CHILDREN, traffic.SHADOW_CHILDREN
    return Images(
        archive=children[:tested],
        shadow_adults=chests[:2] + traffic.tested_adults(),
        others=others,
        shadow_children=children[tested : tested + shadow],
        adults=chests[2:] + traffic.adult_images(),
        children=children[tested + shadow :],
    )


@contextmanager
def _step(story: Story, console: Console, what: str) -> Iterator[None]:
    started = time.monotonic()
    number = len(story.seconds) + 1
    with console.status(f"{number}. {what}"):
        yield
    story.seconds[what] = time.monotonic() - started
    console.print(f"[green]{number:>2}.[/] {what} [dim]({story.seconds[what]:.1f} s)[/]")


def _is_up(url: str) -> bool | None:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).is_success or None
    except httpx.TransportError:
        return None


def _environment(settings: Settings) -> dict[str, str]:
    """Pass the demonstration's settings on to the processes."""
    names = itertools.filterfalse(lambda name: name.endswith("_url"), type(settings).model_fields)
    values = {name: getattr(settings, name) for name in names}
    return {f"VIGIL_{n.upper()}": str(v) for n, v in values.items() if v is not None}
