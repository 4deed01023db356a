"""from inpainting import inpaint"""


def __getattr__(name):
    """`inpaint`, with what it needs, at its first use: the programs' refusals need none of that."""
    if name != "inpaint":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from inpainting.filling.inpaint import inpaint

    return inpaint
