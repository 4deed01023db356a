import numpy as np
import pytest
import tensorflow as tf
from tensorflow import keras

from inpainting.training.optimizers import Adam, RMSprop


def test_the_first_step_by_hand():
    """m = 0.1 g, v = 0.001 g²; both corrected are g and g², so the step is the learning rate (ε aside)."""
    layer = keras.layers.Dense(1, kernel_initializer="zeros", use_bias=False)
    layer.build((None, 2))
    optimizer = Adam(0.25)
    optimizer.build(layer.trainable_variables)
    optimizer.apply_gradients([(tf.constant([[3.0], [-0.5]]), layer.kernel)])
    np.testing.assert_allclose(layer.get_weights()[0], [[-0.25], [0.25]], rtol=1e-5)


def test_the_whole_gradient_is_bounded():
    """Of norm 5, bounded by 2: m = 0.1 · 2/5 g; of norm 0.5: as it is, m = 0.9 m + 0.1 g."""
    layer = keras.layers.Dense(1)
    layer.build((None, 1))
    optimizer = Adam(0.25, global_clipnorm=2.0)
    optimizer.build(layer.trainable_variables)
    for kernel, bias, expected in ((3.0, 4.0, (0.12, 0.16)), (0.3, -0.4, (0.138, 0.104))):
        gradients = [(tf.constant([[kernel]]), layer.kernel), (tf.constant([bias]), layer.bias)]
        optimizer.apply_gradients(gradients)
        moments = [np.array(m).item() for m in optimizer._momentums]
        np.testing.assert_allclose(moments, expected, rtol=1e-5)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    ("kinds", "options"),
    [
        ((Adam, keras.optimizers.Adam), {}),
        ((Adam, keras.optimizers.Adam), {"beta_1": 0.5}),
        ((Adam, keras.optimizers.Adam), {"global_clipnorm": 0.5}),
        ((RMSprop, keras.optimizers.RMSprop), {}),
        ((RMSprop, keras.optimizers.RMSprop), {"global_clipnorm": 0.5}),
    ],
)
def test_the_same_steps_as_keras(kinds, options, jit):
    """Under a schedule, with two variables, in a graph; the state is Keras' own."""
    gradients = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    results = []
    for kind in kinds:
        layer = keras.layers.Dense(3, kernel_initializer="ones")
        layer.build((None, 4))
        optimizer = kind(keras.optimizers.schedules.CosineDecay(0.1, 10), **options)
        optimizer.build(layer.trainable_variables)

        @tf.function(jit_compile=jit)
        def step(gradient, optimizer=optimizer, layer=layer):
            optimizer.apply_gradients([(gradient, layer.kernel), (gradient[0], layer.bias)])

        for gradient in gradients:
            step(tf.constant(gradient))
        results.append([*layer.get_weights(), *(np.array(v) for v in optimizer.variables)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_the_rate_is_that_of_the_next_update():
    """Of a schedule that falls from 0.5 to 0 in 10 updates: half of (1 + cos(π n / 10)) of it."""
    layer = keras.layers.Dense(1, use_bias=False)
    layer.build((None, 1))
    optimizer = Adam(keras.optimizers.schedules.CosineDecay(0.5, 10))
    optimizer.build(layer.trainable_variables)
    rates = []
    for _ in range(6):
        rates.append(float(optimizer.rate()))
        optimizer.apply_gradients([(tf.constant([[1.0]]), layer.kernel)])
    np.testing.assert_allclose(rates, [0.25 * (1 + np.cos(np.pi * n / 10)) for n in range(6)], rtol=1e-5)
    assert float(Adam(0.5).rate()) == 0.5
