"""What a source's name stands for, and what of it is shown."""

import clips
import numpy as np
import pytest
import zoo

from edge_detect.errors import SourceError, UsageError
from edge_detect.sources.named import find_source
from edge_detect.sources.stream import Kind


@pytest.mark.parametrize(
    "name", ["missing.mp4", "ftp://host/x", "missing-%d.png", "http://", "file:///etc/passwd", "", "9" * 20]
)
def test_what_is_no_source_is_wrong_usage(name):
    with pytest.raises(UsageError):
        find_source(name)


def test_a_name_that_opencv_would_not_survive_is_wrong_usage(tmp_path):
    clip = tmp_path / "\udcff.mkv"
    clip.write_bytes(b"")
    for name in (str(clip), "rtsp://host/\udcff", "/dev/video\udcff"):
        with pytest.raises(UsageError, match="is no UTF-8"):
            find_source(name)


def test_a_device_file_of_any_name_is_a_camera_also_while_it_is_not_there(tmp_path):
    (tmp_path / "hall").symlink_to("/dev/null")  # a character device, if no camera
    for name in ("0", "/dev/video7", "/dev/v4l/by-id/usb-none", "/dev/hall", str(tmp_path / "hall")):
        source = find_source(name)
        assert (source.name, source.kind) == (f"camera {name}", Kind.LIVE)
        if name != "0":
            with pytest.raises(SourceError, match="cannot be opened: `edge-detect cameras`"):
                source.open()


def test_a_picture_is_a_sequence_of_one_and_a_film_that_begins_like_one_is_a_film(tmp_path):
    picture, film = tmp_path / "picture.jpg", tmp_path / "film.mjpeg"
    picture.write_bytes(zoo.encode(clips.solid(clips.RED), "JPEG"))
    film.write_bytes(2 * picture.read_bytes())
    stream = find_source(picture).open()
    assert stream.read().content == str(picture)
    with pytest.raises(EOFError):
        stream.read()
    assert isinstance(find_source(film).open().read().content, np.ndarray)


def test_a_url_may_be_longer_than_a_file_name():
    assert find_source(f"http://127.0.0.1/{'x' * 300}").kind == Kind.LIVE


def test_what_is_kept_in_memory_is_no_camera():
    with pytest.raises(UsageError, match="there is no source"):
        find_source("/dev/shm/missing.mp4")


def test_no_event_names_the_password_of_a_camera():
    source = find_source("rtsp://admin:hunter2@127.0.0.1:9/stream?key=hunter2")
    assert source.name == "rtsp://127.0.0.1:9/stream"
    with pytest.raises(SourceError) as raised:
        source.open()
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("rtsp://10.0.0.1:554/user=admin&password=hunter2&channel=1.sdp", "rtsp://10.0.0.1:554"),
        (
            "rtsp://me:pw@nvr/cam/realmonitor?channel=2&subtype=0&password=1234&key=h7",
            "rtsp://nvr/cam/realmonitor?channel=2&subtype=0",
        ),
        ("rtsp://admin:hunter%2F2@10.0.0.1/stream#hunter2", "rtsp://10.0.0.1/stream"),
    ],
)
def test_a_stream_is_named_without_what_may_be_secret(url, name):
    assert find_source(url).name == name


@pytest.mark.parametrize("password", ["hunter/2", "hunter#2", "hunter?2", "hunter[2", "1/hunter2"])
def test_a_password_that_breaks_its_url_is_wrong_usage_and_not_shown(password):
    with pytest.raises(UsageError, match="%2F") as raised:
        find_source(f"rtsp://admin:{password}@10.0.0.1/stream")
    assert "hunter" not in str(raised.value)


def test_a_mistyped_url_does_not_show_its_password():
    with pytest.raises(UsageError, match="no source of that name") as raised:
        find_source("rtsp:/admin:hunter2@10.0.0.1/stream")
    assert "hunter" not in str(raised.value)


def test_a_folder_that_is_called_as_a_camera_is_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "2024").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"here: write /dev/video2024 or \./2024"):
        find_source("2024")
    assert find_source("2025").name == "camera 2025"
