"""What is converted: models with and without a card of ours."""

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import others
import pytest

pytest.importorskip("tensorflow")

import keras
import tensorflow as tf

from convert.source import Said, check, load
from edge_detect.card import Card
from edge_detect.errors import UsageError


@pytest.fixture(scope="module")
def flowers(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("theirs") / "flowers.keras"
    others.network().save(path)
    return path


@pytest.fixture
def with_card(flowers, tmp_path):
    """A model with a dict of outputs, and a function that writes a card beside it."""
    inputs = keras.Input((32, 32, 3))
    features = keras.layers.GlobalAveragePooling2D()(inputs)
    outputs = {"logit": keras.layers.Dense(1)(features), "patches": keras.layers.Dense(4)(features)}
    path = tmp_path / "ours.keras"
    keras.Model(inputs, outputs).save(path)

    def write(**changes: object) -> Path:
        card = Card("ours", "1", "", "classifier", 32, "logit", {"logit": 0, "patches": 1})
        card = dataclasses.replace(card, **changes)
        path.with_suffix(".json").write_text(json.dumps(card.to_dict()))
        return path

    return write


def test_a_model_is_read_with_the_card_beside_it(with_card):
    model, card = load(with_card(), Said(), ("real", "fake"))
    assert (card.name, sorted(model.output)) == ("ours", ["logit", "patches"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": "probability", "outputs": {"probability": 0}}, "names the output 'probability', and the model has"),
        ({"outputs": {"logit": 0, "heatmap": 1}}, "names the output 'heatmap', and the model has logit, patches"),
        ({"input_side": 64}, "says 64 pixels a side, and the model takes 32"),
        (
            {"kind": "labeller", "labels": ("a", "b", "c"), "output": "logits", "outputs": {"logits": 0}},
            "names the output 'logits'",
        ),
    ],
)
def test_a_card_that_does_not_fit_its_model_is_refused(with_card, changes, message):
    with pytest.raises(UsageError, match=rf"ours\.json .*does not fit: it {message}.*correct it or move it away"):
        load(with_card(**changes), Said(), ("real", "fake"))


def test_a_card_of_a_model_with_more_answers_than_it_says_is_refused(tmp_path):
    inputs = keras.Input((32, 32, 3))
    answer = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(inputs))
    keras.Model(inputs, {"logit": answer}).save(tmp_path / "ours.keras")
    card = Card("ours", "1", "", "classifier", 32, "logit", {"logit": 0})
    (tmp_path / "ours.json").write_text(json.dumps(card.to_dict()))
    with pytest.raises(UsageError, match=r"speaks of 1 values in 'logit', and the model answers \(2,\)"):
        load(tmp_path / "ours.keras", Said(), ("real", "fake"))


def test_a_card_beside_a_model_whose_answer_has_no_name_is_refused(flowers, tmp_path):
    model = tmp_path / "theirs.keras"
    shutil.copy(flowers, model)
    card = Card("theirs", "1", "", "classifier", others.SIDE, "logit", {"logit": 0})
    model.with_suffix(".json").write_text(json.dumps(card.to_dict()))
    with pytest.raises(UsageError, match="the model has one answer without a name"):
        load(model, Said(), others.LABELS)


def test_a_card_and_labels_exclude_each_other(with_card):
    with pytest.raises(UsageError, match="leave out --labels"):
        load(with_card(), Said(labels=("a", "b", "c")), others.LABELS)


@pytest.mark.parametrize("text", [b"{", b"\xff", b"5", b'{"rose": 0}', b"[" * 100_000])
def test_what_is_no_card_but_called_like_one_is_named(flowers, tmp_path, text):
    model = tmp_path / "flowers.keras"
    shutil.copy(flowers, model)
    model.with_suffix(".json").write_bytes(text)
    with pytest.raises(UsageError, match=r"flowers\.json is taken for the model's card.*move it away"):
        load(model, Said(), others.LABELS)


def test_a_model_that_was_never_built_is_refused(tmp_path):
    with pytest.warns(UserWarning, match="has not yet been built"):
        keras.Sequential([keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)]).save(tmp_path / "m.keras")
    with pytest.raises(UsageError, match=r"m\.keras was saved before it was built"):
        load(tmp_path / "m.keras", Said(), others.LABELS)


