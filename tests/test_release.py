import csv
import json
import zipfile

import numpy as np
import pytest
import tiny

from edge_detect.errors import UsageError
from training import history
from training.chronicle import chronicle, labels

HEADING = "crops,hours,loss,score,details,learning_rate\n"


def run(folder, version, score, before=None, heading=HEADING, name=""):
    folder.mkdir()
    training = {"crops_seen": 1} if before is None else {"begun_from": {"crops_seen": before}}
    (folder / "best.json").write_text(json.dumps({"name": "x", "version": version, "training": training}))
    (folder / "history.csv").write_text(f"{heading}{name}1000,0.5,0.4,{score},a=0.7 b=0.9,1.00e-03\n")
    return folder


def rows(out):
    with (out / "history.csv").open(newline="") as file:
        return [(row["version"], row["run"], row["before"], row["score"]) for row in csv.DictReader(file)]


def test_versions_follow_each_other_and_one_that_is_released_again_is_replaced(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    chronicle(run(tmp_path / "a", "1", 0.7), out)
    chronicle(run(tmp_path / "b", "2", 0.8, before=1000, heading="run," + HEADING, name="plain,"), out)
    picture = chronicle(run(tmp_path / "c", "2", 0.9, before=1000), out)
    assert rows(out) == [("1", "", "0", "0.7"), ("2", "", "1000", "0.9")]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_runs_of_a_mean_keep_their_names(tmp_path):
    chronicle(run(tmp_path / "a", "2", 0.8, before=5, heading="run," + HEADING, name="plain,"), tmp_path)
    assert rows(tmp_path) == [("2", "plain", "5", "0.8")]


def test_a_folder_without_a_run_is_refused_and_nothing_is_lost(tmp_path):
    chronicle(run(tmp_path / "a", "1", 0.7), tmp_path)
    with pytest.raises(UsageError, match=r"best\.json"):
        chronicle(tmp_path / "none", tmp_path)
    assert rows(tmp_path) == [("1", "", "0", "0.7")]


def test_what_is_released_is_small_and_the_same_to_what_float16_holds(tmp_path):
    keras = pytest.importorskip("keras")
    from training import networks
    from training.release import release

    folder, out = run(tmp_path / "run", "1", 0.7), tmp_path / "out"
    out.mkdir()
    trained = networks.deployable("edge", widths=(4, 4, 4))
    for variable in trained.trainable_variables:
        variable.assign(np.random.default_rng(1).normal(0, 0.3, variable.shape))
    trained.save(folder / "best.keras")
    path = release(folder, out)
    assert sorted(each.name for each in out.iterdir()) == ["history.csv", "history.png", "x.json", "x.keras"]
    released = keras.models.load_model(path, compile=False)
    for before, after in zip(trained.get_weights(), released.get_weights(), strict=True):
        assert (after == before.astype(np.float16).astype(np.float32)).all()
    with zipfile.ZipFile(path) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_DEFLATED}


def test_weights_beyond_float16_and_the_run_itself_are_refused_and_nothing_is_lost(tmp_path):
    pytest.importorskip("keras")
    from training import networks
    from training.release import release

    folder, out = run(tmp_path / "run", "1", 0.7), tmp_path / "out"
    trained = networks.deployable("edge", widths=(4, 4, 4))
    trained.trainable_variables[0].assign(np.full(trained.trainable_variables[0].shape, 1e6))
    trained.save(folder / "best.keras")
    out.mkdir()
    chronicle(run(tmp_path / "earlier", "0", 0.6), out)
    before = {path: path.read_bytes() for path in [*out.iterdir(), *folder.iterdir()]}
    with pytest.raises(UsageError, match="beyond float16"):
        release(folder, out)
    with pytest.raises(UsageError, match="the run itself"):
        release(folder, folder)
    assert {path: path.read_bytes() for path in [*out.iterdir(), *folder.iterdir()]} == before


def test_a_folder_without_a_model_is_not_released(tmp_path):
    pytest.importorskip("keras")
    from training.release import release

    with pytest.raises(UsageError, match=r"best\.keras"):
        release(run(tmp_path / "run", "1", 0.7), tmp_path)
    assert not (tmp_path / "history.csv").exists()


