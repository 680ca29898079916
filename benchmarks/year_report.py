"""A year of 640 findings, read from the database and judged: how long, and in how much memory.

    python -m benchmarks.year_report [--findings 107 640] [--cases 1000000 10000000]

A finding has six streams for everybody together: scores, flags, overrides (all and by direction),
what is ignored. The rows are those that folding writes, put in by hand; eleven months are packed,
as the daily look leaves them, and the last is read from its rows. Each size is measured in a
process of its own, so that its memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from model_registry.versions.models import Model, ModelVersion, VersionStatus
from surveillance.axes import ALL
from surveillance.measures.ebh import discoveries
from surveillance.measures.histogram import Counts, quantile_edges
from surveillance.records.models import AggregateDay
from surveillance.records.repository import Scope
from surveillance.references.models import Reference, ReferenceSource
from surveillance.streams import outputs, places, sealing
from vigil.app import schema
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site

VIGIL = system_actor("benchmark")
DAYS, SITES, KEYS = 365, 10, 16
START = date(2025, 1, 1)
LAST = START + timedelta(days=DAYS - 1)
FEWER = 107  # findings with 640 streams, as six streams are kept of each
BAR_SECONDS, BAR_MB = 1.0, 500.0
ROUNDS = 3
_BATCH = 20_000


@dataclass(frozen=True)
class Took:
    """Processor seconds, the best of `ROUNDS`, and the most memory."""

    findings: int
    cases: int
    packing: float
    rows: int
    streams: int
    reading: float
    judging: float
    megabytes: float
    before_megabytes: float
    verdicts: dict[str, int]

    @property
    def seconds(self) -> float:
        return self.reading + self.judging


def measure(
    folder: Path,
    findings: Sequence[int] = (FEWER, 640),
    sizes: Sequence[int] = (1_000_000, 10_000_000),
) -> list[Took]:
    """Measure each size in a process of its own."""
    return [_measured(folder, count, cases) for count in findings for cases in sizes]


def _measured(folder: Path, findings: int, cases: int) -> Took:
    database = Database(f"sqlite:///{folder / f'year-{findings}-{cases}.sqlite'}")
    schema.upgrade(database)
    with database.write() as session:
        write_year(session, findings, cases)
    with database.write() as session:
        start = time.process_time()
        sealing.seal(session, LAST)
        packing = time.process_time() - start
    url = database.engine.url.render_as_string()
    database.engine.dispose()
    words = [sys.executable, "-m", "benchmarks.year_report", "--measure", url]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    facts = json.loads(done.stdout.splitlines()[-1])
    return Took(findings=findings, cases=cases, packing=packing, **facts)


def write_year(session: WriteSession, findings: int, cases: int, *, seed: int = 1) -> None:
    """Write the daily counts of a year, with about `cases` predictions in all."""
    rng = np.random.default_rng(seed)
    names = list(_names(session, findings))
    edges = quantile_edges(np.linspace(0, 1, 5000).tolist())
    shares = np.array([0.0, *[1 / edges.bins] * edges.bins, 0.0, 0.0, 0.0])
    references = [_reference(name, edges.cuts, shares) for name in names]
    session.add_all(references)
    session.flush()
    a_day = cases / findings / DAYS
    rows: list[dict[str, Any]] = []
    for number in range(DAYS):
        n = rng.poisson(a_day, len(names))
        counts: Counts = rng.multinomial(n, shares)
        day = START + timedelta(days=number)
        drawn = zip(names, references, _counted(rng, n), counts, strict=True)
        rows += [_row(day, *each) for each in drawn if each[2]["n"]]
        if len(rows) > _BATCH:
            session.execute(sa.insert(AggregateDay), rows)
            rows = []
    session.execute(sa.insert(AggregateDay), rows)


def _names(session: WriteSession, findings: int) -> Iterator[tuple[str, str, str]]:
    network = Organisation(
        id="org_net",
        ods_code="NET",
        name="Network",
        kind=OrganisationKind.NETWORK,
        created_at=session.now(),
    )
    session.add(network)
    session.flush()
    sites = [
        Site(
            id=f"site_{n:02}",
            organisation_id="org_net",
            ods_code=f"S{n:02}",
            name=f"Site {n}",
            created_at=session.now(),
        )
        for n in range(SITES)
    ]
    session.add_all(
        [*sites, Model(id="mdl_1", organisation_id="org_net", name="cxr", title="Chest")]
    )
    session.flush()
    for number in range(-(-findings // (SITES * KEYS))):
        session.add(_version(number))
    session.flush()
    for number in range(findings):
        version, rest = divmod(number, SITES * KEYS)
        yield (f"ver_{version:02}", sites[rest // KEYS].id, f"finding{rest % KEYS}")


def _version(number: int) -> ModelVersion:
    return ModelVersion(
        id=f"ver_{number:02}",
        model_id="mdl_1",
        organisation_id="org_net",
        version=f"{number}.0.0",
        digest=f"{number:064}",
        size=1,
        manifest={},
        preprocessing_digest="0" * 64,
        status=VersionStatus.APPROVED,
        submitted_by="usr_s",
        submitted_at=datetime.now(UTC),
    )


def _reference(
    name: tuple[str, str, str], cuts: tuple[float, ...], shares: "np.ndarray[Any, Any]"
) -> Reference:
    version_id, site_id, finding = name
    return Reference(
        id=f"ref_{version_id}_{site_id}_{finding}",
        version_id=version_id,
        site_id=site_id,
        finding_key=finding,
        edges=list(cuts),
        histogram=(5000 * shares).astype(int).tolist(),
        n=5000,
        flagged=1000,
        decided=2500,
        overridden=100,
        cases_digest="0" * 64,
        source=ReferenceSource.SITE,
        effective_from=START,
        set_by="usr_cso",
        set_at=datetime.now(UTC),
        reason="benchmark",
        baselines={"override_fp": [60, 2500], "override_fn": [40, 2500], "ignored": [2500, 5000]},
    )


def _counted(rng: np.random.Generator, n: Counts) -> Iterator[dict[str, int]]:
    flagged, decided = rng.binomial(n, 0.2), rng.binomial(n, 0.5)
    wrong = rng.binomial(decided, 0.04)
    positive = rng.binomial(wrong, 0.6)
    for values in zip(n, flagged, decided, positive, wrong - positive, strict=True):
        cases, flags, made, fp, fn = map(int, values)
        yield {
            "n": cases,
            "flagged": flags,
            "shown": cases,
            "decided": made,
            "override_fp": fp,
            "override_fn": fn,
            "heard": made,
            "heard_fp": fp,
            "heard_fn": fn,
        }


def _row(
    day: date,
    name: tuple[str, str, str],
    reference: Reference,
    counted: dict[str, int],
    counts: Counts,
) -> dict[str, Any]:
    version_id, site_id, finding = name
    return {
        # As long as a real one, which is a digest.
        "id": f"agg_{version_id}{site_id}{finding}{day:%Y%m%d}".ljust(36, "0"),
        "version_id": version_id,
        "site_id": site_id,
        "mode": "live",
        "finding_key": finding,
        "axis": ALL,
        "level": ALL,
        "day": day,
        "reference_id": reference.id,
        "histogram": counts,
        **counted,
    }


def look(database: Database) -> dict[str, Any]:
    """Read and judge the year, as the daily look does."""
    day = LAST
    before = _megabytes()
    times, found = [], []
    rows = 0
    for _ in range(ROUNDS):
        with database.read() as session:
            start = time.process_time()
            turns = list(places.in_turn(session, VIGIL, Scope(to_day=day), (ALL,)))
            reading = time.process_time() - start
            rows = sum(len(series.ordinals) for turn in turns for series in turn)
            del turns
            start = time.process_time()
            found = outputs.assess(session, VIGIL, day=day, scope=Scope())
            discoveries([each.e_value for each in found if each.is_live])
            times.append((time.process_time() - start, reading))
    whole, reading = min(times)
    return {
        "rows": rows,
        "streams": len(found),
        "reading": reading,
        "judging": whole - reading,
        "megabytes": _megabytes(),
        "before_megabytes": before,
        "verdicts": dict(Counter(each.verdict.value for each in found)),
    }


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(found: Sequence[Took]) -> str:
    bar = f"best of {ROUNDS}; bar for 640 streams: {BAR_SECONDS:g} s and {BAR_MB:g} MB"
    columns = "findings|streams|predictions|rows|packing once s|reading s|judging s|whole s|MB"
    lines = [
        f"A year of findings, read from SQLite and judged (processor seconds, {bar})",
        "",
        f"| {columns.replace('|', ' | ')} |",
        f"|{'---|' * (columns.count('|') + 1)}",
    ]
    lines += [
        f"| {one.findings} | {one.streams} | {one.cases:,} | {one.rows:,} "
        f"| {one.packing:.2f} | {one.reading:.2f} | {one.judging:.2f} | {one.seconds:.2f} "
        f"| {one.megabytes:.0f} |"
        for one in found
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year_report", description=__doc__)
    parser.add_argument("--findings", type=int, nargs="*", default=[FEWER, 640])
    parser.add_argument("--cases", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        print(json.dumps(look(Database(asked.measure))))
        return
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as name:
        print(report(measure(Path(name), asked.findings, asked.cases)))


if __name__ == "__main__":
    main()
