"""Fills what is missing of a picture: python inpaint.py photo.jpg --mask mask.png

Writes photo_inpainted.png beside it. Every known pixel is as it was, whatever the picture's mode and depth;
only --output NAME.jpg is lossy. --mask, --box and --mask-color say what is missing, all that are given. Of a
folder, all pictures are filled: with the masks of the same names in another folder, with one mask for all, or
each with its own alpha; a picture that cannot be filled is a line, and the rest goes on.

--model takes biharmonic, telea, navier_stokes or context_mean, which need no training, the name of published
weights in pretrained/, or a run's directory. Without it: photos_l2, else photos_wgan, where they are published,
else biharmonic. Exit status: 0 done, 1 some pictures of a folder were not filled, 2 the command was refused.
"""

import argparse
import os
import re
import sys

from inpainting.command_line import Parser, run_program
from inpainting.errors import DiskError, InputError


def parse(argv):
    parser = Parser(description=__doc__)
    parser.add_argument("picture", metavar="PICTURE", help="a picture's file, or a folder of pictures")
    mask_help = "FILE, white is missing (128 and above); a folder of such files; alpha: what is transparent is"
    parser.add_argument("--mask", metavar="FILE|DIR|alpha", help=mask_help)
    box_help = "this box is missing, in pixels from the upper left corner; repeatable"
    parser.add_argument(
        "--box", type=box, action="append", default=[], metavar="LEFT,TOP,WIDTH,HEIGHT", help=box_help
    )
    parser.add_argument(
        "--mask-color", type=colour, metavar="RRGGBB", help="pixels of exactly this colour are missing"
    )
    parser.add_argument("--invert", action="store_true", help="what is marked is known, all else is missing")
    grow_help = "widen the hole by so many pixels on each side, as JPEG has traces of what is removed around it"
    parser.add_argument("--grow", type=count, default=0, metavar="N", help=grow_help)
    parser.add_argument("--model", metavar="NAME", help="what fills: see above")
    realism_help = "0, the least error, to 1, the sharpest: blends a NAME_wgan with the NAME_l2 beside it"
    parser.add_argument("--realism", type=share, metavar="T", help=realism_help)
    samples_help = "so many different completions, by a density model: photo_inpainted_1.png, …"
    parser.add_argument("--samples", type=count, metavar="N", help=samples_help)
    parser.add_argument("--seed", type=count, default=0, metavar="N", help="of the samples; default: 0")
    parser.add_argument("--output", metavar="FILE|DIR", help="default: beside the picture")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--overwrite", action="store_true", help="replace results that are there")
    existing.add_argument(
        "--skip-existing", action="store_true", help="leave out pictures whose results are there"
    )
    arguments = parser.parse_args(argv)
    if arguments.mask is None and not arguments.box and arguments.mask_color is None:
        parser.error("nothing says what is missing: give --mask, --box or --mask-color")
    if arguments.samples == 0:
        parser.error("--samples must be at least 1")
    return arguments


def box(text):
    """Left, top, width and height."""
    if not re.fullmatch(r"-?\d+,-?\d+,[1-9]\d*,[1-9]\d*", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not LEFT,TOP,WIDTH,HEIGHT in pixels, such as 120,40,64,64"
        )
    return tuple(map(int, text.split(",")))


def colour(text):
    """Red, green and blue, 0…255."""
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a colour as RRGGBB, such as ff00ff")
    return tuple(bytes.fromhex(text.removeprefix("#")))


def count(text):
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def share(text):
    if not re.fullmatch(r"[01]|0?\.\d+|1\.0+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1, such as 0.7")
    return float(text)


def main(argv):
    arguments = parse(argv)
    from tqdm import tqdm

    from inpainting.filling.choice import Choice
    from inpainting.filling.jobs import plan

    choice = Choice(arguments.model, realism=arguments.realism, samples=arguments.samples is not None)
    jobs = plan(arguments.picture, mask=arguments.mask, output=arguments.output, samples=arguments.samples)
    names = ("overwrite", "skip_existing", "seed", "invert", "grow")
    options = {name: getattr(arguments, name) for name in names}
    options |= {"boxes": arguments.box, "colour": arguments.mask_color}
    jobs = [job for job in jobs if not (arguments.skip_existing and job.is_done)]
    if not os.path.isdir(arguments.picture):
        for job in jobs:
            for line in job.fill(choice, **options):
                print(line)
        return 0
    failed = 0
    for job in tqdm(jobs, unit="picture", disable=None):
        try:
            lines, stream = job.fill(choice, **options), sys.stdout
        except (InputError, DiskError) as error:
            lines, stream, failed = [error], sys.stderr, failed + 1
        for line in lines:
            tqdm.write(str(line), file=stream)
    if failed:
        print(f"inpaint.py: {failed} of {len(jobs)} pictures were not filled", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    run_program(main)
