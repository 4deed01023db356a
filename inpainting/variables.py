"""A network's variables, the same way on both Keras lines."""


def ordered_variables(network):
    """A network's variables in an order that both Keras lines share."""
    return [*network.trainable_variables, *network.non_trainable_variables]


def weights_of(network):
    """Those of `ordered_variables` that are weights: all but the random state of dropout."""
    return [variable for variable in ordered_variables(network) if "float" in str(variable.dtype)]


def resource(variable):
    """The tf.Variable behind a variable of either Keras line."""
    return variable if hasattr(variable, "ref") else variable.value
