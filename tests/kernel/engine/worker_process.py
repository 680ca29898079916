"""A worker of its own process, for tests to kill: URL, folder, slot, and where to die or hold."""

import os
import signal
import sys
import time
from pathlib import Path

from factories.engine import add_organisation
from prometheus_client import CollectorRegistry
from sqlalchemy import event

from vigil.kernel.db import Database, WriteSession
from vigil.kernel.engine.engine import Engine
from vigil.kernel.engine.queue import Steps
from vigil.kernel.engine.settings import EngineSettings


def main(url: str, folder: Path, slot: int, trap: str) -> None:
    def note(line: str) -> None:
        with (folder / "notes").open("a") as file:
            file.write(f"{line}\n")

    def write(session: WriteSession, code: str) -> str:
        note("write")
        if trap == "die":
            # The worst moment: our rows are committed, DBOS has not heard of it.
            event.listen(session, "after_commit", lambda _: os.kill(os.getpid(), signal.SIGKILL))
        made: str = add_organisation(session, code)
        return made

    def hold() -> None:
        note("hold")
        if trap == "hold":
            time.sleep(60)

    def journey(steps: Steps, code: str) -> None:
        steps.run("first", note, "first")
        made = steps.transact("write", write, code)
        steps.run("hold", hold)
        steps.run("last", note, f"last {made}")

    settings = EngineSettings(data_dir=folder, worker_slot=slot, dead_after_seconds=2)
    engine = Engine(Database(url), settings, CollectorRegistry())
    engine.register("test.journey", journey)
    engine.launch()
    note(f"launched {slot}")
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
