import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vigil.kernel import turn as turns
from vigil.kernel.errors import Unavailable
from vigil.kernel.turn import Turn

HOLD = """
import sys, time
from pathlib import Path
from vigil.kernel.turn import Turn
turn = Turn(Path(sys.argv[1]))
end = time.monotonic() + float(sys.argv[2])
print("ready", flush=True)
while time.monotonic() < end:
    with turn:
        print("had it", flush=True)
        time.sleep(0.005)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "vigil.sqlite"


def _busy_process(database: Path, seconds: float) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_one_thread_at_a_time_has_the_turn(database: Path) -> None:
    turn, inside, most = Turn(database), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with turn:
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1


def test_a_process_that_writes_all_the_time_starves_nobody(database: Path) -> None:
    turn = Turn(database)
    with _busy_process(database, 60) as busy:
        for _ in range(20):
            with turn:
                pass
        still_writes = busy.poll() is None
        busy.kill()
        assert busy.stdout is not None
        others = busy.stdout.read().count("had it")

    # Between two of ours the other has one or two. Unfair, we would have waited until it ended.
    assert still_writes
    assert others < 20 * 20


def test_a_process_that_is_killed_gives_its_turn_back(database: Path) -> None:
    with _busy_process(database, 60) as busy:
        busy.kill()

    with Turn(database):
        pass


def test_asking_twice_in_one_thread_is_an_error_and_not_a_hang(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.05)
    turn = Turn(database)

    with turn, pytest.raises(Unavailable, match="writing for too long"):
        turn.take()

    with turn:
        pass
