import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
import tiny
from hypothesis import given
from hypothesis import strategies as st

from edge_detect.card import Calibration, Card, Thresholds, pack, read_packed, unpack
from edge_detect.description import describe, describe_meaning
from edge_detect.errors import ModelError


def test_a_card_survives_packing():
    flatbuffer, card = unpack(tiny.packed(licence="something"))
    assert flatbuffer == tiny.flatbuffer()
    assert card.licence == "something"
    assert card.labels == ("real", "fake")
    assert Card.from_dict(card.to_dict()) == card


def test_a_card_from_before_false_alarm_rates_is_still_read():
    values = tiny.card().to_dict()
    del values["thresholds"]["false_alarms"], values["thresholds"]["reals"]
    assert Card.from_dict(values) == tiny.card()


def test_packing_gives_the_same_bytes_each_time():
    assert tiny.packed() == tiny.packed()


def test_a_packed_model_is_a_zip_that_any_tool_can_list():
    with zipfile.ZipFile(io.BytesIO(tiny.packed())) as archive:
        assert archive.namelist() == ["card.json", "labels.txt"]
        assert archive.read("labels.txt") == b"real\nfake\n"
        assert json.loads(archive.read("card.json"))["name"] == "tiny"


def _with_card(text: str) -> bytes:
    buffer = io.BytesIO(tiny.flatbuffer())
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("card.json", text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a TFLite model"),
        (b"PK\x03\x04 no model", "not a TFLite model"),
        (tiny.flatbuffer(), "no card"),
        (tiny.packed()[:-30], "no card"),
        (tiny.packed()[:40] + b"\x7f" + tiny.packed()[41:], "does not match the hash"),
        (_with_card("{"), "damaged"),
        (_with_card("{}"), "version"),
        (_with_card('{"card_version": 1}'), "damaged"),
        (_with_card(json.dumps({**tiny.card().to_dict(), "card_version": 99})), "update edge-detect"),
        (_with_card(json.dumps({**tiny.card().to_dict(), "output": "patches"})), "unknown output"),
    ],
)
def test_a_model_that_cannot_be_trusted_is_refused_and_says_what_to_do(data, reason):
    with pytest.raises(ModelError, match=reason) as caught:
        unpack(data)
    assert any(word in str(caught.value) for word in ("convert", "copy it again", "update"))


@pytest.mark.parametrize(
    "changes",
    [
        {"thresholds": {"real": float("nan"), "fake": 0.5}},
        {"thresholds": {"real": 0.9, "fake": 0.5}},
        {"thresholds": {"real": "a", "fake": "b"}},
        {"thresholds": None},
        {"thresholds": {"false_alarms": ["0.01"], "reals": 100}},
        {"thresholds": {"false_alarms": {"rare": 0.9}, "reals": 100}},
        {"thresholds": {"false_alarms": {"1": 0.9}, "reals": 100}},
        {"thresholds": {"false_alarms": {"0.01": 1.5}, "reals": 100}},
        {"thresholds": {"false_alarms": {"0.01": "high"}, "reals": 100}},
        {"thresholds": {"false_alarms": {"0.01": 0.9}, "reals": 0}},
        {"calibration": {"scale": -1.0, "bias": 0.0}},
        {"calibration": {"scale": float("inf"), "bias": 0.0}},
        {"labels": "real"},
        {"labels": []},
        {"outputs": [0]},
        {"outputs": {"logit": "0"}},
        {"outputs": {"logit": -1}},
        {"input_side": 16.0},
        {"mirrored": "false"},
        {"output": "heat", "outputs": {"heat": 0}},
        {"kind": "finder"},
        {"metrics": [1]},
        {"description": None},
        {"name": 5},
        {"calibration": {"fitted_on": None}},
        {"labels": "ab"},
        {"labels": ["fake", "real"]},
    ],
)
def test_a_card_with_values_that_cannot_be_is_damaged(changes):
    with pytest.raises(ModelError, match="damaged"):
        Card.from_dict({**tiny.card().to_dict(), **changes})


