"""How far a pull is, counted from the engine's own lines. No clock and no connection here.

Of every layer the engine tells the bytes that are downloaded, then those that are extracted,
both measured against the layer's packed size, once it comes to it. Sizes are remembered, so
that the next pull knows its total from the first line on.
"""

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass

from mydocker.adapters.docker.engine import Json
from mydocker.ports.driver import Layer, PullProgress

_LAYER = "layer:"


@dataclass(slots=True)
class _Counted:
    """What is known of one layer, in bytes. `total` is 0 until known."""

    id: str
    total: int = 0
    downloaded: int = 0
    extracted: int = 0
    here: bool = False
    """It was in the store before, and costs nothing."""
    done: bool = False

    def grow(self, total: int) -> None:
        self.total = max(self.total, total)

    def as_layer(self) -> Layer:
        return Layer(self.id, self.downloaded, self.extracted, self.total, self.done)


class Progress:
    """The account of one pull. `totals` remembers sizes in bytes from pull to pull.

    Its keys are the image's reference (all layers together) and `layer:ID`.
    """

    def __init__(self, reference: str, totals: MutableMapping[str, int]) -> None:
        self._reference = reference
        self._totals = totals
        self._layers: dict[str, _Counted] = {}
        self._done = 0
        self.changes = 0
        """How many lines changed something, so that nothing is told twice."""

    def hear(self, line: Json) -> None:
        """Take one line of the engine's stream."""
        status, layer_id = line.get("status", ""), line.get("id", "")
        if layer_id and not status.startswith("Pulling from"):
            self._count(self._layer(layer_id), status, line.get("progressDetail") or {})
            self.changes += 1

    def now(self) -> PullProgress:
        """Say how far it is. `done_bytes` never goes down, whatever the engine tries again."""
        self._done = max(self._done, sum(n.downloaded + n.extracted for n in self._fetched()))
        total = max(self._total(), self._done)
        return PullProgress(self._done, total, tuple(n.as_layer() for n in self._layers.values()))

    def finish(self) -> PullProgress:
        """Close the account after success: all is done, and the sizes are remembered."""
        for layer in self._fetched():
            self._complete(layer)
        self._remember(self._reference, sum(layer.total for layer in self._layers.values()))
        for layer in self._fetched():
            self._remember(_LAYER + layer.id, layer.total)
        done = self.now()
        return PullProgress(done.done_bytes, done.done_bytes, done.layers)

    def _layer(self, layer_id: str) -> _Counted:
        if layer_id not in self._layers:
            known = self._totals.get(_LAYER + layer_id, 0)
            self._layers[layer_id] = _Counted(layer_id, total=known)
        return self._layers[layer_id]

    def _count(self, layer: _Counted, status: str, detail: Json) -> None:
        # Newer engines tell the seconds of an extraction instead of bytes.
        in_bytes = detail.get("units", "") == ""
        current, total = detail.get("current", 0), detail.get("total", 0)
        match status:
            case "Downloading":
                layer.grow(max(total, current))
                layer.downloaded = max(layer.downloaded, current)
            case "Verifying Checksum" | "Download complete":
                layer.downloaded = layer.total
            case "Extracting" if in_bytes:
                layer.grow(total)
                layer.downloaded = layer.total
                layer.extracted = max(layer.extracted, min(current, layer.total))
            case "Pull complete":
                self._complete(layer)
            case "Already exists":
                layer.here = layer.done = True

    @staticmethod
    def _complete(layer: _Counted) -> None:
        layer.downloaded = layer.extracted = layer.total
        layer.done = True

    def _fetched(self) -> Iterator[_Counted]:
        return (layer for layer in self._layers.values() if not layer.here)

    def _total(self) -> int:
        """Count download and extraction; layers of unknown size share what the image had before."""
        known = sum(layer.total for layer in self._fetched())
        if any(not layer.total for layer in self._fetched()) or not self._layers:
            here = sum(layer.total for layer in self._layers.values() if layer.here)
            known = max(known, self._totals.get(self._reference, 0) - here)
        return 2 * known

    def _remember(self, key: str, size: int) -> None:
        if size and self._totals.get(key) != size:
            self._totals[key] = size
