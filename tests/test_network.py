import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tiny

from edge_detect.card import pack
from edge_detect.errors import ModelError, UsageError
from edge_detect.network import Network


@pytest.mark.parametrize(
    ("kind", "scale", "zero_point"), [("float32", 1.0, 0), ("uint8", 1.0, 0), ("uint8", 2.0, 0), ("int8", 1.0, -128)]
)
def test_every_scale_and_zero_point_gives_the_same_output(kind, scale, zero_point):
    pixels = np.empty((tiny.SIDE, tiny.SIDE, 3), np.uint8)
    pixels[:] = (200, 100, 60)
    outputs = Network(tiny.flatbuffer(kind, scale, zero_point), tiny.card()).run(pixels)
    assert outputs["logit"].dtype == np.float32
    assert outputs["logit"] == pytest.approx([0.04 * 200 - 0.02 * 100 - 0.02 * 60], abs=1e-4)


def test_a_card_with_another_input_size_is_refused():
    with pytest.raises(ModelError, match="convert it again"):
        Network(tiny.flatbuffer(), tiny.card(input_side=32))


def test_a_card_with_outputs_that_are_not_there_is_refused():
    with pytest.raises(ModelError, match="outputs"):
        Network(tiny.flatbuffer(), tiny.card(outputs={"logit": 3}))


def test_a_card_that_speaks_of_another_number_of_values_is_refused():
    card = tiny.card(kind="labeller", labels=("a", "b", "c"), output="logits", outputs={"logits": 0})
    with pytest.raises(ModelError, match="speaks of 3 values in 'logits', it has 1"):
        Network(tiny.flatbuffer(), card)


def test_a_damaged_flatbuffer_is_refused():
    with pytest.raises(ModelError, match="refuses"):
        Network(tiny.flatbuffer()[:200], tiny.card())


def test_an_error_names_the_file(tmp_path):
    path = tmp_path / "other.tflite"
    path.write_bytes(pack(tiny.flatbuffer(), tiny.card(input_side=32)))
    with pytest.raises(ModelError, match=r"other\.tflite: its input has the shape"):
        Network.load(path)


def test_a_model_runs_on_a_thread_at_least():
    with pytest.raises(UsageError, match="one thread or more, not on 0"):
        Network(tiny.flatbuffer(), tiny.card(), threads=0)


def test_loading_prints_nothing(capfd):
    Network(tiny.flatbuffer(), tiny.card())
    assert capfd.readouterr() == ("", "")


def test_loading_in_threads_leaves_stderr_alone(capfd):
    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            list(pool.map(lambda _: Network(tiny.flatbuffer(), tiny.card()), range(4)))
    os.write(2, b"still here")
    assert capfd.readouterr().err == "still here"
