"""The generator's learning rate over a run."""

import pytest

from inpainting.training.schedules import FLOOR, generator_schedules, learning_rate_schedule, rise_to


def test_learning_rate_warms_up_and_decays_along_a_cosine(small_config):
    schedule = learning_rate_schedule(0.5, steps=1000, warmup=100)
    assert [round(float(schedule(step)), 4) for step in (0, 50, 100)] == [0, 0.25, 0.5]
    middle = 0.5 * (FLOOR + (1 - FLOOR) * 0.5)
    assert float(schedule(550)) == pytest.approx(middle, rel=1e-3)
    assert float(schedule(1000)) == pytest.approx(0.5 * FLOOR, rel=1e-3)


def test_the_adversarial_phase_has_a_schedule_of_its_own(small_config):
    """L2 to step 100 at 0.5, then 50 steps at most at 0.1: each ends at its own floor."""
    settings = {"learning_rate": 0.5, "generator_learning_rate": 0.1, "warmup_steps": 100, "head_start": 10}
    schedules = generator_schedules(small_config("vgg_wgan", steps=160, learning_rate_warmup=5, **settings))
    assert float(schedules["generator_optimizer"](5)) == pytest.approx(0.5)
    assert float(schedules["generator_optimizer"](100)) == pytest.approx(0.5 * FLOOR, rel=1e-3)
    assert float(schedules["finetuning_optimizer"](5)) == pytest.approx(0.1)
    assert float(schedules["finetuning_optimizer"](50)) == pytest.approx(0.1 * FLOOR, rel=1e-3)
    assert set(generator_schedules(small_config("vgg_wgan", warmup_steps=0))) == {"generator_optimizer"}


def test_a_run_given_more_steps_rises_to_the_new_schedule(small_config):
    """At its end a run of 100 steps is at the floor, 0.05 · 0.5; ten steps later on the cosine of 200."""
    config = small_config("vgg_l2", steps=200, learning_rate=0.5, learning_rate_warmup=10)
    rise = rise_to(config, step=100, steps_before=100)
    assert rise == {"start": 100, "rate": pytest.approx(0.5 * FLOOR), "steps": 10}
    new = generator_schedules(config)["generator_optimizer"]
    risen = generator_schedules(config, rise)["generator_optimizer"]
    assert float(risen(100)) == pytest.approx(0.5 * FLOOR)
    assert float(risen(105)) == pytest.approx((0.5 * FLOOR + float(new(105))) / 2)
    assert float(risen(110)) == pytest.approx(float(new(110)))
    assert rise_to(config, step=100, steps_before=200) is None
    # Killed on the way and resumed: the same rise. With more steps still: a new one, from where it was.
    assert rise_to(config, step=105, steps_before=200, rise=rise) == rise
    more = config.model_copy(update={"training": config.training.model_copy(update={"steps": 400})})
    again = rise_to(more, step=105, steps_before=200, rise=rise)
    assert again == {"start": 105, "rate": pytest.approx(float(risen(105))), "steps": 10}
    # Fewer steps: the rate falls, without a rise.
    assert rise_to(config, step=100, steps_before=400) is None


def test_it_is_the_last_phase_that_rises(small_config):
    """Its optimizer's updates are counted from the phase's start: step 160 is its 50th."""
    settings = {"warmup_steps": 100, "head_start": 10, "learning_rate_warmup": 5}
    config = small_config("vgg_wgan", steps=300, generator_learning_rate=0.1, **settings)
    rise = rise_to(config, step=160, steps_before=160)
    assert rise == {"start": 50, "rate": pytest.approx(0.1 * FLOOR), "steps": 5}
    assert rise_to(config, step=50, steps_before=160) is None
