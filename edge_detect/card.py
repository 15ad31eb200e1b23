"""The card: what a model is, what it expects, what its output means and how it scored.

A `.tflite` file carries its card: behind the flatbuffer lies a small zip archive with `card.json` and `labels.txt`,
which TFLite runtimes ignore and any zip tool can list. `pack` and `unpack` are the only code that knows this.
"""

import dataclasses
import hashlib
import io
import json
import lzma
import math
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_detect.errors import ModelError, UsageError
from edge_detect.writable import write_whole

CARD_VERSION = 1
KINDS = ("classifier", "finder", "labeller")
"""A classifier tells real from fake, a finder finds faces, a labeller gives pictures labels of its own."""
OUTPUTS = {
    "classifier": ("logit", "probability"),
    "finder": ("heat",),
    "labeller": ("logits", "probabilities"),
}
"""What the score tensor of each kind may hold."""
_CARD, _LABELS = "card.json", "labels.txt"
_MAX_CARD = 1_000_000
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError, RuntimeError)
"""What zipfile raises for damaged archives, by the kind of compression that the damage makes it believe in."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_HOW_TO_GET_ONE = "convert a Keras model into one (`edge-detect convert`), or use a shipped model"


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (Platt, 1999): probability of fake = sigmoid(scale × logit + bias)."""

    scale: float = 1.0
    bias: float = 0.0
    fitted_on: str = ""

    def probability(self, logit: float) -> float:
        """Calibrated probability (0–1) of *fake* for a logit."""
        z = self.scale * logit + self.bias
        return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


@dataclass(frozen=True)
class Thresholds:
    """Scores at or above `fake` are called fake, below `real` real, between them uncertain.

    face: a finder's boxes count from this score; face_tiles: in a search that includes tiles, where more is looked at.
    false_alarms: other values of `fake` by the share of real pictures that they flag, such as "0.01"; reals: how many
    real pictures all of them were chosen on.
    """

    real: float = 0.5
    fake: float = 0.5
    chosen_on: str = ""
    face: float = 0.5
    face_tiles: float = 0.5
    false_alarms: dict[str, float] = field(default_factory=dict)
    reals: int = 0

    def at(self, rate: float) -> "Thresholds":
        """These, with `fake` for a false-alarm rate (0–1), and `real` no higher than that.

        Raises UsageError, which lists the rates there are, when this is none of them.
        """
        for carried, fake in self.false_alarms.items():
            if math.isclose(float(carried), rate):
                return dataclasses.replace(self, real=min(self.real, fake), fake=fake)
        if not self.false_alarms:
            raise UsageError(
                "the model carries no thresholds by false-alarm rate; `edge-detect calibrate` makes a copy that does"
            )
        raise UsageError(
            f"the model carries no threshold for the false-alarm rate {rate:g}; it has {', '.join(self.false_alarms)} "
            "(shares of real pictures: 0.01 is 1%), and `edge-detect calibrate` makes a copy with another"
        )


