"""The networks that fill holes, a class each: context encoders (section 4), the U-Net, density models (6).

The class `kind` describes what models/KIND.py builds from its fields.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, PositiveInt, create_model

from inpainting.config.section import Section

Share = Annotated[float, Field(ge=0, lt=1)]
# Corners from which an image is read. A literal takes no text for a number.
Directions = Annotated[Literal[1, 4], BeforeValidator(lambda value: {"1": 1, "4": 4}.get(value, value))]


class ContextEncoder(Section):
    """An encoder, a bottleneck and a decoder. A subclass names the encoder: `kind` and its `filters`.

    filters: of the cnn's first stage, of the others' last one: see each file of models/.
    """

    predicts_hole_alone: ClassVar[bool] = True  # of a centred hole, hole and overlap; not the whole image
    trained_by: ClassVar[tuple] = ("l2", "dcgan", "wgan")  # kinds of method

    neck: Literal["conv", "two_convs", "dense"] = "conv"  # from the encoder's last map to the bottleneck
    bottleneck: PositiveInt = 512
    decoder_filters: PositiveInt = 256
    batch_normalization: bool = True
    # Deviation: the paper drops half of the activations. On our validation split that slows the hole's error
    # down, and flips and shifts are regularisation enough.
    dropout: Share = 0.0  # of every activation
    drop_connect: Share = 0.0  # of every connection of the encoder's convolutions and the bottleneck's


def encoder(kind, filters, base=ContextEncoder):
    """The class of a context encoder that models/KIND.py builds, with its usual number of filters."""
    return create_model(kind, __base__=base, kind=(Literal[kind], kind), filters=(PositiveInt, filters))


class Pooling(ContextEncoder):
    pooling: Literal["stride", "max"] = "stride"  # how the encoder downsamples


# Deviation: fewer filters than the published networks have.
ENCODERS = {
    "cnn": encoder("cnn", filters=32, base=Pooling),
    "vgg": encoder("vgg", filters=64),
    "inception": encoder("inception", filters=64),
    "resnet": encoder("resnet", filters=128),
}


class UNet(Section):
    """A fully convolutional network with skip connections. filters: of its first level, at half size.

    residual: it predicts what is to be added to its context.
    """

    predicts_hole_alone: ClassVar[bool] = True
    trained_by: ClassVar[tuple] = ("l2", "dcgan", "wgan")

    kind: Literal["unet"] = "unet"
    filters: PositiveInt = 64
    levels: int = Field(3, ge=1, le=3)  # each half as large as the one before
    blocks: PositiveInt = 1  # times the level's number: residual blocks on the way down
    batch_normalization: bool = True
    residual: bool = False
    dropout: Share = 0.0


class DensityModel(Section):
    """units: features of a layer; of an LSTM, its hidden ones."""

    predicts_hole_alone: ClassVar[bool] = False
    trained_by: ClassVar[tuple] = ("image_likelihood",)

    units: PositiveInt
    layers: PositiveInt


class PixelCNN(DensityModel):
    trained_by: ClassVar[tuple] = ("pixel_likelihood",)

    kind: Literal["pixel_cnn"] = "pixel_cnn"
    context: int = Field(5, ge=2)  # side of the zone
    units: PositiveInt = 256
    layers: PositiveInt = 3
    dropout: Share = 0.5
    directions: Directions = 1


# Deviation: the published Row LSTM and Diagonal BiLSTM have up to 12 layers.
class RowLSTM(DensityModel):
    kind: Literal["row_lstm"] = "row_lstm"
    units: int = Field(48, gt=0, multiple_of=3)  # a third for each colour
    layers: PositiveInt = 4


class DiagonalBiLSTM(DensityModel):
    kind: Literal["diagonal_bilstm"] = "diagonal_bilstm"
    units: int = Field(48, gt=0, multiple_of=3)
    layers: PositiveInt = 3


class FlattenedRowLSTM(DensityModel):
    kind: Literal["flattened_row_lstm"] = "flattened_row_lstm"
    units: PositiveInt = 64
    layers: PositiveInt = 1
    directions: Directions = 1


class ConditionalPixelCNN(DensityModel):
    """filters, levels, blocks: of the U-Net that describes the context."""

    predicts_hole_alone: ClassVar[bool] = True
    trained_by: ClassVar[tuple] = ("hole_likelihood",)

    kind: Literal["conditional_pixel_cnn"] = "conditional_pixel_cnn"
    context: int = Field(5, ge=2)
    filters: PositiveInt = 48
    levels: int = Field(3, ge=1, le=3)
    blocks: PositiveInt = 1
    units: PositiveInt = 256
    layers: PositiveInt = 2
    dropout: Share = 0.0


DENSITY = {
    "pixel_cnn": PixelCNN,
    "row_lstm": RowLSTM,
    "diagonal_bilstm": DiagonalBiLSTM,
    "flattened_row_lstm": FlattenedRowLSTM,
    "conditional_pixel_cnn": ConditionalPixelCNN,
}

GENERATORS = ENCODERS | {"unet": UNet} | DENSITY
