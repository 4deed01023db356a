"""When the log warns that one side of an adversarial training has won."""

import pytest

from inpainting.training.callbacks import Balance


def warnings(logs):
    balance = Balance()
    return [index for index, values in enumerate(logs, 1) if balance.judge(values)]


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        ({"discriminator_accuracy": 0.99}, [10, 20]),
        ({"discriminator_accuracy": 0.5}, [10, 20]),
        ({"discriminator_accuracy": 0.8}, []),
        ({"wasserstein_estimate": -0.1}, [10, 20]),
        ({"wasserstein_estimate": 0.1}, []),
        ({"loss": 1.0}, []),
    ],
)
def test_one_side_has_won_for_long(values, warned):
    assert warnings([values] * 25) == warned


def test_the_same_verdict_counts_whatever_the_digits():
    assert warnings([{"discriminator_accuracy": 0.985 + 0.005 * (index % 3)} for index in range(25)]) == [
        10,
        20,
    ]


def test_the_count_starts_over_when_the_balance_is_back():
    strong, even = {"discriminator_accuracy": 1.0}, {"discriminator_accuracy": 0.7}
    assert warnings([strong] * 9 + [even] + [strong] * 10) == [20]
