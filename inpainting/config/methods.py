"""The ways of training a generator, a class each, with the losses and adversaries that belong to them."""

import math
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from inpainting.config.critics import CRITICS, Adversary, Plain
from inpainting.config.section import Section

Probability = Annotated[float, Field(ge=0, le=1)]


class Phase(NamedTuple):
    """Steps of a run that are alike, from `start` up to `end`. trains: generator, adversary or both."""

    trains: str
    start: int
    end: int
    batches_per_step: int = 1


class Method(Section):
    """What follows from a method: the criterion of validation (the lower the better), the phases of a run."""

    criterion: ClassVar[str] = "hole_mse"
    adversary: ClassVar[str | None] = None  # what it calls its second network
    family: ClassVar[str] = "autoencoder"
    text: ClassVar[str]  # what is done with a generator
    paper: ClassVar[str]  # sections

    def completed(self, *, data, steps):
        """The section with what follows from other sections filled in."""
        return self

    @property
    def judged(self):
        """The criterion, and the metrics that it comes from."""
        return (self.criterion,)

    def judge(self, metrics, l2_error=None):
        """The criterion's value, from the metrics of a validation.

        l2_error: the hole_mse of a validation before an adversary joined, where there was one.
        """
        return metrics[self.criterion]

    def phases(self, steps):
        """The Phases of a run of so many steps."""
        return (Phase("generator", 0, steps),)


