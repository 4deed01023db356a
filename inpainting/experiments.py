"""A run's configuration, and the named experiments of `train.py --model`.

This module needs no TensorFlow, so that a mistyped option is refused at once.
"""

import math
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from functools import partial
from typing import get_args, get_type_hints

from inpainting.errors import InputError
from models import CRITICS, ENCODERS, generator_network

CHOICES = {
    "encoder": tuple(ENCODERS),
    "critic": tuple(CRITICS),
    "pooling": ("stride", "max"),
    "neck": ("conv", "two_convs", "dense"),
    "discriminator_sees": ("image", "hole"),
    "mask": ("center", "rectangle", "free_form"),
    "fill": ("zeros", "noise", "mean"),
    "lipschitz": ("clip", "gradient_penalty"),
    "precision": ("auto", "float32", "mixed_bfloat16", "mixed_float16"),
    "jit": ("auto", "on", "off"),
}


@dataclass(frozen=True)
class Method:
    """What a method of training is. adversary: what it calls its second network, None without one."""

    family: str
    text: str  # what is done with a network
    section: str  # of the paper
    adversary: str | None = None
    criterion: str = "hole_mse"  # of validation, the lower the better


METHODS = {
    "l2": Method("autoencoder", "trained on L2", "4, 7.1"),
    "dcgan": Method(
        "adversarial", "trained on L2, then against a discriminator too", "5.1, 5.2", adversary="discriminator"
    ),
    "wgan": Method(
        "adversarial", "trained on L2, then against a Wasserstein critic too", "5.3, 7.2", adversary="critic"
    ),
    "density": Method("density", "trained on its likelihood", "6, 7.3", criterion="nats_per_hole"),
}

RECURRENT = ("row_lstm", "diagonal_bilstm", "flattened_row_lstm")

# The settings that not every model has a use for: whose they are, and whether a config is one of them.
USERS = (
    ("WGANs", lambda config: config.method == "wgan", "critic_steps lipschitz clip penalty_weight"),
    (
        "DCGANs",
        lambda config: config.method == "dcgan",
        "pure_batches soft_labels label_flips maximise_log_d",
    ),
    (
        "DCGANs and WGANs",
        lambda config: config.adversary is not None,
        "critic critic_filters critic_learning_rate discriminator_sees alpha warmup_steps",
    ),
    (
        "autoencoders, DCGANs and WGANs",
        lambda config: config.method != "density",
        "encoder neck bottleneck decoder_filters batch_normalization drop_connect overlap overlap_weight",
    ),
    ("the cnn encoder", lambda config: "pooling" in generator_network(config).settings, "pooling"),
    ("networks with filters", lambda config: generator_network(config).filters is not None, "filters"),
    ("density models", lambda config: config.method == "density", "units layers"),
    ("the Pixel CNNs", lambda config: "context" in generator_network(config).settings, "context"),
    ("pixel_cnn", lambda config: config.model == "pixel_cnn", "pixels_per_image"),
    ("recurrent density models", lambda config: config.model in RECURRENT, "segment_rows global_clipnorm"),
    (
        "pixel_cnn and flattened_row_lstm",
        lambda config: "directions" in generator_network(config).settings,
        "directions",
    ),
    ("models without an LSTM", lambda config: config.model not in RECURRENT, "dropout"),
)