@dataclass(frozen=True)
class Card:
    """A model's card.

    kind: one of KINDS; input_side: side of the square uint8 RGB input in pixels; output: what the score tensor holds,
    "logit" or "probability" (of a finder: "heat"; of a labeller, for each label in order: "logits" or "probabilities");
    outputs: index of each named output tensor; crop: how a crop is cut for this model; mirrored: a classifier's logit
    is the mean of those of a crop and of its mirror image; training, conversion and metrics: provenance and figures, as
    written by the tools that made them; sha256: of the flatbuffer.
    """

    name: str
    version: str
    description: str
    kind: str
    input_side: int
    output: str
    outputs: dict[str, int]
    labels: tuple[str, ...] = ("real", "fake")
    crop: str = "square, 1.4 x the longer side of the face box"
    mirrored: bool = False
    precision: str = "int8"
    calibration: Calibration = Calibration()
    thresholds: Thresholds = Thresholds()
    licence: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    conversion: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    sha256: str = ""

    @property
    def values(self) -> int | None:
        """How many numbers the score tensor holds for a picture; None of a finder, whose maps are as large as it is."""
        return {"classifier": 1, "labeller": len(self.labels)}.get(self.kind)

    def require(self, kind: str) -> None:
        """Raise ModelError when the model is of another kind."""
        if self.kind != kind:
            raise ModelError(f"the model {self.name!r} is a {self.kind}, and a {kind} is needed here")

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON-ready values."""
        return {"card_version": CARD_VERSION, **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Card":
        """The card from JSON values. Raises ModelError when fields are missing, unknown or of a newer version."""
        values = dict(values) if isinstance(values, dict) else {}
        if values.pop("card_version", None) != CARD_VERSION:
            raise ModelError(f"the model's card is not of version {CARD_VERSION}; update edge-detect")
        try:
            if not isinstance(values["labels"], list | tuple):
                raise TypeError("labels are no list")
            values["labels"] = tuple(values["labels"])
            values["calibration"] = Calibration(**values["calibration"])
            values["thresholds"] = Thresholds(**values["thresholds"])
            card = cls(**values)
            complaint = _complaint(card)
        except (KeyError, TypeError, ValueError) as error:
            complaint = str(error)
        if complaint:
            raise ModelError(f"the model's card is damaged ({complaint}); {_HOW_TO_GET_ONE}")
        return card


def _complaint(card: Card) -> str:
    """What is wrong with a card's values, or nothing."""
    if card.kind not in KINDS:
        return f"unknown kind {card.kind!r}"
    outputs, scaling, limits = card.outputs, card.calibration, card.thresholds
    texts = (card.name, card.version, card.description, card.crop, card.precision, card.licence, card.sha256)
    checks = {
        "what should be text is not": all(
            isinstance(text, str) for text in (*texts, scaling.fitted_on, limits.chosen_on)
        ),
        "mirrored is neither true nor false": isinstance(card.mirrored, bool),
        "input_side is no whole number": isinstance(card.input_side, int) and card.input_side > 0,
        "two labels are needed": all(isinstance(label, str) for label in card.labels)
        and (len(card.labels) == 2 or (card.kind == "labeller" and len(card.labels) > 2))
        and len(set(card.labels)) == len(card.labels),
        "a classifier's labels are real and fake, in this order": card.kind != "classifier"
        or card.labels == Card.labels,
        "outputs name no tensors": isinstance(outputs, dict)
        and all(isinstance(index, int) and index >= 0 for index in outputs.values()),
        f"unknown output {card.output!r}": card.output in OUTPUTS[card.kind] and card.output in outputs,
        "the calibration is no rising curve": math.isfinite(scaling.bias) and 0 < scaling.scale < math.inf,
        "the thresholds are not in order": 0 <= limits.real <= limits.fake <= 1
        and 0 < limits.face < 1
        and 0 < limits.face_tiles < 1,
        "the thresholds by false-alarm rate are none": isinstance(limits.reals, int)
        and isinstance(limits.false_alarms, dict)
        and all(0 < float(rate) < 1 and 0 <= fake <= 1 for rate, fake in limits.false_alarms.items())
        and limits.reals >= bool(limits.false_alarms),
        "figures are missing": all(isinstance(part, dict) for part in (card.training, card.conversion, card.metrics)),
    }
    return next((complaint for complaint, holds in checks.items() if not holds), "")


def pack(flatbuffer: bytes, card: Card) -> bytes:
    """A `.tflite` file's bytes: the flatbuffer, and behind it the card with the flatbuffer's hash filled in.

    The same input gives the same bytes.
    """
    card = dataclasses.replace(card, sha256=hashlib.sha256(flatbuffer).hexdigest())
    buffer = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in ((_CARD, json.dumps(card.to_dict(), indent=1)), (_LABELS, "\n".join(card.labels) + "\n")):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[bytes, Card]:
    """Split a `.tflite` file's bytes into the flatbuffer and the card, and check one against the other.

    Raises ModelError when the data is no flatbuffer, carries no card, or the hash does not match.
    """
    if data[4:8] != b"TFL3":
        raise ModelError(f"this is not a TFLite model; {_HOW_TO_GET_ONE}")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entry = archive.getinfo(_CARD)
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise ModelError(f"the model's card is packed in a way that is not read here; {_HOW_TO_GET_ONE}")
            with archive.open(entry) as card_file:
                text = card_file.read(_MAX_CARD + 1)  # never more, whatever it says of its size
            if max(len(text), entry.file_size) > _MAX_CARD:
                raise ModelError(f"the model's card is larger than {_MAX_CARD} bytes; {_HOW_TO_GET_ONE}")
            flatbuffer = data[: min(other.header_offset for other in archive.infolist())]
    except (*_ZIP_ERRORS, KeyError, ValueError) as error:
        raise ModelError(
            "the model carries no card, so its output has no meaning: convert the Keras model that it was made of "
            "(`edge-detect convert`); if it is a copy of one of ours, it was cut short: copy it again"
        ) from error
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the model's card is damaged ({error}); {_HOW_TO_GET_ONE}") from error
    card = Card.from_dict(values)
    if hashlib.sha256(flatbuffer).hexdigest() != card.sha256:
        raise ModelError("the model does not match the hash in its card: the file is damaged; copy it again")
    return flatbuffer, card


def read_packed(path: Path) -> tuple[bytes, Card]:
    """Flatbuffer and card of a file. Raises ModelError, which names the file."""
    try:
        return unpack(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror})") from error
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def write_packed(path: Path, flatbuffer: bytes, card: Card) -> None:
    """Write a packed model aside and rename it, so that no half-written one is ever found."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, pack(flatbuffer, card))
