"""A run's weights, published: python benchmarks/publish.py runs/unet_l2 [--name NAME] [--overwrite]

Writes pretrained/NAME/, the model's name by default: config.json, the averaged weights of the best checkpoint
in 16 bits, their SHA-256, and README.md, the model card, with what `evaluate.py RUN --baselines` has measured.
inpainting/pretrained.py describes the files; docs/pretrained.md says how they are used.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from inpainting.command_line import Parser, run_program
from inpainting.config.experiments import experiment
from inpainting.config.section import Section
from inpainting.config.settings import paths, value_of, with_settings
from inpainting.errors import InputError
from inpainting.measuring.report import metrics_table, paragraph
from inpainting.measuring.tasks import measurement
from inpainting.pretrained import average, without_places, write
from inpainting.workdir import Workdir

ROOT = Path(__file__).parent.parent

# Word in a data set's name -> the licence that it leaves to the weights, what it is, what may be done with it.
DATA = {
    "cifar10": (
        "apache-2.0",
        "CIFAR-10 (Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009): 45,000 of its "
        "50,000 training images, and the last 5,000 for validation. Its authors name no licence and ask that "
        "the report be cited. About 3 % of the test images have near-duplicates among the training images "
        "(Barz and Denzler, *Do We Train on Test Data?*, 2020). In the copy that was used 20 of the 10,000 "
        "test images, and 73 of the 50,000 for training, stand in as JPEGs.",
    ),
    "bsds500": (
        "other",
        "The Berkeley Segmentation Data Set, BSDS500 (Arbeláez, Maire, Fowlkes and Malik, *Contour "
        "Detection and Hierarchical Image Segmentation*, 2011): for non-commercial research and education "
        "alone; cite the paper.",
    ),
    "dead_leaves": ("apache-2.0", "Dead leaves: pictures that this project draws from a seed."),
}
LIMITS = {
    "autoencoder": "It predicts the middle of what could be there: its fills are smoother than pictures are.",
    "adversarial": "It is trained to look natural: what it adds to the mean is invented, and its squared error "
    "is above that of the same generator trained on the error alone.",
    "density": "It goes pixel by pixel: mean and greedy fills are smoother than pictures are, samples differ "
    "from seed to seed, and all take many times as long as a network that fills a hole at once.",
}
CARD = """\
---
license: {licence}
library_name: keras
pipeline_tag: image-to-image
tags: [inpainting, {kind}, {method}]
---

# {name}

Fills {holes} in pictures of {sizes}: {what}. Made with an implementation of *Deep Image Inpainting* (Burlin, Le
Calonnec and Duperier, 2017).

```
{commands}
```

## Data

{data}

## Training

```
{command}
```

{training}

## Metrics

{images:,} images of the {split} split, {measured_holes}. What the columns are: docs/evaluating.md.

{table}

## Limits

{limits}
It knows pictures like those that it was trained on, with such holes; for others, train it anew. What it paints
is a guess, and no evidence of what was there.
"""


def changes(config):
    """The settings by which a Config differs from its experiment, path -> value.

    What follows from the others, the hole from an image's size for one, is left out.
    """
    usual = experiment(config.model)
    known, changed = paths(usual), {}
    for path in paths(config):
        value, other = value_of(config, path), value_of(usual, path) if path in known else None
        if isinstance(value, Section):
            value, other = value.kind, other and other.kind
        if value != other:
            changed[path] = value
    for path in list(changed):
        others = {name: value for name, value in changed.items() if name != path}
        try:
            changed = others if with_settings(usual, others) == config else changed
        except InputError:  # without it, the others cannot be together
            continue
    return changed


def training_commands(workdir, place=()):
    """The commands that train a run: that of the run it started from, where it is at hand, first.

    place: the words that say where the last command's run is.
    """
    config, (_, progress, _) = without_places(workdir.read_config()), average(workdir)
    words, earlier = [f"python train.py --model {config.model}"], []
    if start := progress.get("initial"):
        words.append(f"--initial {start}")
        if not Workdir(start).published and Workdir(start).best.exists():
            earlier = training_commands(Workdir(start), [f"--workdir {start}"])
    return [*earlier, " \\\n  ".join([*words, *settings(changes(config)), *place])]


def settings(changed):
    """The words of a command line that make the changes."""
    return [f"--set {path}={value}" for path, value in changed.items()]


def measured(workdir, progress):
    """What evaluate.py wrote of a run's weights. InputError where that is nothing, or of other weights."""
    advice = f"python evaluate.py {workdir.path} --baselines"
    path = workdir.path / f"results-{measurement(workdir.read_config().data, 'test')}.json"
    if not path.exists():
        raise InputError(f"{path} is not there, of which the card is made: {advice}")
    results = json.loads(path.read_text())
    if results["step"] != progress["best_step"]:
        raise InputError(
            f"{path} is of step {results['step']}, the best is now {progress['best_step']}: {advice}"
        )
    return results


