"""Batch normalisation, by the statistics of the whole batch on however many devices."""

import tensorflow as tf
from tensorflow import keras

from inpainting import replicas
from inpainting.variables import resource


@keras.utils.register_keras_serializable("inpainting")
class BatchNormalization(keras.layers.BatchNormalization):
    """Keras' batch normalisation over [B, H, W, C], computed by TensorFlow's fused kernel on both stacks.

    Keras 3 composes it from a dozen elementwise operations, 3 to 4 times slower on a CPU.
    """

    def call(self, inputs, training=False):
        if training:
            normalise = self._normalised if replicas.count() == 1 else self._normalised_together
            outputs, mean, variance = normalise(inputs)
            for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving = resource(moving)
                moving.assign(moving * self.momentum + batch * (1 - self.momentum))
            return outputs
        return tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            mean=tf.convert_to_tensor(resource(self.moving_mean)),
            variance=tf.convert_to_tensor(resource(self.moving_variance)),
            epsilon=self.epsilon,
            is_training=False,
        )[0]

    def _normalised(self, inputs):
        """The normalised inputs, and their mean and unbiased variance, [C] each."""
        return tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.convert_to_tensor(self.gamma),
            tf.convert_to_tensor(self.beta),
            epsilon=self.epsilon,
            is_training=True,
        )

    def _normalised_together(self, inputs):
        """As `_normalised`, by mean and variance of the rows of all replicas.

        These wait for one another twice a step: for the moments, and for the means that the gradient needs.
        """
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        own_count = tf.cast(tf.size(inputs) // inputs.shape[-1], tf.float32)
        _, own_mean, own_variance = self._normalised(inputs)  # faster than tf.nn.moments
        own_variance *= (own_count - 1) / own_count
        mean, square, variance = tf.unstack(
            replicas.mean(tf.stack([own_mean, tf.square(own_mean), own_variance]))
        )
        variance += square - tf.square(mean)  # of the replicas' means
        moments = {"mean": mean, "variance": variance}

        @tf.custom_gradient
        def normalise(inputs, gamma, beta):
            outputs = tf.compat.v1.nn.fused_batch_norm(
                inputs, gamma, beta, **moments, epsilon=self.epsilon, is_training=False
            )[0]

            def gradient(upstream):
                """γ / σ · (upstream − its mean − x̂ · the mean of x̂ · upstream), means over all replicas."""
                fixed, of_gamma, of_beta, *_ = tf.raw_ops.FusedBatchNormGradV3(  # were the moments constants
                    y_backprop=upstream,
                    x=inputs,
                    scale=gamma,
                    reserve_space_1=mean,
                    reserve_space_2=variance,
                    reserve_space_3=tf.zeros([0]),
                    epsilon=self.epsilon,
                    is_training=False,
                )
                sums = tf.stack([of_beta, of_gamma])
                of_beta_mean, of_gamma_mean = tf.unstack(replicas.mean(sums / own_count))
                scale = -gamma * tf.math.rsqrt(variance + self.epsilon)
                means = tf.compat.v1.nn.fused_batch_norm(
                    inputs,
                    scale * of_gamma_mean,
                    scale * of_beta_mean,
                    **moments,
                    epsilon=self.epsilon,
                    is_training=False,
                )[0]
                return fixed + means, of_gamma, of_beta

            return outputs, gradient

        count = replicas.count() * own_count
        return normalise(inputs, gamma, beta), mean, variance * count / tf.maximum(count - 1, 1.0)