@pytest.mark.parametrize("name", ["m.keras", "saved"])
def test_a_model_that_takes_eight_pictures_at_a_time_is_refused(tmp_path, name):
    inputs = keras.Input((others.SIDE, others.SIDE, 3), batch_size=8)
    model = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    if name == "saved":
        model.export(tmp_path / name, verbose=False, input_signature=[tf.TensorSpec((8, others.SIDE, others.SIDE, 3))])
    else:
        model.save(tmp_path / name)
    with pytest.raises(UsageError, match="takes 8 pictures at a time"):
        load(tmp_path / name, Said(), others.LABELS)


@pytest.mark.parametrize("kept", [0, 1000, None])
def test_a_damaged_archive_is_said_to_be_one(flowers, tmp_path, kept):
    data = flowers.read_bytes()
    (tmp_path / "m.keras").write_bytes(b"nonsense" if kept is None else data[:kept])
    with pytest.raises(UsageError, match=r"m\.keras is damaged or no \.keras archive"):
        check(tmp_path / "m.keras")
    check(flowers)


def signed(folder: Path, answer, *shapes: tuple[int | None, ...], dtype=tf.float32) -> Path:
    """A SavedModel that answers that to inputs of these shapes."""
    module = tf.Module()
    module.kept = tf.Variable(1.0)
    module.serve = tf.function(
        lambda *given: {"o": module.kept * answer(*given)},
        input_signature=[tf.TensorSpec(shape, dtype, name=f"x{at}") for at, shape in enumerate(shapes)],
    )
    tf.saved_model.save(module, str(folder), signatures=module.serve)
    return folder


def colours(pictures, *_others):
    return tf.reduce_mean(tf.cast(pictures, tf.float32), axis=[1, 2])


PICTURES = (None, others.SIDE, others.SIDE, 3)


def test_an_archive_whose_parts_are_damaged_is_said_to_be_damaged(flowers, tmp_path):
    data = bytearray(flowers.read_bytes())
    with zipfile.ZipFile(flowers) as archive:
        at = archive.getinfo("config.json").header_offset
    data[at + 60] ^= 255
    (tmp_path / "m.keras").write_bytes(data)
    with pytest.raises(UsageError, match=r"m\.keras is damaged, .*CRC.*: copy it again"):
        load(tmp_path / "m.keras", Said(), others.LABELS)


def test_a_saved_model_whose_variables_are_cut_off_is_said_to_be_damaged(tmp_path):
    folder = signed(tmp_path / "saved", colours, PICTURES)
    for path in (folder / "variables").iterdir():
        path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(UsageError, match="saved is damaged, or of a kind that Keras cannot read"):
        load(folder, Said(), others.LABELS)


def test_an_error_of_keras_without_a_word_is_called_by_its_name(flowers, monkeypatch):
    def fail(*_arguments, **_options):
        raise ValueError

    monkeypatch.setattr(keras.models, "load_model", fail)
    with pytest.raises(UsageError, match=r"cannot read \(ValueError\)"):
        load(flowers, Said(), others.LABELS)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [([(None, 28, 28)], r"\(None, 28, 28\)"), ([PICTURES, PICTURES], r"\(None, 96, 96, 3\), \(None, 96, 96, 3\)")],
)
def test_a_saved_model_that_takes_no_single_picture_is_refused(tmp_path, shapes, said):
    folder = signed(tmp_path / "saved", lambda given, *_others: tf.reduce_mean(given, axis=1), *shapes)
    with pytest.raises(UsageError, match=rf"saved takes {said}; one input of RGB pictures \(n, side, side, 3\) is"):
        load(folder, Said(), others.LABELS)


