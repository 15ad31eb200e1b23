"""What is measured of a classifier, on cases that are small enough to work out by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tiny
import zoo
from described import samples

from edge_detect import image
from edge_detect.card import Card, Thresholds
from edge_detect.errors import PictureError, UsageError
from edge_detect.evaluation.bootstrap import Bootstrap, interval, share_interval
from edge_detect.evaluation.calibration import class_weights, reliability, risk_coverage
from edge_detect.evaluation.comparison import differences, twins
from edge_detect.evaluation.cost import multiply_adds
from edge_detect.evaluation.cross_source import cross_source, real_against_real
from edge_detect.evaluation.damage import DAMAGES, damaged
from edge_detect.evaluation.facts import leakage
from edge_detect.evaluation.floors import file_floors
from edge_detect.evaluation.robustness import robustness
from edge_detect.evaluation.rows import Split, check_names, row_figures, rows, split_figures
from edge_detect.evaluation.scoring import Scored
from edge_detect.manifest import Sample

CARD = Card("x", "1", "", "classifier", 224, "logit", {"logit": 0}, precision="int8")


def plain(split: Split, scores, threshold: float = 0.5, **options) -> dict:
    scores = np.array(scores, float)
    return split_figures(split, scores, scores >= threshold, **options)[0]


def test_a_source_without_reals_is_measured_against_all_reals_of_the_split():
    split = Split(samples("real:a", "real:a", "fake:a/x", "fake:b/y", "real:c"))
    found = plain(split, [0.1, 0.6, 0.5, 0.3, 0.2])
    counts = {name: (v["real"], v["fake"], v["own_reals"]) for name, v in found["sources"].items()}
    assert counts == {"a": (2, 1, True), "b": (3, 1, False), "c": (1, 0, True)}
    assert found["methods"].keys() == {"a/x", "b/y"}
    assert found["sources"]["a"]["auc"] == 0.5
    assert found["sources"]["b"]["auc"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["all"]["real_accuracy"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["all"]["fake_accuracy"] == 0.5


def test_an_interval_over_many_pictures_holds_its_figure():
    many = [Sample(Path("x.png"), label, "s", "m", str(number), "test") for label in (0, 1) for number in range(70_000)]
    found = plain(Split(many), [0.1] * 70_000 + [0.9] * 70_000)["all"]
    assert found["intervals"]["fake_accuracy"] == [pytest.approx(0.9999, abs=1e-4), 1.0]
    assert found["intervals"]["fake_accuracy"][0] > 0.99


def test_a_row_without_fakes_has_no_figure_that_needs_them():
    found = plain(Split(samples("real:a", "real:a", "fake:b")), [0.1, 0.9, 0.8])["sources"]["a"]
    assert found.keys() == {"real", "fake", "own_reals", "real_accuracy", "intervals"}
    assert found["real_accuracy"] == 0.5


def test_sources_are_measured_together_where_they_have_fakes():
    split = Split(samples("real:a", "fake:b", "fake:c", "fake:d", "real:e"))
    found = plain(split, [0.5, 0.6, 0.4, 0.1, 0.2], together=[["b", "c"], ["a", "e"]])["together"]
    assert found.keys() == {"b+c"}
    assert (found["b+c"]["real"], found["b+c"]["fake"], found["b+c"]["auc"]) == (2, 2, 0.75)


def test_small_pictures_are_measured_by_themselves():
    chosen = samples("real:a", "fake:a", "real:b", "fake:b", "real:a")
    found = plain(Split(chosen, np.array([127, 100, 128, 300, 191])), [0.1, 0.6, 0.7, 0.3, 0.2])["sizes"]
    counts = {name: (values["real"], values["fake"]) for name, values in found.items()}
    assert counts == {"under 128 px": (1, 1), "128 to 191 px": (2, 0), "192 px or more": (0, 1)}
    assert found["under 128 px"]["auc"] == 1
    assert plain(Split(chosen), np.zeros(5))["sizes"] == {}


def test_an_int8_model_is_held_to_the_one_that_computes_in_float32():
    int8, float32, float16 = (dataclasses.replace(CARD, precision=name) for name in ("int8", "float32", "float16"))
    other = dataclasses.replace(float32, version="2")
    assert twins("abc", [int8, float16, float32]) == [("a", "c")]
    assert twins("abc", [float16, int8, other]) == [("b", "a")]
    assert twins("ab", [int8, other]) == []


def test_what_int8_costs_is_its_own_auc_less_that_of_float32_by_paired_draws():
    split = Split(samples(*["real:s", "fake:s"] * 20))
    right = np.tile([0.2, 0.8], 20)
    wrong = right.copy()
    wrong[:8] = 1 - right[:8]
    int8, float32 = (split_figures(split, scores, scores > 0.5) for scores in (wrong, right))
    found = differences(int8[0], float32[0], int8[1], float32[1])["all"]
    assert found["auc"] == int8[0]["all"]["auc"] - 1 < 0
    low, high = found["interval"]
    assert low < found["auc"] < high < 0
    same = differences(int8[0], int8[0], int8[1], int8[1])["all"]
    assert same["auc"] == 0
    assert same["interval"] in (None, [0, 0])


def test_rows_of_one_name_are_refused():
    split = Split([Sample(Path(source), 1, source, "m", source, "test") for source in ("s", "s/m")])
    with pytest.raises(UsageError, match="'s/m' would be the name of two rows, of methods and sources"):
        check_names(split, [])


def test_ignoring_that_pictures_of_one_group_belong_together_makes_an_interval_too_narrow():
    """Twenty groups of thirty pictures each, of which all have the same score."""
    rng = np.random.default_rng(3)
    base = np.r_[rng.normal(0, 1, 10), rng.normal(1, 1, 10)]
    clustered = samples(*(f"{'fake' if g >= 10 else 'real'}:s:{g}" for g in range(20) for _ in range(30)))
    alone = samples(*(f"{'fake' if g >= 10 else 'real'}:s" for g in range(20) for _ in range(30)))
    scores = np.repeat(base, 30)
    wide, narrow = (plain(Split(chosen), scores)["all"]["intervals"]["auc"] for chosen in (clustered, alone))
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])


def test_draws_are_the_same_each_time_and_keep_groups_whole():
    groups = ["a", "a", "b", "c"]
    everything = np.ones(4, bool)
    one, two = (np.concatenate(list(Bootstrap(groups, 50).weights(everything))) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[:, 0], one[:, 1])
    assert (one[:, 1:].sum(1) == 3).all()


def test_the_interval_of_a_mean_is_the_one_of_theory():
    """Of 400 independent pictures, half of them called fake: 1.96 standard errors of 0.025."""
    split = Split(samples(*["real:s"] * 400))
    low, high = plain(split, [0.0, 1.0] * 200)["all"]["intervals"]["real_accuracy"]
    assert (low, high) == (pytest.approx(0.451, abs=0.006), pytest.approx(0.549, abs=0.006))


def test_no_false_alarm_among_few_does_not_mean_that_there_is_none():
    assert share_interval(np.zeros(100), 0, 10) == [0.0, pytest.approx(0.3085, abs=1e-4)]
    assert share_interval(np.ones(100), 1, 10) == [pytest.approx(0.6915, abs=1e-4), 1.0]
    assert share_interval(np.linspace(0, 1, 101), 0.5, 10) == [0.025, 0.975]


def test_more_false_alarms_never_lower_what_there_may_be():
    split = Split(samples(*["real:s"] * 303))
    bounds = [plain(split, [1.0] * count + [0.0] * (303 - count))["all"]["intervals"] for count in range(12)]
    highest = [1 - each["real_accuracy"][0] for each in bounds]
    assert highest == sorted(highest)
    assert highest[:2] == [pytest.approx(0.0121, abs=1e-4), pytest.approx(0.0183, abs=1e-4)]


def test_figures_that_are_the_same_in_all_draws_are_not_said_to_be_certain():
    """Ten real and ten fake faces that are told apart without an error say little of an eleventh."""
    split = Split(samples(*["real:s", "fake:s"] * 10))
    found = plain(split, [0.0, 1.0] * 10)["all"]
    assert [found[name] for name in ("auc", "ap", "eer")] == [1, 1, 0]
    assert [found["intervals"][name] for name in ("auc", "ap", "eer", "balanced_accuracy")] == [None] * 4
    assert found["intervals"]["fake_accuracy"] == [pytest.approx(0.6915, abs=1e-4), 1.0]


def test_hits_at_a_rate_are_a_share_of_fakes():
    split = Split(samples(*["real:s"] * 400, *["fake:s"] * 10))
    found = plain(split, [0.0] * 400 + [1.0] * 10)["all"]
    assert found["intervals"]["tpr_at_1pct_fpr"] == [pytest.approx(0.6915, abs=1e-4), 1.0]


def test_an_interval_that_most_draws_do_not_have_is_left_out():
    assert interval(np.r_[np.full(10, np.nan), np.zeros(90)]) is None
    assert interval(np.r_[np.full(2, np.nan), np.linspace(0, 1, 98)]) == [0.025, 0.975]


def test_draws_in_parts_are_those_at_once(monkeypatch):
    split = Split(samples(*["real:a", "fake:a"] * 20))
    scores = np.linspace(0, 1, 40)
    row = next(iter(rows(split)))
    whole = row_figures(split, row, scores, scores > 0.5)[0]
    monkeypatch.setattr("edge_detect.evaluation.bootstrap._AT_ONCE", 100)
    assert row_figures(split, row, scores, scores > 0.5)[0] == whole


def test_calibration_of_two_scores_worked_out_by_hand():
    """Eight in ten fakes score 0.9, eight in ten reals 0.1: of either score, 0.8 or 0.2 are fakes."""
    split = Split(samples(*["fake:s"] * 10, *["real:s"] * 10))
    scores = np.array([0.9] * 8 + [0.1] * 2 + [0.1] * 8 + [0.9] * 2)
    found = reliability(split, scores)
    assert found["brier"] == pytest.approx(0.8 * 0.01 + 0.2 * 0.81, abs=1e-4)
    assert sum(entry["weight"] for entry in found["bins"]) == pytest.approx(1, abs=1e-3)
    assert found["ece"] == pytest.approx(0.1, abs=1e-4)


def test_calibration_and_risk_do_not_depend_on_the_order_of_pictures_that_tie():
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 400)
    scores = np.round(np.clip(0.3 * labels + rng.normal(0.35, 0.2, 400), 0.02, 0.98), 1)
    found = []
    for order in (np.argsort(labels), np.argsort(-labels), rng.permutation(400)):
        split = Split(samples(*("fake:s" if label else "real:s" for label in labels[order])))
        band = Thresholds(real=0.4, fake=0.6)
        found.append((reliability(split, scores[order])["ece"], risk_coverage(split, scores[order], band)["area"]))
    assert found[1:] == [pytest.approx(found[0], abs=1e-4)] * 2


def test_intervals_are_not_drawn_from_a_handful_of_groups():
    for reals, fakes in ((4, 5), (5, 4), (5, 5)):
        counts = {"real": reals, "fake": fakes}
        split = Split(samples(*(f"{label}:s:{label}{i % counts[label]}" for label in counts for i in range(40))))
        found = plain(split, np.random.default_rng(1).random(80))["all"]["intervals"]
        there = {name: interval is not None for name, interval in found.items()}
        own = {"real_accuracy": reals == 5, "fake_accuracy": fakes == 5}
        assert there == {name: own.get(name, reals == fakes) for name in found}
        scores = np.random.default_rng(1).random((2, 80))
        (one, draws), (two, others) = (split_figures(split, each, each > 0.5) for each in scores)
        assert (differences(one, two, draws, others)["all"]["interval"] is not None) == (reals == fakes)


def test_a_rate_that_so_few_real_pictures_cannot_buy_is_left_out():
    for reals, left_out in ((98, {1, 5}), (99, {5}), (199, set())):
        split = Split(samples(*["real:s"] * reals, *["fake:s"] * 20))
        found = plain(split, np.linspace(0, 1, reals + 20))["all"]
        names = {1: "tpr_at_1pct_fpr", 5: "tpr_at_05pct_fpr"}
        assert {key for key, name in names.items() if name not in found} == left_out


def test_both_classes_weigh_alike_in_calibration():
    split = Split(samples("fake:s", *["real:s"] * 9))
    assert class_weights(split)[:2].tolist() == [0.5, pytest.approx(0.5 / 9)]
    assert reliability(split, np.full(10, 0.5))["brier"] == 0.25


def test_coverage_and_error_are_those_of_the_cards_band():
    split = Split(samples("real:s", "real:s", "real:s", "real:s", "fake:s", "fake:s", "fake:s", "fake:s"))
    scores = np.array([0.1, 0.2, 0.5, 0.9, 0.05, 0.55, 0.8, 0.95])
    found = risk_coverage(split, scores, Thresholds(real=0.4, fake=0.6))
    assert found["coverage"] == 0.75
    assert found["error"] == pytest.approx(2 / 6, abs=1e-4)
    assert found["curve"][-1][0] == 1
    assert [0.75, pytest.approx(2 / 6, abs=1e-4)] in found["curve"]


def test_a_score_on_a_threshold_belongs_to_the_verdict_above_it():
    """As `Detector.verdict` has it: fake from `fake` on, real below `real`."""
    split = Split(samples("real:s", "fake:s"))
    band = Thresholds(real=0.4, fake=0.6)
    assert risk_coverage(split, np.array([0.4, 0.6]), band)["coverage"] == 0.5
    assert risk_coverage(split, np.array([0.39, 0.59]), band)["coverage"] == 0.5


def test_without_a_class_calibration_and_risk_are_blank():
    split = Split(samples("real:s", "real:s"))
    assert reliability(split, np.zeros(2)) is None
    assert risk_coverage(split, np.zeros(2), Thresholds()) is None
    assert cross_source(split, np.zeros(2)) == {"reals": ["s"], "fakes": [], "auc": [[]]}


def test_the_matrix_has_reals_down_and_fakes_across():
    split = Split(samples("real:a", "real:b", "fake:a", "fake:c"))
    found = cross_source(split, np.array([0.1, 0.6, 0.5, 0.9]))
    assert found == {"reals": ["a", "b"], "fakes": ["a", "c"], "auc": [[1, 1], [0, 1]]}


def test_reals_of_two_sources_are_told_apart_as_far_as_their_scores_are():
    split = Split(samples(*["real:a"] * 30, *["real:b"] * 30, *["real:c"] * 29))
    found = real_against_real(split, np.array([0.1, 0.3] * 15 + [0.2, 0.4] * 15 + [0.9] * 29))
    assert found == {"pairs": [["a", "b", 0.75]], "largest": 0.25}  # c has too few
    assert real_against_real(Split(samples("real:a")), np.zeros(1)) == {"pairs": [], "largest": None}


def test_flips_are_changes_to_or_from_fake_and_changes_are_all():
    split = Split(samples("real:s", "real:s", "fake:s", "fake:s"))
    real, uncertain, fake = range(3)
    verdicts = np.array([[real, real, fake, fake], [uncertain, fake, fake, real]], np.int8)
    scores = np.array([[0.1, 0.2, 0.8, 0.9], [0.5, 0.8, 0.9, 0.1]])
    found = robustness(split, Scored(scores, verdicts), DAMAGES[:1])
    assert found["undamaged"] == {"auc": 1, "false_alarms": 0, "hits": 1, "flips": 0, "changes": 0}
    assert found["JPEG 95"] == {"auc": 0.5, "false_alarms": 0.5, "hits": 0.5, "flips": 0.5, "changes": 0.75}


def test_damage_has_a_name_a_level_and_is_the_same_each_time():
    data = zoo.encode(np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8), "PNG")
    one, two = damaged(data, DAMAGES), damaged(data, DAMAGES)
    assert one == two
    names = [damage.name for damage in DAMAGES]
    assert len(set(names)) == len(names) == 23
    shapes = {name: image.decode(bytes_).pixels.shape[:2] for name, bytes_ in zip(names, one, strict=True)}
    assert (shapes["resize 0.25"], shapes["resize 1.5"], shapes["JPEG 30"]) == ((10, 15), (60, 90), (40, 60))
    assert shapes["screenshot"] == (55, 82)


def test_noise_has_the_deviation_that_it_says():
    flat = zoo.encode(np.full((64, 64, 3), 128, np.uint8), "PNG")
    (noise,) = damaged(flat, tuple(damage for damage in DAMAGES if damage.name == "noise 5"))
    assert image.decode(noise).pixels.astype(float).std() == pytest.approx(5, abs=0.2)


def test_a_damaged_file_that_is_no_picture_is_an_error():
    with pytest.raises(PictureError):
        damaged(b"no picture", DAMAGES)


def test_files_that_differ_by_class_give_themselves_away(tmp_path):
    pytest.importorskip("sklearn")
    found = []
    for number in range(120):
        label = number % 2
        path = tmp_path / f"{number}.png"
        path.write_bytes(zoo.encode(np.zeros((40 + 20 * label, 40 + 20 * label, 3), np.uint8), "PNG"))
        found.append(Sample(path, label, "s", "m", str(number), "test"))
    assert file_floors(Split(found)) == {"all": 1.0, "sources": {"s": 1.0}}
    assert file_floors(Split(found[:18]))["all"] is None


def test_a_few_large_groups_neither_end_the_floor_nor_lower_it(tmp_path):
    """As of a few long videos and many short ones: of facts that tell nothing, about 0.5 is the floor."""
    pytest.importorskip("sklearn")
    random = np.random.default_rng(1)

    def part(label, groups):
        for group, count in groups.items():
            for number in range(count):
                path = tmp_path / f"{label}-{group}-{number}.png"
                path.write_bytes(zoo.encode(np.zeros((8, 8, 3), np.uint8), "PNG") + bytes(random.integers(0, 500)))
                yield Sample(path, label, "s", "m", f"{label}-{group}", "test")

    reals = list(part(0, dict.fromkeys(range(10), 3)))
    fakes = list(part(1, {at: 60 if at < 4 else 2 for at in range(10)}))
    assert 0.4 < leakage(reals, fakes) < 0.65
    whole = list(part(1, {at: 1 if at else 200 for at in range(10)}))
    assert np.isnan(value := leakage(reals, whole)) or value > 0.3


def test_multiply_adds_are_counted_by_hand():
    assert multiply_adds(tiny.flatbuffer()) == 3
    grid = tiny.FINDER_SIDE // tiny.STRIDE
    assert multiply_adds(tiny.finder_flatbuffer()) == grid * grid * 3 * (1 + 2 + 2)


def test_files_of_few_pictures_give_no_floor(tmp_path):
    """The classifier could not tell them apart, however different their files are."""
    for count, floor in ((20, None), (40, 1.0)):
        found = []
        for label, side in (("real", 8), ("fake", 16)):
            for number in range(count):
                path = tmp_path / f"{label}{number}.png"
                path.write_bytes(zoo.encode(np.zeros((side, side, 3), np.uint8), "PNG"))
                found.append(Sample(path, int(label == "fake"), "s", "m", path.stem, "test"))
        value = leakage(found[:count], found[count:])
        assert np.isnan(value) if floor is None else value == floor
