"""`make bench`: measure Vigil beside its peers and print the tables as they come out."""

import argparse
import os
import platform
import tempfile
from pathlib import Path

from benchmarks import (
    admission,
    end_to_end,
    readiness,
    real_shift,
    receive,
    recording,
    registry,
    year_report,
)

# Public images and tables, beside the project where they are.
REAL = Path("../shared/realdata")


def main() -> None:
    """Run the benchmarks that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "which",
        nargs="*",
        default=[
            "receive",
            "end_to_end",
            "admission",
            "registry",
            "recording",
            "real_shift",
            "year_report",
        ],
    )
    parser.add_argument("--instances", type=int, default=200, help="images of one turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each peer")
    asked = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, ", end="")
    with tempfile.TemporaryDirectory(prefix="vigil-bench-", dir=_disk()) as name:
        folder = Path(name)
        print(f"a flush of 0.5 MB takes {receive.flush_ms(folder):.1f} ms, ", end="")
        print(f"load {os.getloadavg()[0]:.1f} at the start\n")
        if "receive" in asked.which:
            measured = receive.measure(folder, instances=asked.instances, rounds=asked.rounds)
            print(receive.report(measured, asked.instances), flush=True)
        if "end_to_end" in asked.which:
            print()
            print(end_to_end.report(end_to_end.measure(folder, rounds=asked.rounds)), flush=True)
        if "admission" in asked.which:
            print()
            print(admission.report(admission.measure(folder)), flush=True)
        if "registry" in asked.which:
            print()
            print(registry.report(registry.measure(folder)))
            print()
            print(readiness.report(readiness.measure(folder)), flush=True)
        if "recording" in asked.which:
            print()
            print(recording.report(recording.measure(folder)), flush=True)
        if "real_shift" in asked.which:
            print()
            print(real_shift.measure(REAL))
        if "year_report" in asked.which:
            print()
            print(year_report.report(year_report.measure(folder)), flush=True)


def _disk() -> Path:
    """Return a folder on the disk that Vigil would use; a temporary one may be memory."""
    folder = Path("var")
    folder.mkdir(exist_ok=True)
    return folder.absolute()


if __name__ == "__main__":
    main()
