"""What is said of a stream: a state that changes when it must, and does not flicker."""

from enum import Enum

from edge_detect.results import Verdict


class State(str, Enum):
    """A verdict that holds, or that the source is lost."""

    REAL = "real"
    UNCERTAIN = "uncertain"
    FAKE = "fake"
    NO_FACE = "no_face"
    SOURCE_LOST = "source_lost"

    def __str__(self) -> str:
        return self.value


class Hysteresis:
    """From verdicts of frames to a state.

    The state follows `trigger` frames in a row that say the same. "fake" holds until no frame has said so for
    `cooldown` seconds and as many frames, whatever they say instead; the last of them is what follows. At the
    beginning, and when a lost source comes back, the first frame decides, save that it takes the whole row to say
    "fake": until then the state is "uncertain".
    """

    def __init__(self, trigger: int, cooldown: float) -> None:
        self.state: State | None = None
        self._trigger = trigger
        self._cooldown = cooldown
        self._candidate: State | None = None
        self._row = 0
        self._calm = 0
        """Frames in a row that did not say "fake"."""
        self._last_fake = 0.0

    def update(self, verdict: Verdict, seconds: float) -> bool:
        """Take in the verdict of a frame at a time that never goes back; say whether the state changed."""
        said = State(verdict.value)
        self._row = self._row + 1 if said is self._candidate else 1
        self._candidate = said
        self._calm += 1
        if said is State.FAKE:
            self._calm, self._last_fake = 0, seconds
        return self._become(self._next(said, seconds))

    def lose(self) -> bool:
        """The source is lost; say whether that is news."""
        self._candidate, self._row, self._calm = None, 0, 0
        return self._become(State.SOURCE_LOST)

    def find(self) -> bool:
        """A lost source is back, before there is something to say of it; say whether that is news."""
        return self.state is State.SOURCE_LOST and self._become(None)

    def _next(self, said: State, seconds: float) -> State:
        if self.state is State.FAKE:
            calm = self._calm >= self._trigger and seconds - self._last_fake >= self._cooldown
            return said if calm else State.FAKE
        if self._row >= self._trigger:
            return said
        if self.state in (None, State.SOURCE_LOST):
            return State.UNCERTAIN if said is State.FAKE else said
        assert self.state is not None
        return self.state

    def _become(self, state: State | None) -> bool:
        changed, self.state = state is not self.state, state
        return changed
