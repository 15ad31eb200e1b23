"""Layers that our networks share; backend-agnostic Keras 3."""

import keras
import numpy as np
from keras import ops

RELU_GAIN = 1.7139588594436646
"""sqrt(2 / (1 - 1/pi)): brings a rectified unit normal back to unit variance (Brock et al., 2021)."""

TRAINED = 0.23
"""Root mean square of a standardised convolution's kernel, in every layer alike, after millions of crops by Muon."""

GROWN = "grown"
"""How the names of layers begin that a network has more than the one whose weights it may begin with."""


@keras.saving.register_keras_serializable("edge_detect")
class StandardisedConv2D(keras.layers.Conv2D):
    """Convolution whose kernel is standardised per output channel, with a learnt gain (Brock et al., 2021).

    It replaces normalisation layers: activations keep their scale because weights do, and after training the
    standardised kernel is an ordinary one (`standardised_kernel`), so nothing of this reaches the device.
    """

    def __init__(self, filters: int, kernel_size: int, *, gain: float = 1.0, **options) -> None:
        super().__init__(filters, kernel_size, **options)
        self.initial_gain = gain

    def build(self, input_shape) -> None:
        """Add the gain beside kernel and bias."""
        super().build(input_shape)
        self.gain = self.add_weight(
            name="gain", shape=(self.filters,), initializer=keras.initializers.Constant(self.initial_gain)
        )

    def standardised_kernel(self):
        """The kernel that is convolved with: zero mean and variance 1 / fan-in per output channel, times the gain.

        Worked out in float32 (under mixed precision, from a kernel that Keras has already rounded).
        """
        kernel = ops.cast(self.kernel, "float32")
        fan_in = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
        mean = ops.mean(kernel, axis=(0, 1, 2), keepdims=True)
        variance = ops.var(kernel, axis=(0, 1, 2), keepdims=True)
        return (kernel - mean) * ops.rsqrt(variance * fan_in + 1e-6) * self.gain

    def assume(self, kernel, bias) -> None:
        """Become the ordinary convolution with this kernel (zero mean per output channel, as ours are) and bias.

        What the layer answers does not depend on how large its own kernel is, but how far a step turns it does: the
        smaller, the further. So the kernel becomes as large as long training would have left it, or what begins from
        trained weights would soon forget them.
        """
        fan_in = kernel.shape[0] * kernel.shape[1] * kernel.shape[2]
        deviation = kernel.std(axis=(0, 1, 2))
        self.set_weights([kernel / np.maximum(deviation, 1e-12) * TRAINED, bias, deviation * np.sqrt(fan_in)])

    def call(self, inputs):
        """Convolve with the standardised kernel, in the layer's compute type."""
        kernel = ops.cast(self.standardised_kernel(), self.compute_dtype)
        outputs = ops.conv(inputs, kernel, strides=self.strides, padding=self.padding)
        return ops.add(outputs, ops.cast(self.bias, self.compute_dtype))

    def get_config(self) -> dict:
        """The arguments to build it again."""
        return {**super().get_config(), "gain": self.initial_gain}
