"""The optimizers that a recipe may name."""

from typing import Any

import keras
from keras import ops

from edge_detect.errors import UsageError


class ConvolutionMuon(keras.optimizers.Muon):
    """Muon (Jordan et al., 2024) for convolutions: a kernel is the matrix from what it sees to its filters.

    Its momentum, made orthogonal, is the update, as large as AdamW's would be (Liu et al., 2025). All else, and what
    has one filter, is left to AdamW.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4 or variable.shape[-1] == 1

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, ops.add(gradient, m * (self.momentum - 1)))
        update = ops.add(gradient, self.momentum * m) if self.nesterov else m
        matrix = self.zeropower_via_newtonschulz5(ops.reshape(update, (-1, variable.shape[-1])), self.ns_steps)
        self.assign_sub(variable, ops.reshape(self.lr_adjust(lr * matrix), variable.shape))


def optimizer(name: str, learning_rate: float, weight_decay: float, ema: float) -> keras.optimizers.Optimizer:
    """An optimizer with clipped gradients that also averages the weights; biases and gains do not decay.

    ema: momentum of that average. Raises UsageError for an unknown name.
    """
    options: dict[str, Any] = {"weight_decay": weight_decay, "clipnorm": 1.0, "use_ema": True, "ema_momentum": ema}
    match name:
        case "adamw":
            chosen = keras.optimizers.AdamW(learning_rate, **options)
        case "muon":
            chosen = ConvolutionMuon(learning_rate, adam_weight_decay=weight_decay, **options)
        case _:
            raise UsageError(f"unknown optimizer {name!r}; there are adamw, muon")
    chosen.exclude_from_weight_decay(var_names=["bias", "gain"])
    return chosen
