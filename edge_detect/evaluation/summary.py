"""What the figures say, in plain words: the top of the report.

Every sentence is written from the numbers, and of what is measured on too few pictures to have an interval, none is.
"""

from typing import Any

from edge_detect.evaluation.robustness import UNDAMAGED

_WELL, _BADLY = 0.9, 0.6
"""AUC from which a source counts as told well, and below which as told hardly better than by a coin."""
_ALARMING = 0.1
"""Share of a source's reals called fake that is worth a sentence."""
_USUAL = "JPEG 70"
"""What happens to most pictures that are shared."""


def summary(figures: dict[str, Any]) -> dict[str, list[str]]:
    """Sentences about the first model, by split."""
    model = next(iter(figures["models"]))
    said = {}
    for split, measured in figures["splits"].items():
        found = measured["models"][model]
        sentences = [
            _pooled(split, model, measured, found["all"]),
            _told(found),
            _alarms(found["sources"]),
            _decided(found),
            _missed(found["verdicts"]["all"]),
            _damaged(found["robustness"]) if found["all"].get("intervals", {}).get("auc") else "",
            _floors(measured["file_floors"]["all"], found),
            _given_away(measured["file_floors"]["sources"], found["sources"]),
        ]
        said[split] = [sentence for sentence in sentences if sentence]
    return said


def _pooled(split: str, model: str, measured: dict[str, Any], pooled: dict[str, Any]) -> str:
    what = f"On {split} ({measured['real']} real and {measured['fake']} fake pictures), {model}"
    if "auc" not in pooled:
        if measured["real"]:
            return f"{what} calls {1 - pooled['real_accuracy']:.1%} fake; without fake pictures, that is all there is."
        return f"{what} finds {pooled['fake_accuracy']:.1%}; without real pictures, that is all there is."
    bounds = pooled["intervals"]["auc"]
    sure = f", 95% interval {bounds[0]:.2f}–{bounds[1]:.2f}" if bounds else ""
    right = pooled["intervals"]["real_accuracy"]
    wronged = f" (95% interval {1 - right[1]:.1%}–{1 - right[0]:.1%})" if right else ""
    return (
        f"{what} scores a fake above a real picture in {pooled['auc']:.0%} of all pairs "
        f"(AUC {pooled['auc']:.3f}{sure}). At its threshold it finds {pooled['fake_accuracy']:.0%} of the fakes "
        f"and calls {1 - pooled['real_accuracy']:.1%} of the real pictures fake{wronged}."
    )


def _told(found: dict[str, Any]) -> str:
    known = {name: values["auc"] for name, values in found["sources"].items() if values["intervals"].get("auc")}
    well = [name for name, value in known.items() if value >= _WELL]
    badly = [name for name, value in known.items() if value < _BADLY]
    parts = []
    if well:
        parts.append(f"It tells the fakes of {_listed(well)} well (AUC {_WELL} or more)")
    if badly:
        parts.append(f"{'those' if well else 'It tells the fakes'} of {_listed(badly)} hardly better than a coin would")
    return f"{', but '.join(parts)}." if parts else ""


def _alarms(sources: dict[str, Any]) -> str:
    sure = {name: values for name, values in sources.items() if values["intervals"].get("real_accuracy")}
    rates = {name: 1 - values["real_accuracy"] for name, values in sure.items() if values["own_reals"]}
    worst = sorted((name for name, rate in rates.items() if rate >= _ALARMING), key=lambda name: -rates[name])
    if not worst:
        return ""
    listed = _listed([f"{name} ({rates[name]:.0%})" for name in worst])
    return f"It wrongs real pictures most in {listed}."


def _decided(found: dict[str, Any]) -> str:
    decided = found["risk_coverage"]
    if not decided or decided["error"] is None:
        return ""
    return (
        f"Were as many pictures fake as real, it would leave {1 - decided['coverage']:.0%} undecided, and of the rest "
        f"{decided['error']:.0%} would be wrong."
    )


def _missed(verdicts: dict[str, Any]) -> str:
    return f"Of the fakes it calls {verdicts['fake']['real']['share']:.0%} real." if "fake" in verdicts else ""


def _damaged(robustness: dict[str, Any] | None) -> str:
    if not robustness or robustness[UNDAMAGED]["auc"] is None:
        return ""
    before = robustness[UNDAMAGED]["auc"]
    after, worst = min((float(values["auc"]), name) for name, values in robustness.items() if name != UNDAMAGED)
    lowered = round(after, 3) < round(before, 3)
    most = f"{worst} hurts most (AUC {before:.3f} to {after:.3f})" if lowered else "no damage lowers the AUC"
    return f"Compressed as {_USUAL}, {robustness[_USUAL]['flips']:.1%} of the pictures change sides; {most}."


def _floors(floor: float | None, found: dict[str, Any]) -> str:
    parts = []
    if floor is not None:
        parts.append(f"a look at the files' size and compression alone reaches AUC {floor:.3f}")
    apart = found["real_against_real"]["largest"]
    if apart is not None:
        one, two, value = max(found["real_against_real"]["pairs"], key=lambda pair: abs(pair[2] - 0.5))
        parts.append(f"the score tells real pictures of {one} from those of {two} with AUC {max(value, 1 - value):.3f}")
    return f"Beware: {' and '.join(parts)}." if parts else ""


def _given_away(floors: dict[str, float | None], sources: dict[str, Any]) -> str:
    names = [name for name, floor in floors.items() if floor is not None and floor >= sources[name].get("auc", 1)]
    return f"On {_listed(names)} the files alone give away as much as the model finds." if names else ""


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
