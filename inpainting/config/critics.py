"""The networks of models/ that can be a critic or a discriminator, a section of settings each."""

from functools import reduce
from operator import or_
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, create_model

from inpainting.config.section import Section


def critic(kind, filters, base=Section):
    """The class of a critic or discriminator that models/KIND.py builds, with its usual number of filters."""
    return create_model(
        f"{kind}_critic", __base__=base, kind=(Literal[kind], kind), filters=(PositiveInt, filters)
    )


class Plain(Section):
    """A trunk that normalises its layers where it is asked to; the deep ones always do."""

    layer_normalization: bool | None = None  # under a clip unless given


CRITICS = {
    "cnn": critic("cnn", filters=32, base=Plain),
    "patch": critic("patch", filters=48, base=Plain),
    "vgg": critic("vgg", filters=128, base=Plain),
    "inception": critic("inception", filters=64),
    "resnet": critic("resnet", filters=128),
}
Adversary = Annotated[reduce(or_, CRITICS.values()), Field(discriminator="kind")]
