"""The named experiments on photographs of any size, with holes of any shape. Beyond the paper.

Their data set is whichever folder is given, so that without one they are refused. The network's field of view,
194 pixels, is three times as wide as the largest hole.
"""

from inpainting.config.config import Config
from inpainting.config.critics import CRITICS
from inpainting.config.data import Data
from inpainting.config.generators import UNet
from inpainting.config.methods import L2, WGAN
from inpainting.config.training import Training

PHOTOS_DATA = Data(
    dataset="folder:",
    image_size=96,
    crop="random",
    mask="mixed",
    hue=False,
    saturation=False,
    contrast=False,
    blur=False,
    shift=False,
)


def photos(method, steps, fill="pyramid"):
    """A U-Net that corrects a smooth fill, trained on crops of photographs."""
    return Config(
        model=f"photos_{method.kind}",
        data=PHOTOS_DATA.model_copy(update={"fill": fill}),
        generator=UNet(filters=48, residual=True),
        method=method,
        training=Training(steps=steps, batch_size=16),
    )


def photos_l2():
    """Trained on the absolute error over the hole.

    python train.py --model photos_l2 --dataset folder:PATH --set precision=mixed_bfloat16

    73 minutes on 2 cores that have bfloat16: 1.1 to 1.9 dB over the best classical method (docs/results.md).
    """
    return photos(L2(overlap=0, error="absolute"), steps=12_000)


def photos_wgan():
    """Then against a Wasserstein critic of patches that touch the hole, with noise to make texture of.

    python train.py --model photos_wgan --dataset folder:PATH --set precision=mixed_bfloat16

    From pretrained/photos_l2, in 79 minutes: as sharp as photographs (its model card says how).
    """
    method = WGAN(
        overlap=0,
        error="absolute",
        critic=CRITICS["patch"](),
        critic_steps=2,
        sees="image",
        alpha=0.995,
        texture_weight=5.0,
        warmup_steps=12_000,
        adversary_learning_rate=3e-4,
    )
    return photos(method, steps=14_500, fill="grain")
