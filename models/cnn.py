"""The paper's critic (section 5.1): six convolutions of size 3, every other of stride 2, then depth 1."""

from tensorflow import keras

from models.blocks import critic_block, critic_score


def cnn_critic(*, image_size=32, filters=32):
    """Images [B, image_size, image_size, 3] in [-1, 1] -> unbounded scores [B].

    Filters double at every stride: for 32 pixels 32 | 64 (16×16), 64 | 128 (8×8), 128 | 256 (4×4), then 1.
    """
    image = x = keras.Input((image_size, image_size, 3), name="image")
    for stage in range(3):
        x = critic_block(x, filters * 2**stage, name=f"stage{stage + 1}_conv1")
        x = critic_block(x, filters * 2 ** (stage + 1), strides=2, name=f"stage{stage + 1}_conv2")
    return keras.Model(image, critic_score(x), name="cnn_critic")
