"""A receiver with one known source, and a node that listens."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from factories.identity import create_site
from factories.node import Door
from factories.studies import create_source
from prometheus_client import CollectorRegistry

from inference.node.process import DicomNode
from inference.node.service import Receiver
from inference.node.settings import NodeSettings
from vigil.kernel.db import Database
from vigil.kernel.engine.queue import Queue
from vigil.kernel.events import Events
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts


@pytest.fixture
def node_settings(tmp_path: Path) -> NodeSettings:
    return NodeSettings(
        data_dir=tmp_path,
        dicom_host="127.0.0.1",
        dicom_port=0,
        max_instance_mb=40,
        dicom_idle_seconds=30,
        max_associations=8,
    )


@pytest.fixture
def node_parts(parts: Parts, node_settings: NodeSettings) -> Parts:
    with parts.database.write() as session:
        create_source(session, create_site(session).id)
    return replace(parts, settings=node_settings, metrics=CollectorRegistry())


@pytest.fixture
def door(
    database: Database,
    objects: LocalObjectStore,
    keys: Keys,
    node_settings: NodeSettings,
    queue: Queue,
) -> Door:
    with database.write() as session:
        create_source(session, create_site(session).id)
    parts = Parts(node_settings, database, objects, keys, Events(), queue, CollectorRegistry())
    receiver = Receiver(parts, node_settings, "VIGIL@test:0")
    return Door(receiver, receiver.accept("MODALITY", "VIGIL", "127.0.0.1"))


@pytest.fixture
def node(node_parts: Parts, node_settings: NodeSettings) -> Iterator[DicomNode]:
    running = DicomNode(node_parts, node_settings)
    running.start()
    yield running
    running.stop()
