"""What to expect of the engine at a site that is only supposed: so many cases a day."""

from collections.abc import Sequence
from dataclasses import dataclass

from surveillance.simulation.expecting import Expected, expect
from surveillance.simulation.worlds import Supposed


@dataclass(frozen=True)
class Site:
    """Attributes: volume: cases a day; the rest is told at `worlds.Supposed`."""

    volume: float
    prevalence: float | None = None
    day_effect: float = 0.0
    weekend: float = 1.0
    reference_rows: int = 5000


def suppose(site: Site, *, among: int, replicates: int, seed: int) -> Sequence[Expected]:
    world = Supposed(
        site.volume,
        reference_size=site.reference_rows,
        day_effect=site.day_effect,
        weekend=site.weekend,
        prevalence=site.prevalence,
    )
    return expect(world, among=among, replicates=replicates, seed=seed)