def holes(mask, hole):
    if mask == "mixed":
        return f"scratches, text, strokes and boxes of up to {hole} pixels"
    kind = "centred" if mask == "center" else mask.replace("_", "-")
    return f"{kind} holes of {hole} pixels"


def commands(name, config):
    """What may be done with published weights, the command lines."""
    data = " --dataset folder:PATH" if config.data.dataset.startswith("folder:") else ""
    of_generator = {path: value for path, value in changes(config).items() if path.startswith("generator.")}
    train = f"python train.py --model {config.model} --initial pretrained/{name}{data}"
    lines = [
        f"python evaluate.py pretrained/{name} --baselines{data}",
        "".join([train, *(f" {words}" for words in settings(of_generator))]),
    ]
    if takes_any_size(config):
        lines.insert(0, f"python inpaint.py photo.jpg --mask mask.png --model {name}")
    return "\n".join(lines)


def takes_any_size(config):
    return config.generator.kind == "unet" and config.data.mask != "center"


def card(name, workdir, limits=""):
    """The model card of a run, Markdown. InputError where what it has to say is not known.

    limits: what was seen of this run's fills, beside what is true of all of its kind.
    """
    config, (_, progress, _) = without_places(workdir.read_config()), average(workdir)
    found = [known for word, known in DATA.items() if word in config.data.dataset.lower()]
    if not found:
        raise InputError(f"DATA of {__file__} does not say under what licence {config.data.dataset} is: add it")
    results, history = measured(workdir, progress), workdir.history()
    trained, planned = history[-1]["step"], config.training.steps
    training = f"{trained:,} steps" if trained == planned else f"{trained:,} of {planned:,} steps"
    training += f" in {history[-1]['minutes']:.0f} minutes"
    training += f" on {progress['machine']}" if "machine" in progress else ""
    if progress["best_step"]:
        training += f"; the weights are the average at step {progress['best_step']:,}, the best on validation"
    generator, method = config.generator.kind, config.method
    size = config.data.image_size
    text = CARD.format(
        name=name,
        commands=commands(name, config),
        kind=generator.replace("_", "-"),
        method=method.kind.replace("_", "-"),
        sizes="any size" if takes_any_size(config) else f"{size}×{size} pixels",
        holes=holes(config.data.mask, config.data.hole),
        measured_holes=holes(results["mask"], results["hole"]),
        what=f"{generator.replace('_', ' ')} {method.text}",
        licence=found[0][0],
        data=found[0][1],
        command="\n".join(training_commands(workdir)),
        training=training + ".",
        table=metrics_table(results["results"]),
        limits=f"{LIMITS[method.family]}\n{limits}".rstrip(),
        images=results["images"],
        split=results["split"],
    )
    as_it_is = ("---", "#", "```", "|")  # the front matter, headings, code and tables
    blocks = text.split("\n\n")
    return "\n\n".join(b if b.startswith(as_it_is) else paragraph(b) for b in blocks) + "\n"


def main(argv, root=ROOT):
    parser = Parser(description=__doc__)
    parser.add_argument("run", type=Workdir, metavar="RUN", help="a directory that train.py has made")
    parser.add_argument("--name", help="default: the model's")
    parser.add_argument("--limits", default="", metavar="TEXT", help="what its fills lack, for the card")
    parser.add_argument("--overwrite", action="store_true", help="replace what is published under the name")
    arguments = parser.parse_args(argv)
    name = arguments.name or arguments.run.read_config().model
    if Path(name).name != name:
        parser.error(f"--name {name}: a directory's name, without a path")
    published = Workdir(root / "pretrained" / name)
    if published.path.exists() and not arguments.overwrite:
        raise InputError(f"{published.path} is there already: --overwrite replaces it, --name gives another")
    write(arguments.run, published, card(name, arguments.run, arguments.limits))
    print(f"{published.path}: python evaluate.py {published.path}")
    return 0


if __name__ == "__main__":
    run_program(main)
