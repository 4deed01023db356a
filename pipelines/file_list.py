"""A run's file list, files.json: which pictures of a folder it has trained on, validates and is tested on."""

import hashlib
import json
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from inpainting.errors import InputError
from inpainting.files import disk, shown, write_json
from pipelines import folders
from pipelines.folders import SPLITS, WAY_OUT

HEAD = 2**16  # bytes of a file that, with its size, tell its content


@dataclass(frozen=True)
class FileList:
    """splits: split -> path below the folder -> content, or None of what cannot be read or is empty.

    earlier: contents that the run has trained on and that are no longer in the training split.
    """

    splits: dict
    earlier: frozenset = frozenset()

    @property
    def trained(self):
        return self.contents("train") | self.earlier

    def contents(self, *splits):
        return {content for split in splits for content in self.splits[split].values()} - {None}

    def write(self, path):
        write_json(path, {"splits": self.splits, "earlier": sorted(self.earlier)})


def of(folder):
    """The FileList of a Folder."""

    def content(name):
        try:
            with open(folder.path(name), "rb") as file:
                head, size = file.read(HEAD), os.fstat(file.fileno()).st_size
        except OSError:
            return None
        return f"{size} {hashlib.sha256(head).hexdigest()[:24]}" if head else None

    def contents(names):
        return dict(
            zip((unicodedata.normalize("NFC", name) for name in names), pool.map(content, names), strict=True)
        )

    with ThreadPoolExecutor() as pool:
        return FileList({split: contents(names) for split, names in folder.splits.items()})


def read(path):
    """The FileList that a run has kept, None where it has none: a run of 0.1.0, which split by position."""
    with disk(path):
        if not path.exists():
            return None
        content = path.read_bytes()
    try:
        values = json.loads(content)
        return FileList(
            {split: dict(values["splits"][split]) for split in SPLITS}, frozenset(values["earlier"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} cannot be read ({error}): restore it, or train anew") from error


def resumed(folder, path):
    """The FileList with which a run goes on; prints what has changed since it began.

    InputError where the Folder has none of its pictures, or some of its test pictures for training.
    """
    before, now = read(path), of(folder)
    anew = "train anew, with --overwrite in place of --resume"
    if before is None:
        raise InputError(f"{path} is missing: which pictures were for its test is not known: {anew}")
    if not before.contents(*SPLITS) & now.contents(*SPLITS):
        raise InputError(f"{shown(folder.root)} has none of the pictures of {path}: {WAY_OUT}, or {anew}")
    known = before.contents("test") - before.trained
    _refuse(now, "train", known, f"in {shown(folder.root)} were for the test of {path.parent}", anew)
    _print_changes(before, now)
    return FileList(now.splits, frozenset(before.trained - now.contents("train")))


def measured(dataset, path, split, *, elsewhere):
    """The Folder on which a run is measured, None of another data set; prints what has changed since it began.

    elsewhere: whether its place was given anew: then a run without a list may be measured on it. InputError
    where pictures of the split are some that the run has trained on.
    """
    folder = folders.of(dataset)
    if folder is None:
        return None
    print(folder.summary)
    before, now, others = read(path), of(folder), f"measure others, --dataset {folders.PREFIX}PATH"
    if before is None and not elsewhere:
        raise InputError(f"{path} is missing: which pictures it was trained on is not known: {others}")
    if before is None:
        print(f"{path} is missing: some of the pictures may be those that it was trained on")
        return folder
    known = before.trained - before.contents(split)  # copies that lay there from the start are no change
    _refuse(now, split, known, f"in {shown(folder.root)} were trained on by {path.parent}", others)
    _print_changes(before, now)
    return folder


def _refuse(now, split, known, what, way_out):
    """Refuses a split that has some of the `known` contents."""
    names = [name for name, content in now.splits[split].items() if content in known]
    if names:
        raise InputError(
            f"{len(names):,} {split} pictures {what} ({shown(names[0])} for one): put them back, or {way_out}"
        )


def _print_changes(before, now):
    was, is_now = (
        {name: (split, content) for split in SPLITS for name, content in files.splits[split].items()}
        for files in (before, now)
    )
    both = was.keys() & is_now.keys()
    counts = {
        "added": len(is_now.keys() - both),
        "gone": len(was.keys() - both),
        "altered": sum(was[name][1] != is_now[name][1] for name in both),
        "in another split": sum(was[name][0] != is_now[name][0] for name in both),
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    if said:
        print(f"the pictures have changed since the run began: {said}")
