"""The table of recipes, from the files themselves."""

import pytest
import tiny

from convert.table import recipes_table
from edge_detect.errors import UsageError

GATE = {"measure": "AUC", "score": 0.9, "keras_score": 0.9, "mean_error": 0, "max_error": 0, "xnnpack": "100%"}


def write(path, recipe, version="1.0", description=""):
    kind = "uint8" if recipe == "int8" else recipe
    conversion = {"recipe": recipe, "gate": GATE}
    path.write_bytes(
        tiny.packed(kind, version=version, description=description, precision=recipe, conversion=conversion)
    )
    return path


def test_a_file_that_is_named_twice_is_refused(tmp_path):
    path = write(tmp_path / "tiny-int8.tflite", "int8")
    with pytest.raises(UsageError, match="named twice"):
        recipes_table([path, path.parent / "." / "x" / ".." / path.name])


def test_sizes_are_set_against_float32_of_the_same_version(tmp_path):
    old = write(tmp_path / "old.tflite", "float32", description=str(list(range(9_999))))  # and so of another size
    new = [write(tmp_path / f"{recipe}.tflite", recipe, "2.0") for recipe in ("int8", "float32")]
    rows = [line.split(" | ") for line in recipes_table([old, *new]).splitlines()[2:]]
    share = round(100 * new[0].stat().st_size / new[1].stat().st_size)
    assert [(row[1], row[3]) for row in rows] == [("float32", "100%"), ("float32", "100%"), ("int8", f"{share}%")]
