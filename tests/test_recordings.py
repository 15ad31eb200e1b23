"""Recordings as a source: what they are called, and when each of their frames is."""

import contextlib

import clips
import pytest

from edge_detect.errors import SourceError
from edge_detect.sources import video


def positions(clip):
    """When each frame of a recording is, in seconds."""
    opened, found = video.open_file(str(clip)), []
    try:
        with contextlib.suppress(EOFError):
            while True:
                found.append(opened.read().position)
    finally:
        opened.close()
    return found


def test_frames_are_when_the_clock_of_a_recording_says(tmp_path):
    times = [0, 0.031, 0.075, 0.11, 0.4, 0.421, 0.46, 1.009]
    frames = [clips.solid(clips.GREEN)] * len(times)
    assert positions(clips.write_by_clock(tmp_path / "clip.mkv", frames, times)) == pytest.approx(times)
    later = [time + 3 for time in times]
    assert positions(clips.write_by_clock(tmp_path / "later.mkv", frames, later)) == pytest.approx(times)


def test_a_recording_whose_clock_stands_still_has_the_usual_rate(tmp_path):
    clip = clips.write_by_clock(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 8, [0] * 8)
    assert positions(clip) == pytest.approx([number / video.FALLBACK_RATE for number in range(8)])


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "FFV1"), ("a.avi", "FFV1"), ("a.mp4", "mp4v"), ("a.avi", "mpg2"), ("b.mkv", "mpg2")]
)
@pytest.mark.parametrize("rate", [25, 29.97, 60])
def test_frames_of_a_fixed_rate_are_apart_by_it(tmp_path, name, codec, rate):
    """Also where they do not lie in the file in the order in which they are shown, as those of MPEG-2."""
    clip = clips.write(tmp_path / name, [clips.solid(clips.GREEN)] * 12, rate, codec)
    times = [number / rate for number in range(12)]
    assert positions(clip) == pytest.approx(times, abs=0.001)  # Matroska's clock goes by milliseconds


def test_a_recording_that_was_cut_short_is_said_and_a_whole_one_is_not(tmp_path, capsys):
    clip = clips.write(tmp_path / "clip.mkv", [clips.noise(number, 64, 48) for number in range(60)])
    assert len(positions(clip)) == 60
    assert capsys.readouterr().err == ""
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
    count = len(positions(clip))
    assert 20 < count < 50
    assert capsys.readouterr().err == f"edge-detect: {clip} ends after {count} of 60 frames: is it whole?\n"


def test_text_is_no_video(tmp_path):
    (tmp_path / "notes.txt").write_text("hello\n" * 2000)
    with pytest.raises(SourceError, match="is no video that can be read: it is text"):
        video.open_file(str(tmp_path / "notes.txt"))


def test_a_video_may_be_called_as_a_url_begins(tmp_path, monkeypatch):
    clips.write(tmp_path / "2026-11-25T12:30:05.mkv", [clips.solid(clips.GREEN)] * 3)
    monkeypatch.chdir(tmp_path)
    assert len(positions("2026-11-25T12:30:05.mkv")) == 3
