"""Run a model on tflite-runtime 2.14, in an environment of its own: this file needs nothing of ours.

Arguments: the model, a .npy of inputs (n, 1, side, side, 3) in its type. Its answers go to stdout as JSON.
"""

import json
import sys

import numpy as np
from tflite_runtime.interpreter import Interpreter


def main() -> None:
    """Answer every input with the list of its outputs, flattened and dequantized."""
    interpreter = Interpreter(sys.argv[1])
    interpreter.allocate_tensors()
    (given,) = interpreter.get_input_details()
    answers = []
    for picture in np.load(sys.argv[2]):
        interpreter.set_tensor(given["index"], picture)
        interpreter.invoke()
        values = []
        for details in interpreter.get_output_details():
            raw = interpreter.get_tensor(details["index"]).astype(np.float64)
            scale, zero_point = details["quantization"]
            values += ((raw - zero_point) * scale if scale else raw).ravel().tolist()
        answers.append(values)
    json.dump(answers, sys.stdout)


main()
