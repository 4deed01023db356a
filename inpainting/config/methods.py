"""The ways of training a generator, a class each, with the losses and adversaries that belong to them."""

from functools import reduce
from operator import or_
from typing import Annotated, ClassVar, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, create_model

from inpainting.config.section import Section

Probability = Annotated[float, Field(ge=0, le=1)]


class Method(Section):
    """What follows from a method: the criterion of validation (the lower the better), the phases of a run."""

    criterion: ClassVar[str] = "hole_mse"
    adversary: ClassVar[str | None] = None  # what it calls its second network
    family: ClassVar[str] = "autoencoder"
    text: ClassVar[str]  # what is done with a generator
    paper: ClassVar[str]  # sections

    def completed(self, *, image_size, steps):
        """The section with what follows from other sections filled in."""
        return self

    def phases(self, steps):
        """(first step, end, batches a step) of each phase of a run of so many steps."""
        return ((0, steps, 1),)

    def _filled_in(self, **values):
        """A copy with values for the fields that are None, which still count as not given."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        values = {name: value for name, value in values.items() if fields[name] is None}
        return type(self).model_construct(set(self.model_fields_set), **{**fields, **values})


class L2(Method):
    """The overlap L2 of section 5.4.

    overlap: width of the ring of context that is predicted with a hole, in pixels; an eighth of the image's
    side unless given. overlap_weight: what a pixel of the ring weighs, a pixel of the hole weighs 1.
    """

    text: ClassVar[str] = "trained on L2"
    paper: ClassVar[str] = "4, 7.1"

    kind: Literal["l2"] = "l2"
    overlap: NonNegativeInt | None = None
    # Deviation: the paper weighs the ring 20 times. On our validation split that slows the hole's error down.
    overlap_weight: NonNegativeFloat = 1.0

    def completed(self, *, image_size, steps):
        return self._filled_in(overlap=image_size // 8)


def adversary(kind, filters):
    """The class of a critic or discriminator that models/KIND.py builds, with its usual number of filters."""
    return create_model(
        f"{kind}_critic", __base__=Section, kind=(Literal[kind], kind), filters=(PositiveInt, filters)
    )


CRITICS = {
    "cnn": adversary("cnn", filters=32),
    "vgg": adversary("vgg", filters=128),
    "inception": adversary("inception", filters=64),
    "resnet": adversary("resnet", filters=128),
}
Adversary = Annotated[reduce(or_, CRITICS.values()), Field(discriminator="kind")]


class Adversarial(L2):
    """L2 alone for the first `warmup_steps` steps, then α · L2 + (1 − α) · adversarial loss (section 5.1).

    sees: what is shown to the adversary, the whole completed image or its centred hole alone.
    """

    family: ClassVar[str] = "adversarial"
    warmup_share: ClassVar[float]  # of the steps, unless warmup_steps is given

    sees: Literal["image", "hole"] = "image"
    alpha: Probability = 0.99
    # Deviation: the paper trains on both losses from the first step (warmup_steps=0). An adversary's update
    # costs as much as a generator's, so the bulk of the L2 is learnt first.
    warmup_steps: NonNegativeInt | None = None
    adversary_learning_rate: PositiveFloat = 2e-4

    @property
    def adversary_section(self):
        """Of the critic or discriminator."""
        return getattr(self, self.adversary)

    def arguments(self):
        """For the trainer: the adversary, its optimizer and its number of updates come to it otherwise."""
        others = (self.adversary, "adversary_learning_rate", "critic_steps")
        return {name: value for name, value in super().arguments().items() if name not in others}

    @property
    def adversary_updates(self):
        """Updates of the adversary a step."""
        return 1

    def completed(self, *, image_size, steps):
        warmup_steps = round(steps * self.warmup_share)
        return super().completed(image_size=image_size, steps=steps)._filled_in(warmup_steps=warmup_steps)

    def phases(self, steps):
        """The warm-up, where there is one, and the adversarial phase.

        An adversarial step takes a batch for each of the adversary's updates and one for the generator's.
        """
        warmup = min(self.warmup_steps, steps)
        phases = ((0, warmup, 1), (warmup, steps, 1 + self.adversary_updates))
        return tuple(phase for phase in phases if phase[0] < phase[1])


class DCGAN(Adversarial):
    """Against a discriminator, with the tricks of section 5.2: inpainting/training/dcgan.py."""

    text: ClassVar[str] = "trained on L2, then against a discriminator too"
    paper: ClassVar[str] = "5.1, 5.2"
    adversary: ClassVar[str] = "discriminator"
    warmup_share: ClassVar[float] = 0.75

    kind: Literal["dcgan"] = "dcgan"
    discriminator: Adversary = CRITICS["cnn"]()
    pure_batches: bool = True
    soft_labels: bool = True
    label_flips: Probability = 0.05
    maximise_log_d: bool = True


class Clip(Section):
    """The critic's weights are clipped to ±bound after each update (Arjovsky et al. 2017)."""

    kind: Literal["clip"] = "clip"
    bound: PositiveFloat = 0.01


class GradientPenalty(Section):
    """weight · (‖∇critic‖ − 1)² is added to the critic's loss (Gulrajani et al. 2017)."""

    kind: Literal["gradient_penalty"] = "gradient_penalty"
    weight: NonNegativeFloat = 10.0


class WGAN(Adversarial):
    """Against a Wasserstein critic (section 5.3), updated `critic_steps` times a step."""

    text: ClassVar[str] = "trained on L2, then against a Wasserstein critic too"
    paper: ClassVar[str] = "5.3, 7.2"
    adversary: ClassVar[str] = "critic"
    warmup_share: ClassVar[float] = 0.96

    kind: Literal["wgan"] = "wgan"
    critic: Adversary = CRITICS["cnn"]()
    critic_steps: PositiveInt = 10
    # Deviation: the paper clips. Seven layers without normalisation have no bound that works; the gradient
    # penalty keeps their slope at 1.
    lipschitz: Annotated[Clip | GradientPenalty, Field(discriminator="kind")] = GradientPenalty()

    @property
    def adversary_updates(self):
        return self.critic_steps


class Likelihood(Method):
    """The cross-entropy of sub-pixels (sections 6 and 7.3)."""

    criterion: ClassVar[str] = "nats_per_hole"
    family: ClassVar[str] = "density"
    text: ClassVar[str] = "trained on its likelihood"
    paper: ClassVar[str] = "6, 7.3"


class PixelLikelihood(Likelihood):
    """Of `pixels_per_image` random pixels of every image."""

    kind: Literal["pixel_likelihood"] = "pixel_likelihood"
    pixels_per_image: PositiveInt = 128


class ImageLikelihood(Likelihood):
    """Of all pixels, cut into segments of `segment_rows` rows, each read from a fresh state; None: uncut."""

    kind: Literal["image_likelihood"] = "image_likelihood"
    segment_rows: PositiveInt | None = None


class HoleLikelihood(Likelihood):
    """Of the hole's pixels, given the earlier ones, and given the context alone."""

    kind: Literal["hole_likelihood"] = "hole_likelihood"


METHODS = {
    method.model_fields["kind"].default: method
    for method in (L2, DCGAN, WGAN, PixelLikelihood, ImageLikelihood, HoleLikelihood)
}