@dataclass(frozen=True)
class Config:
    """One run. Lengths are in pixels, steps are generator updates.

    `hole` and `overlap` default to a quarter and an eighth of the image size: 8 and 4 for 32 pixels. `filters`,
    `critic_filters`, `units` and `layers` default to those of the network's line in models/__init__.py.
    `warmup_steps` defaults to 96 % of a WGAN's steps and to 75 % of a DCGAN's, whose steps are cheaper.
    """

    model: str
    method: str

    # Data (section 3).
    dataset: str = "cifar10"
    data_dir: str | None = None
    image_size: int = 32
    mask: str = "center"
    hole: int | None = None
    fill: str = "zeros"
    hue: bool = True
    saturation: bool = True
    contrast: bool = True
    blur: bool = True
    flip: bool = True
    shift: bool = True

    # Generator (section 4).
    encoder: str = "vgg"
    filters: int | None = None  # of the cnn's first stage, of the others' last: see each file of models/
    pooling: str = "stride"  # how the cnn encoder downsamples
    neck: str = "conv"  # from the encoder's last map to the bottleneck: models/context_encoder.py
    bottleneck: int = 512
    decoder_filters: int = 256
    batch_normalization: bool = True
    dropout: float = 0.5  # of every activation
    drop_connect: float = 0.0  # of every connection of the encoder's convolutions and the bottleneck's
    l2_regularization: float = 0.0  # weight of ½ Σ w² over the generator's kernels

    # Density models (section 6).
    units: int | None = None  # features of a layer; of an LSTM, its hidden ones
    layers: int | None = None
    context: int = 5  # side of the Pixel CNN's zone
    directions: int = 1  # corners from which an image is read: 1 or 4
    pixels_per_image: int = 128  # random ones that the Pixel CNN learns from
    segment_rows: int | None = None  # rows after which a recurrent model starts anew in training; None: never
    global_clipnorm: float | None = None  # bound of the norm of a recurrent model's gradient; None: none

    # Reconstruction loss (section 5.4).
    overlap: int | None = None
    overlap_weight: float = 20.0

    # Discriminator (DCGAN) or critic (WGAN) and adversarial loss (sections 5.1 to 5.3).
    critic: str = "cnn"
    critic_filters: int | None = None
    critic_learning_rate: float = 5e-5
    discriminator_sees: str = "image"
    alpha: float = 0.99  # weight of the reconstruction loss; the adversarial one weighs 1 − alpha
    critic_steps: int = 10  # updates of a WGAN's critic a step
    lipschitz: str = "clip"
    clip: float = 0.01  # bound of the critic's weights
    penalty_weight: float = 10.0  # of the gradient penalty in the critic's loss
    pure_batches: bool = True  # a DCGAN's tricks (section 5.2): inpainting/trainers/dcgan.py
    soft_labels: bool = True
    label_flips: float = 0.05
    maximise_log_d: bool = True
    warmup_steps: int | None = None

    # Training (section 7.1).
    steps: int = 10_000
    batch_size: int = 128
    learning_rate: float = 1e-3
    learning_rate_warmup: int = 200  # steps from 0 to the learning rate
    ema_decay: float = 0.999
    patience: int = 20  # validations without a better value of the method's criterion before the run stops
    log_every: int = 50
    validate_every: int = 500
    checkpoint_every: int = 500
    seed: int = 0
    precision: str = "auto"
    jit: str = "auto"
    deterministic: bool = False

    @property
    def augmentations(self):
        """Names of the augmentations that are switched on."""
        names = ("hue", "saturation", "contrast", "blur", "flip", "shift")
        return tuple(name for name in names if getattr(self, name))

    @property
    def patch(self):
        """Side of the centred square that the generator can fill: hole and overlap, or the whole image."""
        describes_the_hole = self.method != "density" or self.model == "conditional_pixel_cnn"
        return self.hole + 2 * self.overlap if self.mask == "center" and describes_the_hole else self.image_size

    @property
    def phases(self):
        """(first step, end, batches a step) of the warm-up, where there is one, and of the training proper.

        An adversarial step takes a batch for each of the adversary's updates and one for the generator's.
        """
        warmup = min(self.warmup_steps, self.steps)
        batches = 1 + {None: 0, "discriminator": 1, "critic": self.critic_steps}[self.adversary]
        return tuple(phase for phase in ((0, warmup, 1), (warmup, self.steps, batches)) if phase[0] < phase[1])

    @property
    def adversary(self):
        """What the method calls its adversary: discriminator or critic; None without one."""
        return METHODS[self.method].adversary

    def batches_until(self, step):
        """Batches that the steps before `step` take together."""
        return sum((min(step, end) - first) * batches for first, end, batches in self.phases if first < step)

    def to_dict(self):
        return asdict(self)


def l2(encoder):
    """Trained on L2 alone, section 4."""
    # Deviation: the paper weighs the ring 20 times and drops half of the activations. On our validation split
    # both slow the hole's error down, and flips and shifts are regularisation enough (README, Deviations).
    return Config(
        model=f"{encoder}_l2",
        method="l2",
        encoder=encoder,
        overlap_weight=1.0,
        dropout=0.0,
        batch_size=64,
        steps=12_000,
    )


def dcgan(encoder):
    """Then against a discriminator, sections 5.1 and 5.2."""
    return replace(l2(encoder), model=f"{encoder}_dcgan", method="dcgan", critic_learning_rate=2e-4)


def wgan(encoder):
    """Then against a Wasserstein critic, section 5.3. With the VGG encoder, the paper's best row (Table 1).

    python train.py --model vgg_wgan
    """
    # Deviation: the paper clips. Seven layers without normalisation have no bound that works: scores vanish at
    # ±0.03 and explode at ±0.05 (validation split). The gradient penalty keeps their slope at 1.
    return replace(
        l2(encoder),
        model=f"{encoder}_wgan",
        method="wgan",
        steps=12_500,
        lipschitz="gradient_penalty",
        critic_learning_rate=2e-4,
    )


