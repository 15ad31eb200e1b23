"""The sentences on top of a report, held against the numbers they are written from."""

from edge_detect.evaluation.summary import summary
from edge_detect.evaluation.tables import operating_rows


def row(auc=None, real_accuracy=0.95, own_reals=True, **more):
    known = {"auc": [0.5, 1], "real_accuracy": [0.832, 1]}
    values = {"real": 5, "fake": 5, "own_reals": own_reals, "real_accuracy": real_accuracy, "intervals": known}
    return values | ({} if auc is None else {"auc": auc, "fake_accuracy": 0.5}) | more


def figures(**changes):
    found = {
        "all": row(0.8, intervals={"auc": [0.7, 0.9], "real_accuracy": [0.832, 1]}),
        "sources": {"a": row(0.95), "b": row(0.55, 0.7), "c": row(0.58, 0.6, own_reals=False), "d": row(0.7, 0.8)},
        "risk_coverage": {"coverage": 0.75, "error": 0.1},
        "verdicts": {"all": {"fake": {"real": {"share": 0.125, "interval": None}}}},
        "robustness": {
            "undamaged": {"auc": 0.8, "flips": 0.0},
            "JPEG 70": {"auc": 0.78, "flips": 0.03},
            "blur 2": {"auc": 0.6, "flips": 0.2},
        },
        "real_against_real": {"pairs": [["a", "b", 0.2], ["a", "d", 0.6]], "largest": 0.3},
    }
    floors = {"all": 0.6, "sources": {"a": 0.95, "b": None, "c": 0.5}}
    split = {"real": 20, "fake": 20, "file_floors": floors, "models": {"m": {**found, **changes}}}
    return {"models": {"m": {}}, "splits": {"test": split}}


def test_the_summary_says_what_the_numbers_say():
    said = " ".join(summary(figures())["test"])
    assert "in 80% of all pairs (AUC 0.800, 95% interval 0.70–0.90)" in said
    assert "finds 50% of the fakes and calls 5.0% of the real pictures fake (95% interval 0.0%–16.8%)." in said
    assert "tells the fakes of a well (AUC 0.9 or more), but those of b and c hardly better than a coin" in said
    assert "wrongs real pictures most in b (30%) and d (20%)." in said
    assert "it would leave 25% undecided, and of the rest 10% would be wrong" in said
    assert "Of the fakes it calls 12% real." in said
    assert "3.0% of the pictures change sides; blur 2 hurts most (AUC 0.800 to 0.600)" in said
    assert "alone reaches AUC 0.600 and the score tells real pictures of a from those of b with AUC 0.800" in said
    assert "On a the files alone give away as much as the model finds." in said


def test_where_no_damage_hurts_none_is_said_to():
    damaged = {"undamaged": {"auc": 1.0}, "JPEG 70": {"auc": 1.0, "flips": 0.03}, "blur 2": {"auc": 0.9999}}
    said = " ".join(summary(figures(robustness=damaged))["test"])
    assert "3.0% of the pictures change sides; no damage lowers the AUC." in said
    assert "hurts" not in said


def test_what_was_not_measured_is_not_spoken_of():
    said = summary(figures(robustness=None, risk_coverage=None, real_against_real={"pairs": [], "largest": None}))[
        "test"
    ]
    assert not any(word in " ".join(said) for word in ("undecided", "hurts", "tells real pictures"))


def test_of_a_handful_of_pictures_nothing_is_claimed():
    few = {"auc": None, "real_accuracy": None}
    sources = {name: row(1.0, 0.0, intervals=few) for name in "abcd"}
    said = " ".join(summary(figures(all=row(0.8, intervals=few), sources=sources))["test"])
    assert not any(word in said for word in ("95%", "well", "wrongs", "hurts"))


def test_a_threshold_close_to_1_is_told_from_1():
    assert operating_rows({"0.001": {"threshold": 0.99987}}) == [["0.001", "0.9999", "", ""]]