def test_a_folder_has_no_suffix(tmp_path):
    folder = signed(tmp_path / "saved.v2", colours, PICTURES)
    (tmp_path / "saved.json").write_text("{}")  # of something else
    assert load(folder, Said(), others.LABELS)[1].name == "saved.v2"
    (tmp_path / "saved.v2.json").write_text("{}")
    with pytest.raises(UsageError, match=r"saved\.v2\.json is taken for the model's card"):
        load(folder, Said(), others.LABELS)


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
def test_a_model_that_takes_integers_is_given_pixels_as_they_are(tmp_path, dtype):
    inputs = keras.Input((others.SIDE, others.SIDE, 3), dtype=dtype)
    keras.Model(inputs, others.network(scale=1)(keras.ops.cast(inputs, "float32"))).save(tmp_path / "m.keras")
    model, card = load(tmp_path / "m.keras", Said(), others.LABELS)
    assert card.training["normalise"] == "none"
    red = np.full((1, others.SIDE, others.SIDE, 3), (180, 60, 60), np.uint8)
    assert np.argmax(model.predict_on_batch(red)["probabilities"]) == others.LABELS.index("red")
    with pytest.raises(
        UsageError, match=f"input is {dtype}, which holds pixels 0–255 only: leave out --normalise 0..1"
    ):
        load(tmp_path / "m.keras", Said(normalise="0..1"), others.LABELS)


def test_a_model_whose_integers_end_before_255_is_refused(tmp_path):
    folder = signed(tmp_path / "saved", colours, PICTURES, dtype=tf.int8)
    with pytest.raises(UsageError, match="input is int8, which cannot hold pixels 0–255"):
        load(folder, Said(), others.LABELS)


def test_a_name_that_no_file_can_have_is_refused_wherever_it_is_from(flowers, with_card, tmp_path):
    with pytest.raises(UsageError, match=r"--name '\.\.' cannot be part of a file's name"):
        load(flowers, Said(name=".."), others.LABELS)
    path = with_card(name="../../x")
    path.write_bytes(b"")  # not read before its name is found wrong
    with pytest.raises(UsageError, match=r"ours\.json calls the model '../../x' cannot be part of a file's name"):
        load(path, Said(), others.LABELS)
    shutil.copy(flowers, tmp_path / ".hidden.keras")
    with pytest.raises(
        UsageError, match=r"say --name: the model would be called as its file, and '\.hidden' cannot be"
    ):
        load(tmp_path / ".hidden.keras", Said(), others.LABELS)
    assert load(tmp_path / ".hidden.keras", Said(name="seen"), others.LABELS)[1].name == "seen"


def test_logits_between_zero_and_one_are_no_probabilities(tmp_path, capsys):
    model = others.network(1, None)
    kernel, bias = model.get_layer("decide").get_weights()
    model.get_layer("decide").set_weights([kernel / 100, bias + 0.5])  # on any picture between 0 and 1
    model.save(tmp_path / "m.keras")
    assert load(tmp_path / "m.keras", Said(), ("real", "fake"))[1].output == "logit"
    assert "are taken for" not in capsys.readouterr().err  # the layer says it


def test_probabilities_whose_type_a_last_layer_changes_are_found(tmp_path, capsys):
    model = others.network(1, "sigmoid")
    answer = keras.layers.Activation("linear", dtype="float32")(model.output)
    keras.Model(model.input, answer).save(tmp_path / "m.keras")
    assert load(tmp_path / "m.keras", Said(), ("real", "fake"))[1].output == "probability"
    assert "they are taken for probabilities" in capsys.readouterr().err


def test_the_layer_that_answers_is_found_inside_another_model(tmp_path):
    inputs = keras.Input((others.SIDE, others.SIDE, 3))
    keras.Model(inputs, others.network(1, "sigmoid")(inputs)).save(tmp_path / "m.keras")
    assert load(tmp_path / "m.keras", Said(), ("real", "fake"))[1].output == "probability"


@pytest.mark.parametrize(("activation", "kind"), [("softmax", "probabilities"), (None, "logits")])
def test_a_layer_that_says_nothing_of_its_answers_is_tried_and_what_was_found_is_said(
    tmp_path, capsys, activation, kind
):
    others.network(activation=activation).export(tmp_path / "saved", verbose=False)
    capsys.readouterr()
    assert load(tmp_path / "saved", Said(), others.LABELS)[1].output == kind
    assert f"they are taken for {kind}" in capsys.readouterr().err
