"""The workers of a run: one process a machine, as TF_CONFIG names them, or several on this one."""

import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version

from inpainting.errors import InputError
from inpainting.signals import handled_by

GRACE = 60  # seconds in which the others end by themselves when one has failed


@dataclass(frozen=True)
class Workers:
    """addresses: "host:port" of each, the chief's first. index: which of them this process is."""

    addresses: tuple = ("",)
    index: int = 0

    @property
    def several(self):
        return len(self.addresses) > 1

    @property
    def is_chief(self):
        """Whether this one writes the run's files; it validates and prints, too."""
        return self.index == 0

    def gone(self, seconds=10):
        """The line on the first other worker that takes no connection within so many seconds, or None."""
        end = time.monotonic() + seconds
        while True:
            for index, address in enumerate(self.addresses):
                if index != self.index and not _listens(address):
                    return f"worker {index} ({address}) is gone: start all again with --resume"
            if time.monotonic() > end:
                return None
            time.sleep(0.5)


def is_set():
    """Whether TF_CONFIG says that this process is one of several workers."""
    return bool(os.environ.get("TF_CONFIG"))


def of_environment():
    """The Workers of TF_CONFIG; this process alone where it is not set. InputError for one that is none."""
    if not is_set():
        return Workers()
    try:
        content = json.loads(os.environ["TF_CONFIG"])
        cluster, task = content["cluster"], content["task"]
        if set(cluster) - {"chief", "worker"}:
            raise ValueError("its cluster has other tasks than chief and worker")
        chiefs = cluster.get("chief", [])
        addresses = (*chiefs, *cluster.get("worker", []))
        index = int(task["index"]) + (len(chiefs) if task["type"] == "worker" else 0)
        workers = Workers(addresses, index)
        addresses[index]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        example = (
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
        )
        raise InputError(f"TF_CONFIG cannot be read ({error!r}): it is to be like {example}") from error
    if workers.several:
        check_stack()
    return workers


def check_stack():
    """InputError on Keras 3, whose optimizers and layers MultiWorkerMirroredStrategy does not know."""
    if int(version("keras").split(".")[0]) > 2:
        raise InputError(
            "several workers need TensorFlow 2.15 (Python 3.11): Keras 3 has no MultiWorkerMirroredStrategy; "
            "one worker can have several GPUs"
        )


def start(count, command):
    """Runs a command `count` times on this machine, as the workers of one run. Returns the chief's status.

    They are handed the signals that this process gets. Where one fails, the others have GRACE to end.
    """
    check_stack()
    addresses = [f"127.0.0.1:{port}" for port in free_ports(count)]
    processes = []
    for index in range(count):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        threads = str(max(1, os.cpu_count() // count))
        environment = {"TF_NUM_INTRAOP_THREADS": threads, **os.environ, "TF_CONFIG": json.dumps(task)}
        processes.append(subprocess.Popen(command, env=environment, start_new_session=True))

    def hand_on(number, frame=None):
        for process in processes:
            process.send_signal(number)

    with handled_by(hand_on):
        try:
            return _status(processes)
        finally:
            for process in processes:
                process.kill()


def _status(processes):
    failed = None
    while any(process.poll() is None for process in processes):
        if failed is None and any(process.poll() for process in processes):
            failed = time.monotonic()
        if failed and time.monotonic() - failed > GRACE:
            break
        time.sleep(0.2)
    chief = processes[0].poll()
    if chief is None:
        return 1
    return 128 - chief if chief < 0 else chief


def free_ports(count):
    """Ports of this machine on which nobody listens."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


def _listens(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True