def test_what_was_converted_from_the_weights_before_is_gone_from_folder_and_figures(tmp_path):
    pytest.importorskip("keras")
    from training import networks
    from training.evaluate import update_metrics
    from training.release import release

    folder, out = run(tmp_path / "run", "2", 0.7), tmp_path / "out"
    out.mkdir()
    for name in ("x", "other", "x-nano"):
        (out / f"{name}-int8.tflite").write_bytes(tiny.packed(name=name))
    (out / "x-of-others.tflite").write_bytes(b"")
    networks.deployable("edge", widths=(4, 4, 4)).save(folder / "best.keras")
    release(folder, out)
    assert sorted(each.name for each in out.glob("*.tflite")) == [
        "other-int8.tflite",
        "x-nano-int8.tflite",
        "x-of-others.tflite",
    ]

    def entries(*names):
        return {name: {"file": f"{name}.tflite", "data_sha256": "same"} for name in names}

    update_metrics(out / "metrics.json", entries("x-float32", "x-int8", "baseline-int8"))
    (out / "x-int8.tflite").write_bytes(b"")
    kept = update_metrics(out / "metrics.json", entries("x-float16"))
    assert kept.keys() == {"x-float16", "x-int8", "baseline-int8"}  # a baseline's file is elsewhere


def test_entries_of_int8_io_belong_to_the_model_and_not_to_one_called_int8(tmp_path):
    from training.evaluate import update_metrics

    def entries(*names):
        return {name: {"file": f"{name}.tflite", "data_sha256": "same"} for name in names}

    update_metrics(tmp_path / "metrics.json", entries("m-int8-io", "m-int8-int8"))
    kept = update_metrics(tmp_path / "metrics.json", entries("m-int8"))
    assert kept.keys() == {"m-int8-int8", "m-int8"}
    assert update_metrics(tmp_path / "metrics.json", entries("m-int8-float32")).keys() == {"m-int8", "m-int8-float32"}


def test_models_that_cannot_have_an_entry_each_are_refused_before_they_are_measured(tmp_path):
    from training.evaluate import evaluate

    trained = {"crops_seen": 1, "hours": 1.0}
    one, two, plain = (tmp_path / f"{name}.tflite" for name in ("one", "two", "plain"))
    one.write_bytes(tiny.packed(training=trained))
    two.write_bytes(tiny.packed(training=trained, version="2"))
    plain.write_bytes(tiny.packed())
    with pytest.raises(UsageError, match="two of the files are tiny-float32"):
        evaluate([one, two], [tmp_path], tmp_path)
    with pytest.raises(UsageError, match=r"plain\.tflite does not say crops_seen and hours"):
        evaluate([plain], [tmp_path], tmp_path)


def test_runs_that_end_close_together_share_a_label():
    assert labels([(5.0, "1"), (9.9, "2"), (10.0, "3"), (10.1, "3")]) == [("1", 5.0), ("2, 3", 10.1)]
    assert labels([(10.0, "1"), (10.0, "2")]) == [("1, 2", 10.0)]


def test_a_source_that_leaves_or_joins_on_the_way_is_drawn_while_it_is_there(tmp_path):
    folder = run(tmp_path / "run", "1", 0.7)
    table = folder / "history.csv"
    table.write_text(table.read_text() + "2000,0.5,0.4,0.8,b=0.6 c=0.5,1.00e-03\n")
    found = {name: [str(value) for value in values] for name, values in history.courses(history.read(table)).items()}
    assert found == {"a": ["0.7", "nan"], "b": ["0.9", "0.6"], "c": ["nan", "0.5"]}
    history.plot(table, table.with_suffix(".png"))
    assert table.with_suffix(".png").exists()
    assert chronicle(folder, tmp_path).exists()


def test_a_history_holds_sources_of_any_name():
    details = {"My Faces=2": 0.5, "plain": 0.25, "ä %": 1.0}
    assert history.parted(history.joined(details)) == details
    assert history.parted("gan128=0.5000 sdfd+pollinations=0.9000") == {"gan128": 0.5, "sdfd+pollinations": 0.9}
