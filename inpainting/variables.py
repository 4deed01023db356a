"""A network's variables, the same way on both Keras lines, and on one device or several."""


def ordered_variables(network):
    """A network's variables in an order that both Keras lines share."""
    return [*network.trainable_variables, *network.non_trainable_variables]


def weights_of(network):
    """Those of `ordered_variables` that are weights: all but the random state of dropout."""
    return [variable for variable in ordered_variables(network) if "float" in str(variable.dtype)]


def resource(variable):
    """The tf.Variable behind a variable of either Keras line: of several devices' copies this replica's.

    Between the steps the first copy of this process: all are equal.
    """
    variable = variable if hasattr(variable, "ref") else variable.value
    copies = getattr(variable, "values", None)
    if copies is None:
        return variable
    from inpainting import replicas  # TensorFlow, which a checkpoint is looked at without

    return copies[replicas.index() % len(copies)]