def density(model, learning_rate=1e-2, **settings):
    """A density model, sections 6 and 7.3: every value matters, so nothing recolours or blurs the image.

    The learning rate: README, Density models.
    """
    return Config(
        model=model,
        method="density",
        hue=False,
        saturation=False,
        contrast=False,
        blur=False,
        shift=False,
        learning_rate=learning_rate,
        **settings,
    )


def pixel_cnn():
    """The paper's Pixel CNN, section 6.2."""
    return density("pixel_cnn", batch_size=64, steps=10_000)


def row_lstm():
    """The Row LSTM of Pixel Recurrent Neural Networks, section 3.1."""
    return density("row_lstm", dropout=0.0, batch_size=16, steps=5_000)


def diagonal_bilstm():
    """The Diagonal BiLSTM of Pixel Recurrent Neural Networks, section 3.2."""
    return density("diagonal_bilstm", dropout=0.0, batch_size=16, steps=5_000)


def flattened_row_lstm():
    """The paper's Flattened Row LSTM, section 6.3."""
    # Deviation: the paper reads whole images; segments of 4 rows, read side by side, go faster.
    # Deviation: the paper bounds no gradient. Without a bound, an earlier version's norm went from 0.3 up to
    # 10, and the loss took a thousand steps to come back.
    return density(
        "flattened_row_lstm",
        learning_rate=3e-2,
        dropout=0.0,
        batch_size=32,
        segment_rows=4,
        steps=5_000,
        global_clipnorm=0.25,
    )


def conditional_pixel_cnn():
    """Beyond the paper: a Pixel CNN that sees the whole context."""
    config = density("conditional_pixel_cnn", dropout=0.0, batch_size=64, steps=15_000)
    return replace(config, shift=True)  # the hole stays the same, so its surroundings may move


# The density models, and every encoder with every other method, by the name of `train.py --model`.
EXPERIMENTS = {
    f"{encoder}_{method.__name__}": partial(method, encoder)
    for method in (l2, dcgan, wgan)
    for encoder in CHOICES["encoder"]
} | {
    function.__name__: function
    for function in (pixel_cnn, row_lstm, diagonal_bilstm, flattened_row_lstm, conditional_pixel_cnn)
}


