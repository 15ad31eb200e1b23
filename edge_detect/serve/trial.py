"""One picture at a time, with the model and operating point of one's choice, and everything there is to see of it."""

import json
import threading
from collections.abc import Sequence
from pathlib import Path

from edge_detect import heatmap
from edge_detect.card import Card, read_packed
from edge_detect.detector import Detector
from edge_detect.false_alarms import percent
from edge_detect.image import Picture
from edge_detect.models import find_model, shipped
from edge_detect.sinks.pictures import annotated


class Trial:
    """Detectors for the models and false-alarm rates that are asked for, each loaded when it first is."""

    def __init__(self, models: Sequence[str], finder: str | None = None) -> None:
        """models: files or names of classifiers, beside the shipped ones; finder: as for `Detector.load`.

        Raises ModelError when one of them cannot be used.
        """
        self._paths = {name: find_model(name) for name in models}
        self._cards = {name: _card(path) for name, path in self._paths.items()}
        for name in shipped():
            path = find_model(name)
            if (card := read_packed(path)[1]).kind == "classifier":
                self._paths.setdefault(name, path)
                self._cards.setdefault(name, card)
        self._finder = finder
        self._detectors: dict[tuple[str, str], Detector] = {}
        self._lock = threading.Lock()  # a detector serves one thread at a time
        self._detector(self.names[0], "")

    @property
    def names(self) -> list[str]:
        """What the models are called: first those that were asked for."""
        return list(self._paths)

    @property
    def rates(self) -> list[tuple[str, str]]:
        """The false-alarm rates that a model or another has a threshold for: in words, and as `score` takes them."""
        carried = {rate for card in self._cards.values() for rate in card.thresholds.false_alarms}
        return [("the model's own", ""), *((percent(float(rate)), rate) for rate in sorted(carried, key=float))]

    def score(self, picture: str | None, model: str, rate: str) -> tuple[Picture | None, Picture | None, str | None]:
        """The annotated picture, the heatmap and the record of `scan`, as JSON, for a picture file.

        model: one of `names`; rate: one of `rates`. There is no heatmap where the model has no patches, of a picture
        that cannot be read the record says why, and without one there is nothing. Raises UsageError when the model has
        no threshold for that rate.
        """
        if picture is None:
            return None, None, None
        with self._lock:
            detector = self._detector(model, rate)
            inspection = detector.inspect(picture, name=Path(picture).name)
            record = json.dumps(inspection.result.to_dict(), indent=2)
            if inspection.result.error:
                return None, None, record
            heat = heatmap.heatmap(inspection, detector) if heatmap.can_be_drawn(detector) else None
        return annotated(inspection), heat, record

    def _detector(self, model: str, rate: str) -> Detector:
        if (model, rate) not in self._detectors:
            fpr = float(rate) if rate else None
            self._detectors[model, rate] = Detector.load(self._paths[model], finder=self._finder, fpr=fpr)
        return self._detectors[model, rate]


def _card(path: Path) -> Card:
    _, card = read_packed(path)
    card.require("classifier")
    return card
