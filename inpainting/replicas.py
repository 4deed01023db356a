"""A step on several devices: each replica of it takes its rows of the batch, and all come to the same weights.

To be called within a step. Outside of tf.distribute there is one replica, and nothing to share.
"""

import tensorflow as tf


def count():
    return tf.distribute.get_strategy().num_replicas_in_sync


def index():
    """The number of this replica, from 0 on."""
    context = tf.distribute.get_replica_context()
    if count() == 1 or context is None:  # between the steps
        return 0
    return int(tf.get_static_value(context.replica_id_in_sync_group))


def own_rows(values, axis=0):
    """This replica's share of values that are drawn for the whole batch, or are its data."""
    return values if count() == 1 else tf.split(values, count(), axis)[index()]


def mean(values):
    """The mean over the replicas of a tensor, or of each of a list of them; its gradient is a mean too."""
    return values if count() == 1 else tf.distribute.get_replica_context().all_reduce("MEAN", values)


def mean_of_gradients(gradients, dtype):
    """The mean over the replicas of each float32 gradient, sent in the dtype in which it was computed."""
    if count() == 1:
        return gradients
    return [tf.cast(value, tf.float32) for value in mean([tf.cast(value, dtype) for value in gradients])]
