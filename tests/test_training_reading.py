import dataclasses
import json

import numpy as np
import pictures
import pytest

from edge_detect.card import Card
from edge_detect.errors import UsageError

keras = pytest.importorskip("keras")

OPTIONS = {"widths": [4, 4, 4], "pooling": "features"}
CARD = Card("x", "1", "", "classifier", 32, "logit", {"logit": 0, "patches": 1}, mirrored=True, precision="float32")


@pytest.fixture
def trained(tmp_path):
    """The folder of a run: a small network with random weights."""
    return write(tmp_path / "run", OPTIONS)


def write(folder, options):
    from training import networks

    keras.utils.set_random_seed(3)
    folder.mkdir()
    networks.deployable("edge", **options).save(folder / "best.keras")
    card = dataclasses.replace(
        CARD, training={"recipe": {"network": "edge", "options": options}, "crops_seen": 640, "hours": 0.5}
    )
    (folder / "best.json").write_text(json.dumps(card.to_dict()))
    (folder / "history.csv").write_text(
        "crops,hours,loss,score,details,learning_rate\n640,0.500,0.6000,0.5000,a=0.5000,1.00e-03\n"
    )
    return folder


def looks(path, shown):
    """Logits and patches, each the mean over a picture and its mirror image."""
    model = keras.models.load_model(path, compile=False)
    both = [model.predict_on_batch(one) for one in (shown, shown[:, :, ::-1])]
    return tuple(
        np.mean([np.asarray(look[name]).reshape(len(shown), -1).mean(1) for look in both], axis=0) for name in both[0]
    )


def test_the_logit_is_fitted_again_and_the_patches_stay(trained, tmp_path):
    from sklearn.metrics import log_loss

    from edge_detect.manifest import load_pictures, read_manifest
    from training.reading import fit_reading

    data = pictures.write(tmp_path / "data")
    best = fit_reading(trained / "best.keras", [data], tmp_path / "read", "1.1")
    samples = [sample for sample in read_manifest(data) if sample.split == "val"]
    shown, labels = load_pictures(samples, 32), [sample.label for sample in samples]
    before, after = looks(trained / "best.keras", shown), looks(best, shown)
    assert after[1] == pytest.approx(before[1], abs=1e-4)
    losses = [log_loss(labels, 1 / (1 + np.exp(-logits))) for logits in (before[0], after[0])]
    assert losses[1] < losses[0]

    card = Card.from_dict(json.loads(best.with_suffix(".json").read_text()))
    assert card.version == "1.1"
    assert card.training["recipe"]["options"]["readings"] == 3
    about = {"version": "1", "pictures": len(samples), "split": "val", "patches_only": False}
    assert card.training["reading_fitted"] == about
    header, row = (best.parent / "history.csv").read_text().splitlines()
    assert (header.split(",")[0], row.split(",")[:2]) == ("crops", ["640", "0.500"])


def test_a_mean_of_several_runs_can_be_fitted_again(trained, tmp_path):
    from training.reading import fit_reading

    curve = trained / "history.csv"
    header, row = curve.read_text().splitlines()
    curve.write_text(f"run,{header}\none,{row}\ntwo,{row}\n")
    best = fit_reading(trained / "best.keras", [pictures.write(tmp_path / "data")], tmp_path / "read", "1.1")
    found, fitted = (best.parent / "history.csv").read_text().splitlines()
    assert found == header
    assert fitted.startswith("640,0.500")


def test_of_a_network_that_looks_once_one_look_is_fitted(trained, tmp_path):
    from sklearn.metrics import log_loss

    from edge_detect.manifest import load_pictures, read_manifest
    from training.reading import fit_reading

    data = pictures.write(tmp_path / "data")
    twice = fit_reading(trained / "best.keras", [data], tmp_path / "twice", "1.1")
    card = json.loads((trained / "best.json").read_text())
    (trained / "best.json").write_text(json.dumps({**card, "mirrored": False}))
    once = fit_reading(trained / "best.keras", [data], tmp_path / "once", "1.1")
    samples = [sample for sample in read_manifest(data) if sample.split == "val"]
    shown, labels = load_pictures(samples, 32), np.array([sample.label for sample in samples])
    weights = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    losses = [
        log_loss(labels, 1 / (1 + np.exp(-logits)), sample_weight=weights)
        for logits in (
            np.asarray(keras.models.load_model(path, compile=False).predict_on_batch(shown)["logit"], np.float64)[:, 0]
            for path in (once, twice)
        )
    ]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("patches_only", [False, True])
def test_the_three_units_say_what_they_are_meant_to(patches_only, trained, tmp_path):
    from training.reading import both_readings, fit_reading

    data = pictures.write(tmp_path / "data")
    best = fit_reading(trained / "best.keras", [data], tmp_path / "read", "1.1", patches_only)
    shown = np.random.default_rng(4).integers(0, 256, (6, 32, 32, 3), np.uint8)
    whole, patches = both_readings(keras.models.load_model(trained / "best.keras", compile=False), shown)
    model = keras.models.load_model(best, compile=False)
    units = keras.Model(model.input, model.get_layer("readings").output).predict_on_batch(shown)
    assert ((units[:, 0] == 0) | (units[:, 1] == 0)).all()
    total = units[:, 0] - units[:, 1]
    readings = [patches] if patches_only else [whole, patches]
    fit = np.linalg.lstsq(np.stack([*readings, np.ones(6)], axis=1), total, rcond=None)
    assert fit[1].sum() == pytest.approx(0, abs=1e-4)  # a sum of both readings, or a multiple of one
    above = units[:, 2] > 0
    assert np.ptp((whole - patches - units[:, 2])[above], axis=0) == pytest.approx(0, abs=1e-3)


def test_training_goes_on_from_what_was_fitted_with_the_reading_from_before(trained, tmp_path):
    from training import networks
    from training.reading import fit_reading

    best = fit_reading(trained / "best.keras", [pictures.write(tmp_path / "data")], tmp_path / "read", "1.1", True)
    again = networks.deployable("edge", **OPTIONS)
    networks.undeploy(keras.models.load_model(best, compile=False), again)
    before = keras.models.load_model(trained / "best.keras", compile=False)
    shown = np.random.default_rng(5).integers(0, 256, (6, 32, 32, 3), np.uint8)
    expected, found = (model.predict_on_batch(shown) for model in (before, again))
    assert found["patches"] == pytest.approx(expected["patches"], abs=1e-4)
    assert np.ptp(expected["logit"]) > 0.01
    assert np.ptp(found["logit"] - expected["logit"]) == pytest.approx(0, abs=1e-4)


def test_only_a_logit_that_reads_features_once_can_be_fitted_again(trained, tmp_path):
    from training.reading import fit_reading

    data = pictures.write(tmp_path / "data")
    with pytest.raises(UsageError, match="choose another --out"):
        fit_reading(trained / "best.keras", [data], trained, "1.1")
    with pytest.raises(UsageError, match="card and history"):
        fit_reading(tmp_path / "none.keras", [data], tmp_path / "read", "1.1")
    for options in ({**OPTIONS, "pooling": "logits"}, {**OPTIONS, "readings": 3}):
        other = write(tmp_path / f"other{len(options)}", options)
        with pytest.raises(UsageError, match="no logit that reads"):
            fit_reading(other / "best.keras", [data], tmp_path / "read", "1.1")
