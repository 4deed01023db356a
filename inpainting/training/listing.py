"""The table of the models that train.py --list-models prints."""

from inpainting.config.experiments import EXPERIMENTS, experiment
from inpainting.measuring.report import markdown
from models import build_adversary, build_generator, trainable_parameters


def models_table():
    """Name, family, parameters, what it is and section of the paper of every experiment, as Markdown."""
    rows, sizes = [], {}
    for name in EXPERIMENTS:
        config = experiment(name)
        method, kind = config.method, config.generator.kind
        shape = config.generator, config.patch
        if shape not in sizes:
            sizes[shape] = trainable_parameters(build_generator(config))
        parameters = f"{sizes[shape]:,}"
        if method.adversary:
            parameters += f" + {trainable_parameters(build_adversary(config)):,}"
        what = f"{kind.replace('_', ' ')} {method.text}"
        rows.append({"name": name, "family": method.family, "parameters": parameters, "what it is": what})
        rows[-1]["paper's section"] = method.paper
    return markdown(rows, dict.fromkeys(rows[0], "{}"))
