"""The parts of the frame loop, one by one: buffering, following, steadiness, counting, the verdict on a clip."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detect.errors import SourceError
from edge_detect.live import capture
from edge_detect.live.buffer import CAPACITY, Buffer, Ended, Frame, Lost, Policy
from edge_detect.live.clip import SHOWN, Clip
from edge_detect.live.counts import Counts
from edge_detect.live.state import Hysteresis, State
from edge_detect.live.tracker import PATIENCE, Tracker
from edge_detect.results import TOO_SMALL, Box, Face, ModelId, Result, Verdict
from edge_detect.sources.stream import Kind, Shot, Source

MODEL = ModelId("m", "1", "0", 0.4, 0.6)
REAL, FAKE, NO_FACE, UNCERTAIN = Verdict.REAL, Verdict.FAKE, Verdict.NO_FACE, Verdict.UNCERTAIN


def judge(score: float) -> Verdict:
    return FAKE if score >= 0.6 else REAL if score < 0.4 else UNCERTAIN


def frame(number: int) -> Frame:
    return Frame(number, Shot("x.png"), float(number), float(number))


def face(left=0.0, score=0.5, reason=None) -> Face:
    return Face(Box(left, 0, left + 100, 100), score, judge(score), 0.9, reason)


def test_newest_drops_and_counts_what_waits():
    buffer = Buffer(Policy.NEWEST)
    for number in range(10):
        buffer.put(frame(number))
    assert buffer.take(0).number == 9
    assert buffer.take(0) is None
    assert buffer.dropped == 9


def test_the_frame_rate_is_unknown_while_the_source_is_lost():
    counts = Counts()
    for now in (1.0, 1.5, 2.0):
        counts.score(now, now)
    assert counts.fps == pytest.approx(2)
    counts.lose()
    assert (counts.fps, counts.losses, counts.age(0.5)) == (None, 1, 0)
    for now in (100.0, 101.0):
        counts.score(now, now)
    assert counts.fps == pytest.approx(1)


def test_every_drops_nothing_and_makes_capture_wait():
    buffer = Buffer(Policy.EVERY)
    thread = threading.Thread(target=lambda: [*map(buffer.put, map(frame, range(50))), buffer.end()])
    thread.start()
    taken = []
    while len(taken) < 50:
        assert len(buffer._waiting) <= CAPACITY
        taken.append(buffer.take(10).number)
    with pytest.raises(Ended):
        buffer.take(10)
    thread.join()
    assert taken == list(range(50))
    assert buffer.dropped == 0


def test_capture_that_waits_for_room_is_let_go_when_the_watch_ends():
    buffer = Buffer(Policy.EVERY)
    thread = threading.Thread(target=lambda: [*map(buffer.put, map(frame, range(CAPACITY + 1)))])
    thread.start()
    buffer.end()
    thread.join(10)
    assert not thread.is_alive()


def test_a_loss_is_not_dropped_for_a_newer_frame_and_waits_its_turn():
    buffer = Buffer(Policy.NEWEST)
    buffer.put(frame(0))
    buffer.tell(Lost("one"))
    buffer.tell(Lost("two"))
    buffer.put(frame(1))
    assert [buffer.take(0).number, buffer.take(0).reason, buffer.take(0).number] == [0, "two", 1]


def test_a_face_keeps_its_track_while_it_moves_and_others_get_their_own():
    tracker = Tracker(5, judge)
    first = tracker.update([face(0), face(300)])
    second = tracker.update([face(320), face(20)])
    assert [seen.track for seen in first] == [0, 1]
    assert [seen.track for seen in second] == [1, 0]
    assert tracker.update([face(600)])[0].track == 2


def test_a_face_that_is_missed_for_a_few_frames_is_remembered_and_then_forgotten():
    tracker = Tracker(5, judge)
    tracker.update([face()])
    for _ in range(PATIENCE):
        tracker.update([])
    assert tracker.update([face()])[0].track == 0
    for _ in range(PATIENCE + 1):
        tracker.update([])
    assert tracker.update([face()])[0].track == 1


def test_two_faces_in_one_place_never_share_a_track():
    tracker = Tracker(5, judge)
    tracker.update([face(0)])
    assert sorted(seen.track for seen in tracker.update([face(1), face(2)])) == [0, 1]


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=12), st.integers(1, 6))
def test_the_smoothed_score_is_that_of_the_mean_logit_of_the_window(scores, window):
    tracker = Tracker(window, judge)
    for score in scores:
        seen = tracker.update([face(score=score)])[0]
    logits = [np.log(score / (1 - score)) for score in scores[-window:]]
    assert seen.face.score == pytest.approx(1 / (1 + np.exp(-np.mean(logits))))
    assert seen.frame_score == scores[-1]
    assert seen.face.verdict == judge(seen.face.score)


def test_certainty_does_not_overflow():
    tracker = Tracker(3, judge)
    assert tracker.update([face(score=1.0)])[0].face.score == pytest.approx(1, abs=1e-6)
    assert tracker.update([face(500, score=0.0)])[0].face.score == pytest.approx(0, abs=1e-6)


def test_a_face_that_is_too_small_is_followed_without_a_say():
    tracker = Tracker(3, judge)
    small = Face(Box(0, 0, 100, 100), 0.99, UNCERTAIN, 0.9, TOO_SMALL)
    assert tracker.update([small])[0].face is small
    assert tracker.update([face(score=0.1)])[0].face.score == pytest.approx(0.1)


def states(verdicts, trigger=3, cooldown=0.0, step=1.0):
    hysteresis = Hysteresis(trigger, cooldown)
    seen = []
    for number, verdict in enumerate(verdicts):
        if hysteresis.update(verdict, number * step):
            seen.append((number, hysteresis.state.value))
    return seen


def test_a_state_changes_after_a_row_of_frames_and_not_for_less():
    assert states([REAL, FAKE, FAKE, REAL, FAKE, FAKE, FAKE]) == [(0, "real"), (6, "fake")]


def test_flicker_is_no_change():
    assert states([REAL] + [FAKE, REAL, NO_FACE] * 20) == [(0, "real")]


def test_fake_at_the_very_beginning_needs_the_whole_row():
    assert states([FAKE, FAKE, FAKE]) == [(0, "uncertain"), (2, "fake")]


def test_fake_holds_through_the_cooldown():
    assert states([FAKE] * 3 + [REAL] * 12, cooldown=10.0) == [(0, "uncertain"), (2, "fake"), (12, "real")]


def test_fake_ends_after_the_cooldown_also_where_the_frames_that_follow_do_not_agree():
    """A face that is found now and then must not keep an alarm on."""
    verdicts = [FAKE] * 3 + [REAL, NO_FACE] * 10
    assert states(verdicts, cooldown=10.0) == [(0, "uncertain"), (2, "fake"), (12, "no_face")]
    assert states([FAKE] * 3 + [REAL, FAKE] * 10) == [(0, "uncertain"), (2, "fake")]


def test_a_lost_source_is_news_once_and_comes_back_with_its_first_frame():
    hysteresis = Hysteresis(3, 5.0)
    hysteresis.update(REAL, 0)
    assert hysteresis.lose()
    assert not hysteresis.lose()
    assert hysteresis.update(REAL, 1)
    assert hysteresis.state is State.REAL


@given(st.lists(st.sampled_from([REAL, FAKE, NO_FACE, UNCERTAIN])), st.integers(1, 5), st.floats(0, 10))
def test_fake_is_never_said_without_the_whole_row(verdicts, trigger, cooldown):
    fake = [number for number, state in states(verdicts, trigger, cooldown) if state == "fake"]
    assert all(verdicts[n - trigger + 1 : n + 1] == [FAKE] * trigger for n in fake)


def test_the_clip_is_the_mean_of_its_frames_and_names_those_that_decided():
    clip = Clip()
    scores = [0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.6]
    for number, score in enumerate(scores):
        clip.add(Result("x", REAL, MODEL, score, (face(score=score), face(score=0.01))), number, number / 10)
    clip.add(Result("x", NO_FACE, MODEL), 99, 9.9)
    small = Face(Box(0, 0, 10, 10), 0.99, UNCERTAIN, None, TOO_SMALL)
    clip.add(Result("x", UNCERTAIN, MODEL, 0.99, (small,)), 100, 10.0)
    assert clip.score == pytest.approx(np.mean(scores))
    assert [one.frame for one in clip.deciding(fake=True)] == [1, 5, 3, 6, 2]
    assert [one.score for one in clip.deciding(fake=False)] == sorted(scores)[:SHOWN]


def test_a_clip_without_a_face_has_no_score():
    assert Clip().score is None


def test_counts_say_nothing_before_there_is_something_and_stay_small():
    counts = Counts()
    assert counts.to_dict()["age_ms"] == {"p50": None, "p95": None}
    assert counts.fps is None
    for number in range(5000):
        counts.score(number / 50, number / 50 + 0.02)
    assert counts.fps == pytest.approx(50)
    assert counts.to_dict()["age_ms"] == {"p50": 20.0, "p95": 20.0}
    assert len(counts._ages) == 500


def test_a_source_that_takes_long_to_fail_is_tried_ever_less_often(monkeypatch):
    """Only frames count as having been there: a host that does not answer lets one wait as long."""
    now, pauses = 0.0, []

    def fail():
        nonlocal now
        now += 2 * capture.STEADY
        raise SourceError("no answer")

    taken = capture.Capture(Source("camera", Kind.LIVE, fail), Buffer(Policy.NEWEST), lambda: now)

    def wait(seconds):
        pauses.append(seconds)
        if len(pauses) == 7:
            taken._stopping.set()

    monkeypatch.setattr(taken._stopping, "wait", wait)
    taken._run()
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
