"""DICOM peers for tests."""

from factories.identity import SETUP

from model_registry.nodes import service
from model_registry.nodes.models import Node
from vigil.kernel.db import WriteSession


def create_node(
    session: WriteSession,
    site_id: str,
    ae_title: str = "MODALITY",
    *,
    host: str = "127.0.0.1",
    port: int = 11113,
    is_source: bool = True,
    is_destination: bool = False,
) -> Node:
    return service.add_node(
        session,
        SETUP,
        site_id=site_id,
        ae_title=ae_title,
        host=host,
        port=port,
        is_source=is_source,
        is_destination=is_destination,
        reason="test",
    )
