import dataclasses
import hashlib
import json

import numpy as np
import pytest

from edge_detect.card import Card
from edge_detect.errors import UsageError

keras = pytest.importorskip("keras")

START = {"sha256": "0" * 64, "crops_seen": 1000, "hours": 0.5}
CARD = Card("x", "1", "", "classifier", 224, "logit", {"logit": 0, "patches": 1}, precision="float32")


def trained(folder, seed, crops, begun_from=START, **options):
    from training import networks

    keras.utils.set_random_seed(seed)
    folder.mkdir()
    options = {"widths": [4, 4, 4], **options}
    networks.deployable("edge", **options).save(folder / "best.keras")
    recipe = {"network": "edge", "crops": crops, "options": options}
    training = {"data_sha256": "d", "seed": seed, "recipe": recipe, "crops_seen": crops, "hours": 0.75}
    if begun_from:
        training["begun_from"] = begun_from
    card = dataclasses.replace(CARD, training=training)
    (folder / "best.json").write_text(json.dumps(card.to_dict()))
    (folder / "history.csv").write_text(
        f"crops,hours,loss,score,details,learning_rate\n{crops},0.750,0.5000,0.8000,a=0.8000,1.00e-03\n"
    )
    return folder / "best.keras"


def weights(path):
    return keras.models.load_model(path, compile=False).get_weights()


def test_the_mean_of_two_models_has_their_mean_weights_and_says_what_it_is_made_of(tmp_path):
    from training.average import average_models

    one, two = trained(tmp_path / "one", 1, crops=1500), trained(tmp_path / "two", 2, crops=3000)
    mean = average_models([one, two], tmp_path / "mean", "2")
    for found, a, b in zip(weights(mean), weights(one), weights(two), strict=True):
        assert found == pytest.approx((a + b) / 2, abs=1e-6)
    card = Card.from_dict(json.loads(mean.with_suffix(".json").read_text()))
    assert (card.training["crops_seen"], card.training["hours"]) == (1000 + 500 + 2000, 1.0)
    assert card.version == "2"
    assert [part["seed"] for part in card.training["mean_of"]] == [1, 2]
    assert card.training["data_sha256"] == "d"
    assert card.training["recipe"] == {"network": "edge", "options": {"widths": [4, 4, 4]}}
    rows = (mean.parent / "history.csv").read_text().splitlines()
    assert [row.split(",")[:2] for row in rows] == [["run", "crops"], ["one", "1500"], ["two", "3000"]]
    assert not np.array_equal(weights(one)[0], weights(two)[0])


def test_what_the_weights_were_a_mean_of_may_take_part_beside_them(tmp_path):
    from training.average import average_models
    from training.trained import trained_hash

    one, two = trained(tmp_path / "one", 1, crops=1500), trained(tmp_path / "two", 2, crops=3000)
    middle = average_models([one, two], tmp_path / "middle", "2")
    spent = {"crops_seen": 3500, "hours": 1.0}
    grown = trained(tmp_path / "grown", 3, crops=4000, begun_from={"sha256": trained_hash(middle), **spent})
    mean = average_models([one, one, middle, grown], tmp_path / "mean", "3")
    for found, a, b, c in zip(*map(weights, (mean, one, middle, grown)), strict=True):
        assert found == pytest.approx((2 * a + b + c) / 4, abs=1e-6)
    card = Card.from_dict(json.loads(mean.with_suffix(".json").read_text()))
    assert card.training["crops_seen"] == 4000  # those of its parts are among what went on
    assert (mean.parent / "history.csv").read_text().splitlines()[1].startswith("grown,4000,")
    with pytest.raises(UsageError, match="went on from the same weights"):
        average_models([one, grown], tmp_path / "without", "3")


@pytest.mark.parametrize("earlier", [None, {**START, "sha256": "2" * 64}])
def test_the_weights_that_the_others_began_with_may_take_part_and_weigh_double(tmp_path, earlier):
    from training.average import average_models

    start = trained(tmp_path / "start", 1, crops=1000, begun_from=earlier)
    (start.parent / "history.csv").unlink()
    begun_from = {**START, "sha256": hashlib.sha256(start.read_bytes()).hexdigest(), "hours": 0.75}
    grown = trained(tmp_path / "grown", 2, crops=1500, begun_from=begun_from)
    mean = average_models([start, start, grown], tmp_path / "mean", "2")
    for found, a, b in zip(weights(mean), weights(start), weights(grown), strict=True):
        assert found == pytest.approx((2 * a + b) / 3, abs=1e-6)
    card = Card.from_dict(json.loads(mean.with_suffix(".json").read_text()))
    assert (card.training["crops_seen"], card.training["hours"], card.training["seed"]) == (1500, 0.75, 2)
    assert "sha256" not in card.training  # it is that of a part, and stands there
    assert [len(part["sha256"]) for part in card.training["mean_of"]] == [64] * 3
    assert card.training["mean_of"][1] == {"sha256": begun_from["sha256"]}  # the rest was said of the first


