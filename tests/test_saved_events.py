"""`watch --save-events`: the frame, the crop and the JSON of each event in a folder."""

import json
import resource
import shutil
from contextlib import contextmanager

import clips
import pytest
from events import event

from edge_detect import Detector, image
from edge_detect.errors import UsageError
from edge_detect.live.watcher import watch
from edge_detect.sinks.saved import SavedEvents


def test_saved_events_hold_the_frame_the_crop_and_the_json(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.RED)] * 8)
    outlet = SavedEvents(tmp_path / "events", keep=10)
    outlet.start()
    for message in watch(clip, Detector.load(tiny_model, whole_image=True)):
        outlet.put(message)
    outlet.close()
    names = sorted(path.name for path in (tmp_path / "events").iterdir())
    assert names == [f"event-0000000{n}.{suffix}" for n in (1, 2) for suffix in ("jpg", "json", "png")]
    record = json.loads((tmp_path / "events" / "event-00000002.json").read_text())
    assert (record["state"], record["previous"], record["frame"]) == ("fake", "uncertain", 4)
    assert image.decode((tmp_path / "events" / "event-00000002.jpg").read_bytes()).pixels.shape == (48, 64, 3)
    assert image.decode((tmp_path / "events" / "event-00000002.png").read_bytes()).pixels.shape == (16, 16, 3)


def test_saved_events_are_capped_numbered_on_and_touch_nothing_else(tmp_path):
    (tmp_path / "event-mine.json").write_text("mine")
    for _ in range(2):
        outlet = SavedEvents(tmp_path, keep=3)
        outlet.start()
        outlet.is_patient = lambda: True
        for number in range(5):
            outlet.put(event(number))
        outlet.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [*(f"event-000000{n}.json" for n in ("08", "09", "10")), "event-mine.json"]
    SavedEvents(tmp_path, keep=1)  # not started: a watch that does not begin deletes nothing
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_numbers_may_grow_beyond_eight_digits(tmp_path):
    (tmp_path / "event-99999999.json").write_text("{}")
    for _ in range(2):
        outlet = SavedEvents(tmp_path, keep=2)
        outlet.start()
        outlet.is_patient = lambda: True
        for number in range(2):
            outlet.put(event(number))
        outlet.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["event-100000002.json", "event-100000003.json"]


def test_a_folder_that_was_deleted_meanwhile_is_made_again(tmp_path):
    outlet = SavedEvents(tmp_path / "events", keep=3)
    for number in range(2):
        outlet.deliver(event(number))
        shutil.rmtree(tmp_path / "events")
    outlet.deliver(event(2))
    assert [path.name for path in (tmp_path / "events").iterdir()] == ["event-00000003.json"]
    with pytest.raises(UsageError, match="another watch saves there"):
        SavedEvents(tmp_path / "events", keep=3)


@contextmanager
def full_after(size: int):
    """No file can become larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [100, 3000])
def test_an_event_for_which_there_is_no_room_leaves_no_files_and_the_others_stay(tiny_model, tmp_path, size):
    inspection = Detector.load(tiny_model, whole_image=True).inspect(clips.noise(1, 200, 200))
    outlet = SavedEvents(tmp_path, keep=3)
    for number in range(3):
        outlet.deliver(event(number))
    before = sorted(tmp_path.iterdir())
    for _ in range(5):
        with full_after(size), pytest.raises(OSError, match="too large"):
            outlet.deliver(event(inspection=inspection))
    assert sorted(tmp_path.iterdir()) == before
    outlet.deliver(event())
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        SavedEvents(tmp_path / "file", keep=1)


def test_a_folder_takes_the_events_of_one_watch_at_a_time(tmp_path):
    first = SavedEvents(tmp_path, keep=1)
    first.start()
    with pytest.raises(UsageError, match="another watch saves there; name another folder"):
        SavedEvents(tmp_path, keep=1)
    first.close()
    SavedEvents(tmp_path, keep=1)
