"""The images, their holes and their augmentation (section 3 of the paper)."""

import os
from typing import Literal

from pydantic import Field, PositiveInt

from inpainting.config.section import Section

AUGMENTATIONS = ("hue", "saturation", "contrast", "blur", "flip", "shift")


class Data(Section):
    """Lengths are in pixels. `hole` is a quarter of the image's side unless given: 8 for 32 pixels."""

    dataset: str = "cifar10"
    data_dir: str | None = None
    image_size: int = Field(32, ge=16, multiple_of=8)
    mask: Literal["center", "rectangle", "free_form"] = "center"
    hole: PositiveInt = Field(default_factory=lambda data: data["image_size"] // 4)
    fill: Literal["zeros", "noise", "mean"] = "zeros"  # what stands in the hole of the network's input
    hue: bool = True
    saturation: bool = True
    contrast: bool = True
    blur: bool = True
    flip: bool = True
    shift: bool = True

    @property
    def place(self):
        """What `dataset` means, to be compared: a folder by its resolved path."""
        if not self.dataset.startswith("folder:"):
            return self.dataset
        return f"folder:{os.path.realpath(os.path.expanduser(self.dataset.removeprefix('folder:')))}"

    @property
    def augmentations(self):
        """Names of the augmentations that are switched on."""
        return tuple(name for name in AUGMENTATIONS if getattr(self, name))

    @property
    def movements(self):
        """Names of the augmentations that leave colours and edges as they are."""
        return tuple(name for name in self.augmentations if name in ("flip", "shift"))

    @property
    def masking(self):
        """How holes are made, by the keywords of pipelines.inpainting."""
        return {"mask": self.mask, "hole": self.hole, "fill": self.fill}