def test_of_a_release_whose_logit_was_fitted_the_mean_is_as_it_was_before(tmp_path):
    from training import networks
    from training.average import average_models

    pooled = {"pooling": "features"}
    start = trained(tmp_path / "start", 1, crops=1000, begun_from=None, **pooled, readings=3)
    begun_from = {**START, "sha256": hashlib.sha256(start.read_bytes()).hexdigest()}
    grown = trained(tmp_path / "grown", 2, crops=1500, begun_from=begun_from, **pooled)
    mean = average_models([start, grown], tmp_path / "mean", "2")
    before = networks.deployable("edge", widths=[4, 4, 4], **pooled)
    networks.undeploy(keras.models.load_model(start, compile=False), before)
    for found, a, b in zip(weights(mean), before.get_weights(), weights(grown), strict=True):
        assert found == pytest.approx((a + b) / 2, abs=1e-6)
    options = Card.from_dict(json.loads(mean.with_suffix(".json").read_text())).training["recipe"]["options"]
    assert options == {"widths": [4, 4, 4], **pooled}


def test_runs_in_folders_of_one_name_are_refused_before_a_curve_is_lost(tmp_path):
    from training.average import average_models

    for parent in ("a", "b"):
        (tmp_path / parent).mkdir()
    models = [trained(tmp_path / parent / "x-1", seed, crops=1500) for seed, parent in enumerate("ab")]
    with pytest.raises(UsageError, match=r"a/x-1 and .*b/x-1 need names of their own"):
        average_models(models, tmp_path / "mean", "2")
    assert not (tmp_path / "mean").exists()


def test_a_mean_never_replaces_a_model(tmp_path):
    from training.average import average_models

    one, two = trained(tmp_path / "one", 1, crops=1500), trained(tmp_path / "two", 2, crops=3000)
    with pytest.raises(UsageError, match="choose another --out"):
        average_models([one, two], one.parent, "2")
    assert not (one.parent / "aside.keras").exists()


def test_models_without_a_common_start_have_no_mean(tmp_path):
    from training.average import average_models

    one = trained(tmp_path / "one", 1, crops=1500)
    other = trained(tmp_path / "other", 2, crops=1500, begun_from={**START, "sha256": "1" * 64})
    for models in ([one], [one, other], [one, tmp_path / "none.keras"]):
        with pytest.raises(UsageError):
            average_models(models, tmp_path / "mean", "2")
    assert not (tmp_path / "mean").exists()


def test_networks_that_are_unlike_have_no_mean(tmp_path):
    from training.average import average_models

    one = trained(tmp_path / "one", 1, crops=1500)
    for name, options in (("grown", {"grown": [1, 1]}), ("other", {"stem": "haar"}), ("wide", {"widths": [8, 4, 4]})):
        with pytest.raises(UsageError, match="are of unlike networks, which have no mean"):
            average_models([one, trained(tmp_path / name, 2, crops=1500, **options)], tmp_path / "mean", "2")


def test_of_a_mean_and_a_part_of_it_all_is_counted_once(tmp_path):
    from training.average import average_models

    one, two = trained(tmp_path / "one", 1, crops=1500), trained(tmp_path / "two", 2, crops=1500)
    middle = average_models([one, two], tmp_path / "middle", "2")
    mean = average_models([middle, one], tmp_path / "mean", "3")
    card = Card.from_dict(json.loads(mean.with_suffix(".json").read_text()))
    assert (card.training["crops_seen"], card.training["hours"]) == (2000, 1.0)
    for found, a, b in zip(*map(weights, (mean, one, two)), strict=True):
        assert found == pytest.approx((3 * a + b) / 4, abs=1e-6)


def test_the_mean_of_a_plain_model_and_one_whose_logit_was_fitted_is_a_plain_one(tmp_path):
    from training.average import average_models

    one = trained(tmp_path / "one", 1, crops=1500, pooling="features")
    two = trained(tmp_path / "two", 2, crops=1500, pooling="features", readings=3)
    mean = average_models([one, two], tmp_path / "mean", "2")
    card = Card.from_dict(json.loads(mean.with_suffix(".json").read_text()))
    assert not card.training["recipe"]["options"].get("readings")
    assert not any(layer.name == "readings" for layer in keras.models.load_model(mean, compile=False).layers)
