"""A run's configuration: four sections. Needs no TensorFlow, so that a mistyped setting is refused at once."""

from functools import reduce
from operator import or_
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from inpainting.config.data import Data
from inpainting.config.generators import GENERATORS
from inpainting.config.methods import METHODS, Adversarial
from inpainting.config.section import Section
from inpainting.config.training import Training


class Config(Section):
    """One run. `model` is its name: of `train.py --model` and of its row in a table.

    What is None in a method and follows from another section (`overlap`, `warmup_steps`) is filled in.
    """

    model: str
    data: Data = Data()
    generator: Annotated[reduce(or_, GENERATORS.values()), Field(discriminator="kind")]
    training: Training = Training()
    method: Annotated[reduce(or_, METHODS.values()), Field(discriminator="kind")]

    @field_validator("method")
    @classmethod
    def _complete(cls, method, info: ValidationInfo):
        if not {"data", "training"} <= set(info.data):  # refused: its own error is the one to see
            return method
        return method.completed(data=info.data["data"], steps=info.data["training"].steps)

    @model_validator(mode="after")
    def _check(self):
        generator, method, size, hole = self.generator, self.method, self.data.image_size, self.data.hole
        if method.kind not in generator.trained_by:
            raise ValueError(
                f"{generator.kind} is trained by {' or '.join(generator.trained_by)}, not {method.kind}"
            )
        if method.family == "density" and self.training.jit == "on":
            raise ValueError("jit=on: XLA cannot compile a density model's step; leave --jit out")
        rows = getattr(method, "segment_rows", None)
        if rows and size % rows:
            raise ValueError(f"segment_rows={rows}: segment_rows must be a divisor of image_size={size}")
        if hole + 2 * self.overlap > size:
            raise ValueError(
                f"hole={hole} with overlap={self.overlap} on each side is larger than image_size={size}: "
                "choose a smaller --hole or a larger image"
            )
        if isinstance(method, Adversarial):
            self._check_adversarial()
        return self

    def _check_adversarial(self):
        method, steps = self.method, self.training.steps
        if method.sees != "image" and self.data.mask != "center":
            raise ValueError(
                f"sees={method.sees} needs mask=center: the hole of mask={self.data.mask} has no shape; "
                "take --set sees=image"
            )
        if self.seen < 4:
            raise ValueError(f"hole={self.data.hole}: hole must be at least 4 with sees=hole")
        if method.warmup_steps >= steps:
            raise ValueError(
                f"warmup_steps={method.warmup_steps} leaves the {method.adversary} none of the {steps} steps: "
                f"give fewer, or train {self.generator.kind}_l2"
            )
        if method.warmup_steps + method.head_start >= steps:
            raise ValueError(
                f"warmup_steps={method.warmup_steps} and head_start={method.head_start} leave none of the "
                f"{steps} steps to both networks: give fewer"
            )

    @property
    def overlap(self):
        """Width of the ring that is predicted with the hole, in pixels."""
        return getattr(self.method, "overlap", 0)

    @property
    def only_hole(self):
        """Side of the centred hole that is all the generator learns to fill; None where it fills any hole."""
        centred = self.data.mask == "center" and self.generator.predicts_hole_alone
        return self.data.hole if centred else None

    @property
    def patch(self):
        """Side of the centred square that the generator predicts: hole and overlap, or the whole image."""
        return self.only_hole + 2 * self.overlap if self.only_hole else self.data.image_size

    @property
    def seen(self):
        """Side of the centred square that an adversary sees."""
        size, hole = self.data.image_size, self.data.hole
        return {"image": size, "patch": min(hole + 2 * (size // 8), size), "hole": hole}[self.method.sees]

    @property
    def phases(self):
        """The Phases of the run."""
        return self.method.phases(self.training.steps)

    @property
    def settling_steps(self):
        """Steps whose validations do not compete for the best checkpoint.

        Those before an adversary trains with the generator, and a third of the rest: at first all fills share a
        pattern, which has the truth's sharpness and no place in a picture.
        """
        last = self.phases[-1]
        return last.start + (last.end - last.start) // 3 if last.trains == "both" else last.start

    def batches_until(self, step):
        """Batches that the steps before `step` take together."""
        return sum(
            (min(step, phase.end) - phase.start) * phase.batches_per_step
            for phase in self.phases
            if phase.start < step
        )
