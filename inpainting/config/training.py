"""Optimization, and what happens how often (section 7.1 of the paper)."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from inpainting.config.generators import Share
from inpainting.config.section import Section


class Training(Section):
    """Steps are generator updates."""

    steps: PositiveInt = 12_000
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 1e-3
    learning_rate_warmup: NonNegativeInt = 200  # steps from 0 to the learning rate
    l2_regularization: NonNegativeFloat = 0.0  # weight of ½ Σ w² over the generator's kernels
    global_clipnorm: PositiveFloat | None = None  # bound of the norm of the generator's gradient
    ema_decay: Share = 0.999
    patience: PositiveInt = 20  # validations without a better criterion before the run stops
    log_every: PositiveInt = 50
    validate_every: PositiveInt = 500
    checkpoint_every: PositiveInt = 500
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    precision: Literal["auto", "float32", "mixed_bfloat16"] = "auto"
    jit: Literal["auto", "on", "off"] = "auto"  # XLA
    deterministic: bool = False

    @field_validator("precision", mode="before")
    @classmethod
    def _check_precision(cls, precision):
        if precision == "mixed_float16":
            raise ValueError("mixed_float16 is gone: use mixed_bfloat16 or float32")
        return precision
