"""Chapter: a picture from its artist to its buyers, and coffee from the farm to the cup."""

from __future__ import annotations

from crmdapp.errors import NodeRefused
from scripts.demo import coffee, gallery
from scripts.demo.stage import Stage

TITLE = "Provenance: a picture and its buyers, coffee from the farm to the cup"


def play(stage: Stage) -> None:
    """Tell the chapter and check it."""
    stage.story.chapter(TITLE)
    stage.deploy()
    if _proves_storage(stage):
        gallery.play(stage)
    else:
        stage.story.say(
            "This node proves nothing of the chain's storage (eth_getProof), on which all that",
            "is said of a picture rests: the half about art is left out.",
        )
    coffee.play(stage)


def _proves_storage(stage: Stage) -> bool:
    params = [stage.manifest.address("Artworks"), ["0x" + "00" * 32], "latest"]
    try:
        stage.connection.request("eth_getProof", params)
    except NodeRefused:
        return False
    return True
