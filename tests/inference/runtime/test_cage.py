"""What a model's process can reach: nothing but its pipes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from factories import onnx_models

from inference.runtime.errors import ModelRefused
from inference.runtime.process import Limits, ModelProcess

ROOT = Path(__file__).parents[3]
LIMITS = Limits(threads=1, memory_mb=256, load_seconds=20, run_seconds=5)


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelProcess]:
    monkeypatch.setenv("VIGIL_SECRET_FOR_TEST", "do not tell")
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    running = ModelProcess(onnx_models.doubling(), LIMITS)
    yield running
    running.close()


def facts_of(process: ModelProcess) -> dict[str, object]:
    return process.run({"x": np.ones(1, np.float32)}).facts


def proc(process: ModelProcess, name: str) -> Path:
    return Path(f"/proc/{process.pid}/{name}")


def test_no_variable_of_ours_reaches_it(process: ModelProcess) -> None:
    environment = proc(process, "environ").read_text()
    names = {entry.split("=")[0] for entry in environment.split("\0") if entry}
    assert names == {"LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ORT_DISABLE_TELEMETRY"}


def test_its_folder_is_empty_and_gone(process: ModelProcess) -> None:
    assert str(proc(process, "cwd").readlink()).endswith("/empty (deleted)")
    assert not Path(str(proc(process, "cwd").readlink()).split("/empty")[0]).exists()


def test_it_holds_two_pipes_and_no_file_of_anybody(process: ModelProcess) -> None:
    held = [str(link.readlink()) for link in proc(process, "fd").iterdir()]
    assert sum(name.startswith("pipe:") for name in held) == 2
    rest = [name for name in held if not name.startswith("pipe:") and "(deleted)" not in name]
    assert set(rest) <= {os.devnull, f"/proc/{process.pid}/status"}


def test_it_has_no_thread_that_could_send_anything(process: ModelProcess) -> None:
    assert len(list(proc(process, "task").iterdir())) == 1


def test_it_can_open_nothing_more(process: ModelProcess) -> None:
    limits = proc(process, "limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    assert line.split()[3:5] == ["1", "1"]
    core = next(line for line in limits.splitlines() if line.startswith("Max core"))
    assert core.split()[4:6] == ["0", "0"]


def test_its_network_is_not_ours_where_it_says_so(process: ModelProcess) -> None:
    ours = Path("/proc/self/ns/net").readlink()
    isolated = proc(process, "ns/net").readlink() != ours
    assert facts_of(process)["network"] == ("isolated" if isolated else "not isolated")


@pytest.mark.parametrize("beside", [True, False])
def test_a_model_that_names_another_file_is_refused(tmp_path: Path, *, beside: bool) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(np.arange(4, dtype=np.float32).tobytes())
    location = "../empty/secret" if beside else str(secret)
    with pytest.raises(ModelRefused):
        ModelProcess(onnx_models.reading(location), LIMITS)


PARENT = """
import sys
sys.path[:0] = sys.argv[1:]
from factories import onnx_models
from inference.runtime.process import Limits, ModelProcess
limits = Limits(threads=1, memory_mb=256, load_seconds=20, run_seconds=5)
process = ModelProcess(onnx_models.doubling(), limits)
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_it_ends_when_its_parent_is_killed() -> None:
    paths = [str(ROOT), str(ROOT / "platform"), str(ROOT / "tests")]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *paths],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 60
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


CONFINED = """
import os, sys
sys.path.append(sys.argv[1])
from pathlib import Path
from model_registry.packages.landlock import confine
folder, other, parent = Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
if not confine(folder):
    sys.exit(77)
assert (folder / "model").read_text() == "model"
for forbidden in (
    lambda: other.read_text(),
    lambda: (folder / "new").write_text("x"),
    lambda: Path(f"/proc/{parent}/environ").read_bytes(),
    lambda: os.listdir(folder),
    lambda: os.execv("/bin/true", ["true"]),
):
    try:
        forbidden()
    except PermissionError:
        continue
    sys.exit(1)
"""


def test_a_confined_process_reads_its_folder_and_nothing_else(tmp_path: Path) -> None:
    folder, other = tmp_path / "folder", tmp_path / "other"
    folder.mkdir()
    (folder / "model").write_text("model")
    other.write_text("secret")
    done = subprocess.run(
        [sys.executable, "-c", CONFINED, str(ROOT), str(folder), str(other), str(os.getpid())],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode == 77:
        pytest.skip("this kernel has no Landlock")
    assert done.returncode == 0, done.stderr
