"""Where converted models go: names that files can have, and what may be replaced."""

import pytest
import tiny

from convert.destination import LONGEST, check_name, check_replaced, place
from edge_detect.card import Calibration, Thresholds, read_packed
from edge_detect.errors import ModelError, UsageError

NOT_CALIBRATED = {"calibration": Calibration(), "thresholds": Thresholds()}


def made_of(data: str) -> dict[str, object]:
    """The training in a card of a model that had none."""
    return {"from": {"file": "m.keras", "sha256": data}}


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "../esc", "a/b", "a\\b", "two\nlines", "\udcff"])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(UsageError, match=r"the card calls it .* cannot be part of a file's name"):
        check_name(name, "the card calls it")


def test_a_name_that_leaves_no_room_for_a_suffix_is_refused(tmp_path):
    place(tmp_path, "ü" * (LONGEST // 2), "int8-io").with_suffix(".tflite.part").touch()
    check_name("ü" * (LONGEST // 2), "--name")
    with pytest.raises(UsageError, match=f"is longer than {LONGEST} bytes"):
        check_name("ü" * (LONGEST // 2) + "a", "--name")


def test_a_new_version_replaces_an_older_one_and_whether_that_was_calibrated_is_known(tmp_path):
    path = place(tmp_path, "tiny", "int8")
    assert not check_replaced(path, tiny.card())
    path.write_bytes(tiny.packed())
    assert check_replaced(path, tiny.card(version="2.0"))
    path.write_bytes(tiny.packed(**{**NOT_CALIBRATED, "thresholds": Thresholds(face=0.7, chosen_on="scenes")}))
    assert check_replaced(path, tiny.card(version="2.0"))
    path.write_bytes(tiny.packed(**NOT_CALIBRATED))
    assert not check_replaced(path, tiny.card(version="2.0"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"name": "other"}, {}),
        ({"training": made_of("one")}, {"training": made_of("two")}),
        ({"training": made_of("one")}, {}),
        ({}, {"training": made_of("one")}),
    ],
)
def test_another_model_is_not_replaced(tmp_path, old, new):
    path = tmp_path / "tiny-int8.tflite"
    path.write_bytes(tiny.packed(**old))
    with pytest.raises(UsageError, match=r"tiny-int8\.tflite would be replaced, and was made of another model"):
        check_replaced(path, tiny.card(**new))


def test_what_was_made_of_the_same_file_is_replaced(tmp_path):
    path = tmp_path / "tiny-int8.tflite"
    path.write_bytes(tiny.packed(training=made_of("one"), **NOT_CALIBRATED))
    assert not check_replaced(path, tiny.card(training=made_of("one")))


@pytest.mark.parametrize("data", [b"mine", tiny.packed()[:-10]])
def test_what_cannot_be_read_is_not_replaced(tmp_path, data):
    path = tmp_path / "tiny-int8.tflite"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="is no model that can be read: move it away"):
        check_replaced(path, tiny.card())


def test_a_model_that_was_copied_in_part_is_said_to_be_that_perhaps(tmp_path):
    (tmp_path / "half.tflite").write_bytes(tiny.packed()[:-10])
    with pytest.raises(ModelError, match=r"carries no card.* it was cut short: copy it again"):
        read_packed(tmp_path / "half.tflite")