class L2(Method):
    """The overlap L2 of section 5.4.

    overlap: width of the ring of context that is predicted with a hole, in pixels; an eighth of the image's
    side unless given. overlap_weight: what a pixel of the ring weighs, a pixel of the hole weighs 1. error:
    what is averaged over them, of each channel: its square, or else its absolute value, L1.
    """

    paper: ClassVar[str] = "4, 7.1"

    kind: Literal["l2"] = "l2"
    overlap: NonNegativeInt | None = None
    # Deviation: the paper weighs the ring 20 times. On our validation split that slows the hole's error down.
    overlap_weight: NonNegativeFloat = 1.0
    error: Literal["squared", "absolute"] = "squared"

    @property
    def text(self):
        return "trained on L1" if self.error == "absolute" else "trained on L2"

    def completed(self, *, data, steps):
        return self.filled_in(overlap=data.image_size // 8)


class Adversarial(L2):
    """L2 alone for the first `warmup_steps` steps, then α · L2 + (1 − α) · adversarial loss (section 5.1).

    What follows the L2 is a training of its own: it starts from the averaged weights, with an optimizer, a
    learning rate and an average of its own, trains the function that is published (batch statistics of the
    averaged weights, no dropout), and shows the adversary pictures that nothing has recoloured or blurred. In
    its first `head_start` steps the adversary alone is updated, until its verdicts are worth something.
    Without L2 before it (warmup_steps=0, as in the paper) both train from the first step as one.

    sees: what is shown to the adversary: the centred hole and a ring of an eighth of the image's side round it
    ("patch"), the whole completed image (of holes anywhere), or the hole alone.
    budget: how much of the L2's error the fills may have, 1.2 being a fifth more. The error of the L2 alone is
    measured on training batches in the head start; then each step moves α up where the batch's error is larger
    than the budget, down where it is smaller, so that the fills are as sharp as the budget allows. None, as it
    is without a head start: α stays. Of the validations the most natural is the best checkpoint; what its error
    exceeds the budget by, and ALLOWANCE more, counts against it.
    """

    family: ClassVar[str] = "adversarial"
    criterion: ClassVar[str] = "distance_from_natural"
    opponent: ClassVar[str]  # what it calls its adversary, in words
    warmup_share: ClassVar[float] = 0.8  # of the steps, unless warmup_steps is given

    sees: Literal["patch", "image", "hole"] | None = None
    alpha: Probability = 0.9
    budget: Annotated[float, Field(ge=1)] | None = 1.2
    texture_weight: NonNegativeFloat = 0.0  # of the texture loss, beside the L2: inpainting/losses/texture.py
    # Deviation: the paper trains on both losses from the first step (warmup_steps=0). The bulk of the L2 is
    # learnt sooner alone, and an adversary has little to say of a fill that is grey.
    warmup_steps: NonNegativeInt | None = None
    head_start: NonNegativeInt | None = None
    generator_learning_rate: PositiveFloat = 1e-4  # after the L2
    adversary_learning_rate: PositiveFloat | None = None

    @property
    def text(self):
        return f"{super().text}, then against a {self.opponent} too"

    @property
    def adversary_section(self):
        """Of the critic or discriminator."""
        return getattr(self, self.adversary)

    def arguments(self):
        """For the trainer: the adversary, the optimizers and the number of updates come to it otherwise."""
        others = (
            self.adversary,
            "sees",
            "head_start",
            "generator_learning_rate",
            "adversary_learning_rate",
            "critic_steps",
        )
        return {name: value for name, value in super().arguments().items() if name not in others}

    @property
    def adversary_updates(self):
        """Updates of the adversary a step."""
        return 1

    def completed(self, *, data, steps):
        method = super().completed(data=data, steps=steps)
        sees = "patch" if data.mask == "center" else "image"
        method = method.filled_in(warmup_steps=round(steps * self.warmup_share), sees=sees)
        head_start = min(HEAD_START, (steps - method.warmup_steps) // 5) if method.warmup_steps else 0
        method = method.filled_in(head_start=head_start)
        if method.head_start or not method.budget:
            return method
        if "budget" in self.model_fields_set:
            raise ValueError(
                f"budget={self.budget} is of the error that the L2 has in the head start, and this run has no "
                "head start: leave budget out, or train on L2 first"
            )
        return method.following({"budget": None})

    @property
    def judged(self):
        return (self.criterion, "hole_mse", *NATURAL)

    def judge(self, metrics, l2_error=None):
        """The mean |ln| of the NATURAL ratios, 0 where all are 1, and what the error exceeds the budget by."""
        distance = sum(abs(math.log(max(metrics[name], 1e-6))) for name in NATURAL) / len(NATURAL)
        bounded = self.budget and l2_error
        excess = metrics["hole_mse"] / (ALLOWANCE * self.budget * l2_error) - 1 if bounded else 0
        return distance + EXCESS_WEIGHT * max(excess, 0)

    def phases(self, steps):
        """The L2, the adversary's head start, and both together, those that have a step.

        A step takes a batch for each of the adversary's updates and one for the generator's.
        """
        warmup, updates = min(self.warmup_steps, steps), self.adversary_updates
        both = min(warmup + self.head_start, steps)
        phases = (
            Phase("generator", 0, warmup),
            Phase("adversary", warmup, both, updates),
            Phase("both", both, steps, 1 + updates),
        )
        return tuple(phase for phase in phases if phase.start < phase.end)


HEAD_START = 150  # steps, where a run is long enough
NATURAL = ("sharpness", "seam", "band_middle", "band_high")  # metrics that are 1 for the truth
ALLOWANCE = 1.05  # of the budget, in a validation
EXCESS_WEIGHT = 10.0


class DCGAN(Adversarial):
    """Against a discriminator, with the tricks of section 5.2: inpainting/training/dcgan.py."""

    opponent: ClassVar[str] = "discriminator"
    paper: ClassVar[str] = "5.1, 5.2"
    adversary: ClassVar[str] = "discriminator"

    kind: Literal["dcgan"] = "dcgan"
    discriminator: Adversary = CRITICS["cnn"]()
    pure_batches: bool = True
    soft_labels: bool = True
    label_flips: Probability = 0.05
    maximise_log_d: bool = True

    def completed(self, *, data, steps):
        method = super().completed(data=data, steps=steps)
        return method.filled_in(adversary_learning_rate=2e-4)


class Clip(Section):
    """The critic's weights are clipped to ±bound after each update (Arjovsky et al. 2017)."""

    kind: Literal["clip"] = "clip"
    bound: PositiveFloat = 0.01


class GradientPenalty(Section):
    """weight · max(‖∇critic‖ − 1, 0)² is added to the critic's loss (Gulrajani et al. 2017, one-sided).

    The gradient is that by the hole's pixels, all that the generator can change.
    """

    kind: Literal["gradient_penalty"] = "gradient_penalty"
    weight: NonNegativeFloat = 10.0


class WGAN(Adversarial):
    """Against a Wasserstein critic (section 5.3), updated `critic_steps` times a step.

    Ten times at 5e-5 under a clip, as in the paper, three times at 2e-4 under a gradient penalty.
    """

    opponent: ClassVar[str] = "Wasserstein critic"
    paper: ClassVar[str] = "5.3, 7.2"
    adversary: ClassVar[str] = "critic"

    kind: Literal["wgan"] = "wgan"
    critic: Adversary = CRITICS["cnn"]()
    critic_steps: PositiveInt | None = None
    # Deviation: the paper clips. Convolutions without normalisation have no bound that works, and on normalised
    # ones the gradient penalty, which keeps the slope at 1, needs a third of the updates.
    lipschitz: Annotated[Clip | GradientPenalty, Field(discriminator="kind")] = GradientPenalty()

    @property
    def adversary_updates(self):
        return self.critic_steps

    def completed(self, *, data, steps):
        clips = isinstance(self.lipschitz, Clip)
        method = self.filled_in(
            critic_steps=10 if clips else 3, adversary_learning_rate=5e-5 if clips else 2e-4
        )
        if isinstance(self.critic, Plain):
            critic = self.critic.filled_in(layer_normalization=clips)
            method = method.model_copy(update={"critic": critic})
        return super(WGAN, method).completed(data=data, steps=steps)


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