def experiment(name):
    """The configuration that a name of the command line stands for."""
    if name not in EXPERIMENTS:
        raise InputError(f"unknown model {name!r}: --model takes one of {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]()


def with_settings(config, settings):
    """The config with fields replaced by `settings`, a dict of field name -> text, each read by its type.

    Raises InputError for a name or a text that cannot be meant, or a setting that the model has no use for.
    """
    types = get_type_hints(Config)
    values = {}
    for name, text in settings.items():
        if name not in types or name in ("model", "method"):
            known = [field for field in types if field not in ("model", "method")]
            near = get_close_matches(name, known, n=1)
            way_out = f"did you mean {near[0]}?" if near else f"--set takes one of {', '.join(known)}"
            raise InputError(f"there is no setting {name!r}: {way_out}")
        values[name] = _read(name, types[name], text)
    config = replace(config, **values)
    if config.method != "density":
        _check_choice(config, "encoder")  # whose settings depend on it
    for name in values:
        if owner := other_owner(config, name):
            raise InputError(f"{name} is a setting of {owner}: {config.model} has no use for it")
    return config


def other_owner(config, name):
    """Whose setting a field is, where the config has no use for it; else None."""
    others = (owner for owner, is_one, names in USERS if name in names.split() and not is_one(config))
    return next(others, None)


def _read(name, kind, text):
    options = get_args(kind)
    if options and text.lower() in ("none", "auto"):
        return None
    kind = options[0] if options else kind
    if kind is bool:
        if text.lower() not in ("true", "false", "1", "0"):
            raise InputError(f"--set {name}={text}: {name} is true or false")
        return text.lower() in ("true", "1")
    try:
        return kind(text)
    except ValueError:
        words = {int: "a whole number", float: "a number"}
        raise InputError(f"--set {name}={text}: {name} is {words[kind]}") from None


def resolved(config):
    """The config with its defaults that follow from others filled in, and every value checked.

    Raises InputError, naming the field, for what no run could use.
    """
    for name in CHOICES:
        _check_choice(config, name)
    size = config.image_size
    config = replace(
        config,
        critic_filters=CRITICS[config.critic].filters
        if config.critic_filters is None
        else config.critic_filters,
        **_sizes(config),
        hole=size // 4 if config.hole is None else config.hole,
        overlap=_overlap(config),
        warmup_steps=_warmup_steps(config),
    )
    _check(size >= 16 and size % 8 == 0, "image_size", config, "a multiple of 8, at least 16")
    _check(config.hole >= 1, "hole", config, "at least 1")
    _check(config.overlap >= 0, "overlap", config, "at least 0")
    if config.hole + 2 * config.overlap > size:
        raise InputError(
            f"hole={config.hole} with overlap={config.overlap} on each side is larger than image_size={size}: "
            "choose a smaller --hole or a larger image"
        )
    if config.discriminator_sees == "hole" and config.mask != "center":
        raise InputError(
            f"discriminator_sees=hole needs mask=center: the hole of mask={config.mask} has no shape"
        )
    halved_twice = config.hole >= 4 or config.discriminator_sees == "image"
    _check(halved_twice, "hole", config, "at least 4 with discriminator_sees=hole")
    for name in ("dropout", "drop_connect", "ema_decay"):
        _check(0 <= getattr(config, name) < 1, name, config, "in [0, 1)")
    for name in ("alpha", "label_flips"):
        _check(0 <= getattr(config, name) <= 1, name, config, "in [0, 1]")
    not_negative = "overlap_weight penalty_weight l2_regularization warmup_steps learning_rate_warmup seed"
    for name in not_negative.split():
        _check(getattr(config, name) >= 0, name, config, "at least 0")
    positive = (
        "bottleneck decoder_filters critic_filters critic_steps critic_learning_rate clip steps "
        "batch_size learning_rate patience log_every validate_every checkpoint_every pixels_per_image"
    )
    if config.method == "density":
        _check_density(config)
    for name in positive.split():
        _check(getattr(config, name) > 0, name, config, "more than 0")
    for name in ("filters", "units", "layers", "global_clipnorm"):  # None where there is none
        _check(getattr(config, name) is None or getattr(config, name) > 0, name, config, "more than 0")
    finite = "learning_rate critic_learning_rate overlap_weight penalty_weight l2_regularization clip"
    for name in [*finite.split(), "global_clipnorm"]:
        _check(getattr(config, name) is None or math.isfinite(getattr(config, name)), name, config, "finite")
    _check(config.seed < 2**31, "seed", config, "below 2147483648")
    if config.adversary and config.warmup_steps >= config.steps:
        raise InputError(
            f"warmup_steps={config.warmup_steps} leaves the {config.adversary} none of the {config.steps} "
            f"steps: give fewer, or train {config.encoder}_l2"
        )
    return config


def _check_choice(config, name):
    known = CHOICES[name]
    _check(getattr(config, name) in known, name, config, f"one of {', '.join(known)}")


def _sizes(config):
    """Filters, units and layers, those of the network where the config leaves them open."""
    network, given = generator_network(config), {}
    for name in ("filters", "units", "layers"):
        value = getattr(config, name)
        given[name] = getattr(network, name) if value is None else value
    return given


def _overlap(config):
    if config.method == "density":
        return 0
    return config.image_size // 8 if config.overlap is None else config.overlap


def _check_density(config):
    if config.jit == "on":
        raise InputError("jit=on: XLA cannot compile a density model's step; leave --jit out")
    if config.model in ("row_lstm", "diagonal_bilstm"):
        _check(config.units % 3 == 0, "units", config, "divisible by 3: a third for each colour")
    _check(config.context >= 2, "context", config, "at least 2")
    _check(config.directions in (1, 4), "directions", config, "1 or 4")
    rows = config.segment_rows
    _check(
        rows is None or (rows > 0 and config.image_size % rows == 0),
        "segment_rows",
        config,
        "a divisor of image_size",
    )


def _warmup_steps(config):
    if not config.adversary:
        return 0
    if config.warmup_steps is not None:
        return config.warmup_steps
    return config.steps * 24 // 25 if config.method == "wgan" else config.steps * 3 // 4


def _check(holds, name, config, rule):
    if not holds:
        raise InputError(f"{name}={getattr(config, name)!r}: {name} must be {rule}")


def from_dict(values):
    """A config as `to_dict` wrote it; fields that this version does not know are refused."""
    known = {field.name for field in fields(Config)}
    unknown = sorted(set(values) - known)
    if values.get("model") not in EXPERIMENTS:
        raise InputError(
            f"unknown model {values.get('model')!r} in config.json: it was written by another version"
        )
    if unknown:
        raise InputError(f"unknown field {unknown[0]!r} in config.json: it was written by another version")
    return Config(**values)
