"""The one exception that means: what the user asked for cannot be done."""


class InputError(Exception):
    """A refused input. Its text is one line: what is wrong, where, what to do about it.

    The command-line programs print it and exit with status 2.
    """
