"""What can be known of the container files without an engine; nothing here builds an image."""

import re
import runpy
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from vigil.app import reference
from vigil.app.settings import Settings
from vigil.kernel.clock import utc_now
from vigil.kernel.db import Database
from vigil.kernel.engine.models import Worker

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if name != "postgres"}
HEALTH: dict[str, Callable[..., Any]] = runpy.run_path(str(DOCKER / "health.py"))


def instructions(word: str) -> list[str]:
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    return [line.removeprefix(word).strip() for line in lines if line.startswith(f"{word} ")]


def environment() -> Iterator[tuple[str, str]]:
    for service in SERVICES.values():
        yield from service.get("environment", {}).items()
    for line in instructions("ENV"):
        yield from re.findall(r"(\w+)=(\S+)", line)


def test_every_process_of_vigil_has_a_service() -> None:
    assert set(SERVICES) == {"schema", "web", "dicom", "worker", "postgres"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    assert " ".join(OURS[name]["command"]) in {words for words, _ in reference.commands()}


def test_every_variable_of_ours_is_a_setting() -> None:
    ours = {name for name, _ in environment() if name.startswith("VIGIL_")}

    assert ours
    assert {name.removeprefix("VIGIL_").lower() for name in ours} <= set(Settings.model_fields)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_is_locked_down(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & set(service)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"schema", "web"}))
def test_a_lasting_container_says_how_it_is(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_the_web_container_is_asked_as_the_image_says() -> None:
    assert "healthcheck" not in SERVICES["web"]
    assert "health.py" in DOCKERFILE


def test_no_image_is_whatever_is_newest() -> None:
    images = [service["image"] for service in SERVICES.values()]
    default = dict(line.split("=") for line in instructions("ARG"))["PYTHON_TAG"]

    assert all(":" in image and not image.endswith(":latest") for image in images)
    assert default.startswith("3.11")


def test_no_secret_stands_in_a_file() -> None:
    suspects = [
        name
        for name, value in environment()
        if re.search(r"PASSWORD|TOKEN|KEY|SECRET", name)
        and not str(value).startswith("/run/secrets/")
    ]

    assert suspects == []
    assert not re.search(r"://[^/\s:@]+:[^/\s@]+@", (DOCKER / "compose.yaml").read_text())
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    assert "/docker/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_the_console_is_reached_from_this_machine_only() -> None:
    assert SERVICES["web"]["ports"] == ["127.0.0.1:8080:8080"]
    assert "ports" not in SERVICES["postgres"]


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert instructions("USER") == ["10001:10001"]
    assert DOCKERFILE.index("USER 10001") > DOCKERFILE.rindex("COPY")


def test_the_image_has_two_stages_and_checks_every_package() -> None:
    installs = re.findall(r"pip install.*?\.lock", DOCKERFILE, re.DOTALL)

    assert len(instructions("FROM")) == 2
    assert len(installs) == 3
    assert all("--require-hashes" in command for command in installs)
    assert any("PYTHONSAFEPATH=1" in line for line in instructions("ENV"))


def test_what_is_copied_exists_and_the_context_lets_it_through() -> None:
    own = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    sources = {source for line in own for source in line}
    let_through = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()

    assert {source for source in sources if not (ROOT / source).exists()} == set()
    assert {"platform", "migrations", "pyproject.toml"} <= sources
    for source in sources:
        name = "requirements*.lock" if source.endswith(".lock") else source
        assert f"!{name}" in let_through


@pytest.fixture
def here(tmp_path: Path, sqlite: Database) -> Settings:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return Settings(data_dir=tmp_path, dicom_port=port, http_port=port)


def test_a_process_that_is_not_there_is_not_well(here: Settings) -> None:
    assert [HEALTH[name](here) for name in ("web", "dicom", "worker")] == [False, False, False]


def test_a_node_that_takes_connections_is_well(here: Settings) -> None:
    with socket.create_server(("127.0.0.1", here.dicom_port)):
        assert HEALTH["dicom"](here)


@pytest.mark.parametrize(("status", "well"), [(200, True), (503, False)])
def test_the_web_process_is_as_well_as_it_says(here: Settings, status: int, well: bool) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
            pass

    with HTTPServer(("127.0.0.1", here.http_port), Answer) as server:
        asked = threading.Thread(target=server.handle_request)
        asked.start()
        assert HEALTH["web"](here) is well
        asked.join()


@pytest.mark.parametrize(("age", "well"), [(1, True), (3600, False)])
def test_a_worker_is_well_while_its_heart_beats(
    here: Settings, sqlite: Database, age: float, well: bool
) -> None:
    with sqlite.write() as session:
        beat = utc_now() - timedelta(seconds=age)
        mine = f"{socket.gethostname()}:0"
        session.add(Worker(id=mine, pipeline="p", started_at=beat, beat_at=beat))

    assert HEALTH["worker"](here) is well
