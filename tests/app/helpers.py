"""A document as a sync asks for it."""

from codehost.app.syncing import SyncRequest
from codehost.config.loading import load


def request(text: str, *, with_pins: bool = False) -> SyncRequest:
    loaded = load(text.encode())
    assert loaded.config is not None
    return SyncRequest(name="host", text=loaded.text, config=loaded.config, with_pins=with_pins)