@pytest.mark.parametrize("text", ["5", "null", '"x"', "[" * 100_000])
def test_a_card_that_is_no_object_is_refused(text):
    with pytest.raises(ModelError):
        unpack(_with_card(text))


def test_a_card_that_unpacks_to_more_than_it_says_is_refused_and_costs_little():
    size = 50_000_000
    buffer = io.BytesIO(unpack(tiny.packed())[0])
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", bytes(size))
    forged = buffer.getvalue().replace(struct.pack("<I", size), struct.pack("<I", 100))
    tracemalloc.start()
    with pytest.raises(ModelError):
        unpack(forged)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size / 10


def test_a_card_packed_by_what_has_no_bound_is_refused():
    flatbuffer, card = unpack(tiny.packed())
    buffer = io.BytesIO(flatbuffer)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("card.json", json.dumps(card.to_dict()))
    with pytest.raises(ModelError, match="packed in a way"):
        unpack(buffer.getvalue())


def test_flipped_bytes_in_the_archive_are_model_errors():
    """Or stand where nothing is read from, such as the date of a file; never another card."""
    data, start = tiny.packed(), len(tiny.flatbuffer())
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(1500):
        flipped = bytearray(data)
        flipped[rng.integers(start, len(data))] ^= 1 << rng.integers(8)
        try:
            assert unpack(bytes(flipped)) == unpack(data)
        except ModelError:
            refused += 1
    assert refused > 1000


def test_the_error_names_the_file(tmp_path):
    path = tmp_path / "nothing.tflite"
    with pytest.raises(ModelError, match=r"nothing\.tflite"):
        read_packed(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"nothing\.tflite: this is not a TFLite model"):
        read_packed(path)


@given(st.floats(-1e6, 1e6), st.floats(0.01, 10), st.floats(-5, 5))
def test_a_calibrated_score_is_a_probability_and_grows_with_the_logit(logit, scale, bias):
    calibration = Calibration(scale, bias)
    assert 0 <= calibration.probability(logit) <= calibration.probability(logit + 1) <= 1


def test_the_description_names_what_people_ask_for(tiny_model):
    flatbuffer, card = read_packed(tiny_model)
    text = describe(card, tiny_model)
    assert "tiny 1.0" in text
    assert card.sha256 in text
    assert "real below 0.400, fake from 0.600" in text
    assert "--fpr" not in text
    assert pack(flatbuffer, card) == tiny_model.read_bytes()


def test_the_description_of_long_provenance_is_short(tiny_model):
    run = {"sources": [f"source{n}" for n in range(200)], "earlier": {"earlier": {"sources": ["a"] * 200}}}
    text = describe(tiny.card(training={**run, "mean_of": [run] * 9}), tiny_model)
    assert "sources: source0, source1" in text
    assert "source7 and 192 more" in text
    assert f"edge-detect info {tiny_model} --json" in text
    assert max(map(len, text.splitlines())) < 2000


def test_the_description_escapes_what_a_terminal_would_obey(tiny_model):
    card = tiny.card(description="nice\x1b[2J\nlicence      free", labels=("real", "\x1b]0;fake\x07"))
    text = describe(card, tiny_model)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert r"nice\x1b[2J\nlicence      free" in text


def test_the_description_says_what_each_false_alarm_rate_promises():
    thresholds = Thresholds(0.4, 0.9, "", false_alarms={"0.05": 0.8, "0.001": 0.95}, reals=711)
    lines = "\n".join(describe_meaning(tiny.card(thresholds=thresholds)))
    assert "new real pictures, if they are like the 711" in lines
    assert "--fpr 0.05   fake from 0.800: at most 4.9% on average (95% interval 3.5–6.6%)" in lines
    assert "--fpr 0.001  fake from 0.950: at most 0.14% on average (95% interval 0.0036–0.52%), above all" in lines
