"""The images, their holes and their augmentation (section 3 of the paper)."""

import os
from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from inpainting.config.section import Section

DRAWN = ("noise", "grain")  # fills that take a seed
AUGMENTATIONS = ("hue", "saturation", "contrast", "blur", "flip", "shift")


class Data(Section):
    """Lengths are in pixels. `hole` is a quarter of the image's side unless given, of mixed holes two thirds.

    crop: what is taken of a larger picture: its centre square, made smaller, or a square of image_size anywhere
    in the picture and in smaller copies of it (pipelines/crops.py).
    """

    dataset: str = "cifar10"
    data_dir: str | None = None
    image_size: int = Field(32, ge=16, multiple_of=8)
    crop: Literal["center", "random"] = "center"
    mask: Literal["center", "rectangle", "free_form", "mixed"] = "center"
    hole: PositiveInt = Field(
        default_factory=lambda data: (
            data["image_size"] * 2 // 3 if data["mask"] == "mixed" else data["image_size"] // 4
        )
    )
    fill: Literal["zeros", "noise", "mean", "pyramid", "grain"] = (
        "zeros"  # what stands in the hole of the network's input
    )
    hue: bool = True
    saturation: bool = True
    contrast: bool = True
    blur: bool = True
    flip: bool = True
    shift: bool = True

    @model_validator(mode="after")
    def _check(self):
        if self.crop == "random" and not self.dataset.startswith("folder:"):
            raise ValueError(
                f"crop=random takes a folder of pictures, not {self.dataset}: --dataset folder:PATH, or --set "
                "crop=center"
            )
        return self

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
    def source(self):
        """What is loaded, by keywords of pipelines.datasets.load."""
        return {"image_size": self.image_size, "data_dir": self.data_dir, "crop": self.crop}

    @property
    def reach(self):
        """Side of the largest square that a hole of training holds, in pixels."""
        sides = {"rectangle": min(2 * self.hole, self.image_size), "free_form": self.hole // 2}
        return max(sides.get(self.mask, self.hole), 4)

    @property
    def masking(self):
        """How holes are made, by the keywords of pipelines.inpainting."""
        return {"mask": self.mask, "hole": self.hole, "fill": self.fill}
