"""What ends a program from outside."""

import os
import signal

import pytest

from inpainting.signals import Output, Stop, Stopped, handled_by


def test_the_first_signal_is_noted_and_the_second_ends_at_once():
    stop = Stop()
    stop.at_once = False
    with handled_by(stop):
        signal.raise_signal(signal.SIGTERM)
        assert stop.number == signal.SIGTERM
        signal.raise_signal(signal.SIGHUP)  # a closed terminal may send several
        assert stop.number == signal.SIGTERM
        with pytest.raises(Stopped) as ended:
            signal.raise_signal(signal.SIGINT)
    assert ended.value.number == signal.SIGINT


def test_with_nothing_to_save_a_signal_ends_at_once():
    stop = Stop()
    with handled_by(stop), pytest.raises(Stopped):
        signal.raise_signal(signal.SIGHUP)
    stop(signal.SIGPIPE)
    assert stop.number == signal.SIGPIPE


def test_handlers_are_put_back_and_nohup_is_heeded():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with handled_by(Stop()) as stop:
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is stop
        assert signal.getsignal(signal.SIGTERM) is not stop
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_reader_that_is_gone_is_told_once():
    reader, writer = os.pipe()
    os.close(reader)
    told = []
    with handled_by(lambda number, frame: told.append(number)), os.fdopen(writer, "w") as stream:
        for _ in range(3):
            print("a line", file=Output(stream), flush=True)
    assert told == [signal.SIGPIPE]
