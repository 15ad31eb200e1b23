"""Why a conversion did not pass the gate, and what to do about it: a sentence for each check that failed."""

from collections.abc import Sequence

from convert.gate import BLANK, FINITE, LABELS, OLD_RUNTIME, REPEATED, SAME_LOGITS, SAME_OUTPUTS, Check
from convert.recipes import Recipe

_CALIBRATION = {
    LABELS: "a label is without pictures",
    BLANK: "half of the pictures or more are of one colour",
    REPEATED: "half of the pictures or more are repeated",
}
_LOST = "weights or layers were lost on the way: this is a bug of the conversion, please report it"
_OTHERS = {
    SAME_LOGITS: _LOST,
    SAME_OUTPUTS: _LOST,
    "batch": "the model does not take one picture at a time, or holds several graphs (loops, conditions): build it "
    "without these, and save it with the batch left open, or of 1",
    "forbidden operators": "layers keep a state or need all of TensorFlow (Flex), which no small runtime has: build "
    "the model without them",
    "float convolutions": "layers stayed in float32, which int8 has no operator for: build the model with others, or "
    "name them in --keep-float to accept that",
    "operators on XNNPACK": "many operators run on slow kernels: leave out layers that XNNPACK cannot run (hard-swish, "
    "resizing, softmax over maps), or accept it with --min-xnnpack",
    FINITE: "the model answers what is no number: look for a division or a logarithm of what is zero in a picture of "
    "one colour, as in standardising each picture",
    OLD_RUNTIME: "boards with 32 bits could not run it: build the model of layers that tflite-runtime 2.14 knows, or "
    "leave the check out with --legacy none where there is no such board",
}
_ACCURACY = {"AUC drop", "top-1 drop", "AP drop", "mean score error", "max score error", "verdict flips"}


def causes(checks: Sequence[Check], recipe: Recipe) -> list[str]:
    """What probably went wrong in a conversion by this recipe, and what to do about it, for checks that failed.

    Lost accuracy is put down to quantization unless a calibration failed, or weights were lost.
    """
    failed = {check.name: check.found for check in checks if check.passed is False}
    found = [
        f"bad calibration: {wrong} ({failed[name]}), so the scales of the activations fit other pictures than those to "
        "come; give --data with pictures of every label, as they come from the field"
        for name, wrong in _CALIBRATION.items()
        if name in failed
    ]
    explained = bool(found) or not failed.keys().isdisjoint({SAME_LOGITS, SAME_OUTPUTS})
    found += [sentence for name, sentence in _OTHERS.items() if name in failed]
    if not explained and not _ACCURACY.isdisjoint(failed):
        found.append(_cost(recipe))
    return list(dict.fromkeys(found))


def _cost(recipe: Recipe) -> str:
    """What to do about lost accuracy: only what changes something in this recipe."""
    if recipe.exact:
        return "the limit is below what float32 arithmetic changes: allow more, with the option named in the table"
    ways = {
        "fewer or more pictures (--calibrate)": recipe.calibrated,
        "layers that lose much in float32 (--keep-float)": recipe.activations == "int8",
        "int16x8": recipe.activations == "int8",
        "float16": recipe.weights == "int8",
        "float32": recipe.weights == "float16",
    }
    advice = f"quantization costs too much: try {', or '.join(way for way, helps in ways.items() if helps)}"
    if recipe.weights == "int8":
        advice += "; then quantization-aware fine-tuning"
    if recipe.activations == "int8":
        advice += ", or bounded activations (ReLU6)"
    return advice
