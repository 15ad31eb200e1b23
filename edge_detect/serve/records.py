"""The answers of the service, for its OpenAPI description. The values themselves come from `Result.to_dict`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Thresholds(_Record):
    """Scores from `fake` on are called fake, below `real` real, between them uncertain."""

    real: float
    fake: float


class Model(_Record):
    """Which model gave a result."""

    name: str
    version: str
    sha256: str = Field(description="of its flatbuffer")
    thresholds: Thresholds


class Face(_Record):
    """A face that was found and scored."""

    box: list[float] = Field(description="x0, y0, x1, y1 in pixels of the upright picture", min_length=4, max_length=4)
    size: float = Field(description="the longer side of the box in pixels")
    score: float = Field(description="probability (0–1) that it is fake")
    verdict: Literal["real", "uncertain", "fake"]
    confidence: float | None = Field(description="how sure the finder is that it is a face (0–1)")
    reason: Literal["too_small"] | None = Field(description="why the verdict is uncertain whatever the score")


class Record(_Record):
    """The result for one picture, as `edge-detect scan --jsonl` prints it."""

    schema_version: Literal[1]
    path: str = Field(description="the name that the client gave the file, without folders")
    verdict: Literal["real", "uncertain", "fake", "no_face", "unreadable"] | None
    score: float | None = Field(description="probability (0–1) that the picture is fake: that of its worst face")
    faces: list[Face]
    model: Model
    error: str | None = Field(description="why the picture is unreadable")
    label: str | None = Field(None, description="the likeliest label, from a model with labels of its own")
    scores: dict[str, float] | None = Field(None, description="the scores of all such labels")


class Results(BaseModel):
    """One record for each file, in the order they were sent."""

    results: list[Record]


class Problem(BaseModel):
    """Why there is no result."""

    detail: str


class Unreadable(Problem):
    """Why there is no result; and where the request itself was in order, a record for each of its files."""

    results: list[Record] | None = None


class Models(BaseModel):
    """The cards of the models, as `edge-detect info --json` prints them."""

    classifier: dict[str, Any]
    finder: dict[str, Any] | None = Field(description="null where no faces are searched")


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"
