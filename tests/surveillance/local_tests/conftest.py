"""Clinics at which a real model is tested, and one pool of its processes for each module."""

from collections.abc import Iterator

import pytest
from factories.local_tests import Clinic, open_clinic

from inference.runtime.pool import Runtimes
from inference.runtime.settings import RuntimeSettings
from vigil.kernel.parts import Parts


@pytest.fixture(scope="module")
def runtimes() -> Iterator[Runtimes]:
    pool = Runtimes(RuntimeSettings())
    yield pool
    pool.close()


@pytest.fixture
def clinic(parts: Parts) -> Clinic:
    return open_clinic(parts)
