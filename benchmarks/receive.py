"""Durable C-STORE: how many instances a second, beside Orthanc and DCMTK on the same disk.

The peers take turns within a round, so that a slow minute of the machine slows all of them; what is
reported of two peers is the ratio within a round.
"""

import os
import shutil
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.images import CT, write
from benchmarks.peers import Orthanc, Peer, Storescp, Vigil, cpu_seconds, program, running, send

ASSOCIATIONS = (1, 4)
# What Vigil's design asks for, as a multiple of Orthanc.
BARS = {1: 1.8, 4: 3.0}
YARDSTICK = "Orthanc"


@dataclass(frozen=True)
class Took:
    """One peer's turn: instances a second, and its processor time for each, where it is known."""

    rate: float
    cpu_ms: float | None


Turns = dict[str, list[Took]]


def measure(folder: Path, *, instances: int, rounds: int) -> dict[int, Turns]:
    """Let each peer take the same files, round after round."""
    files = list(write(CT, instances, folder / "files"))
    peers = available()
    return {
        associations: _turns(peers, files, folder, associations, rounds)
        for associations in ASSOCIATIONS
    }


def available() -> list[Peer]:
    """Return Vigil and those peers that this machine has."""
    if program("storescu") is None:
        raise SystemExit("The sender is DCMTK's storescu, which is not installed: `make servers`.")
    found: list[Peer] = [Vigil()]
    found += [Orthanc()] if program("Orthanc") else []
    found += [Storescp()] if program("storescp") else []
    return found


def report(measured: dict[int, Turns], instances: int) -> str:
    """Return the table in Markdown."""
    rounds = len(next(iter(measured[1].values())))
    lines = [
        f"C-STORE of {instances} CT instances of 0.53 MB, median of {rounds} rounds [range]",
        "",
        "| node | associations | instances/s | MB/s | CPU ms/instance | x Orthanc | bar |",
        "|---|---|---|---|---|---|---|",
    ]
    for associations, turns in measured.items():
        lines += [_line(name, associations, turns) for name in turns]
    return "\n".join(lines)


def flush_ms(folder: Path, repeats: int = 25) -> float:
    """Return what one flush of half a megabyte costs here: it explains most of the table."""
    payload = os.urandom(CT.rows * CT.columns * 2)
    took = []
    for number in range(repeats):
        path = folder / f"flush{number}"
        with path.open("wb") as file:
            file.write(payload)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - began)
        path.unlink()
    return 1000 * statistics.median(took)


def _turns(
    peers: Sequence[Peer], files: list[Path], folder: Path, associations: int, rounds: int
) -> Turns:
    turns: Turns = {peer.name: [] for peer in peers}
    for _ in range(rounds):
        for peer in peers:
            turns[peer.name].append(_turn(peer, files, folder / "store", associations))
    return turns


def _turn(peer: Peer, files: list[Path], store: Path, associations: int) -> Took:
    shutil.rmtree(store, ignore_errors=True)
    os.sync()
    with running(peer, store) as (process, port):
        before = cpu_seconds(process)
        seconds = send(files, port, associations)
        used = cpu_seconds(process) - before
    return Took(len(files) / seconds, None if peer.forks else 1000 * used / len(files))


def _line(name: str, associations: int, turns: Turns) -> str:
    rates = [took.rate for took in turns[name]]
    rate = statistics.median(rates)
    megabytes = rate * CT.rows * CT.columns * 2 / 1e6
    bar = f"{BARS[associations]:.1f}" if name == "Vigil" else ""
    return (
        f"| {name} | {associations} | {rate:.0f} [{min(rates):.0f} to {max(rates):.0f}] "
        f"| {megabytes:.0f} | {_cpu(turns[name])} | {_ratio(name, turns)} | {bar} |"
    )


def _cpu(turns: Sequence[Took]) -> str:
    known = [took.cpu_ms for took in turns if took.cpu_ms is not None]
    return f"{statistics.median(known):.1f}" if known else "not known"


def _ratio(name: str, turns: Turns) -> str:
    if YARDSTICK not in turns:
        return "not installed"
    pairs = zip(turns[name], turns[YARDSTICK], strict=True)
    ratios = [mine.rate / theirs.rate for mine, theirs in pairs]
    return f"{statistics.median(ratios):.2f} [{min(ratios):.2f} to {max(ratios):.2f}]"
