"""Settings by name, as `--set` has them: found in a Config's sections, read by their types, or refused.

A setting has a path, `method.alpha` or `method.critic.filters`. Any end of the path names it that belongs to no
other setting of the same Config: `alpha`, `critic.filters`.
"""

from difflib import get_close_matches
from functools import reduce
from typing import get_args

from pydantic import ValidationError

from inpainting.config.config import Config
from inpainting.config.generators import GENERATORS
from inpainting.config.methods import HEAD_START, METHODS
from inpainting.config.migration import RENAMED, VERSION, migrated
from inpainting.config.section import Section
from inpainting.errors import InputError

OPEN = ("none", "auto")  # words for a setting that is left open
SECTIONS = ("data", "generator", "method", "training")


def with_settings(config, settings):
    """The Config with some fields replaced by `settings`, a dict of name -> text or value.

    Raises InputError for a name or a value that cannot be meant, or a setting that the model has no use for.
    """
    parts = [path for path in paths(config) if isinstance(value_of(config, path), Section)]
    kinds = {name: value for name, value in settings.items() if _named(parts, name)}
    if kinds:  # another kind of critic, for one, has settings of its own
        config = _changed(config, kinds)
    return _changed(config, {name: value for name, value in settings.items() if name not in kinds})


def _changed(config, settings):
    given = config.given()
    for name, value in settings.items():
        *sections, field = _path(config, name)
        owner, values = config, given
        for section in sections:
            owner = getattr(owner, section)
            values = values.setdefault(section, owner.given())
        if str(value).lower() in OPEN and _fields(owner)[field].default_factory:
            values.pop(field, None)
        elif isinstance(getattr(owner, field), Section):
            values[field] = {"kind": value}
        else:
            values[field] = _value(_fields(owner)[field], value)
    return _built(given)


def after_l2(config, initial, steps):
    """The settings of a run that starts where an adversarial one's L2 would end, and of that L2's ring.

    initial: the Config of that L2. steps: those asked for, text or None. By its head start such a run is known
    from one that trains both networks from nothing.
    """
    left = steps or config.training.steps - config.method.warmup_steps
    left = with_settings(config, {"warmup_steps": 0, "steps": left}).training.steps
    ring = {"overlap": initial.overlap} if initial.generator.kind == config.generator.kind else {}
    return {"warmup_steps": 0, "head_start": max(min(HEAD_START, left // 5), 1), "steps": left, **ring}


def from_dict(values):
    """The Config of a config.json, of this version or an earlier one. InputError for what is none."""
    return _built(migrated(values))


def to_dict(config):
    """What `from_dict` reads: every field, so that a later version's defaults change nothing."""
    return {"version": VERSION, **config.model_dump()}


def paths(config):
    """The paths of all settings of a Config, in the order of its sections."""
    return [path for name in SECTIONS for path in _paths_of(getattr(config, name), name)]


def value_of(config, path):
    return reduce(getattr, path.split("."), config)


def _paths_of(section, prefix):
    for name in _fields(section):
        value = getattr(section, name)
        if name != "kind":
            yield f"{prefix}.{name}"
        if isinstance(value, Section):
            yield from _paths_of(value, f"{prefix}.{name}")


def _fields(section):
    return type(section).model_fields


def _path(config, name):
    """The names along the path of a setting. InputError if there is none, or more than one."""
    known = paths(config)
    found = _named(known, name)
    if len(found) == 1:
        return found[0].split(".")
    if found:
        raise InputError(f"{name} is a setting of several parts of {config.model}: --set {' or '.join(found)}")
    if name in RENAMED:
        raise InputError(f"{name} is now {RENAMED[name]}")
    if owners := _owners(name):
        raise InputError(f"{name} is a setting of {', '.join(owners)}: {config.model} has no use for it")
    names = {path.split(".")[-1] for path in known} | set(known)
    near = get_close_matches(name, sorted(names), n=1)
    shown = ", ".join(dict.fromkeys(path.split(".")[-1] for path in known))
    raise InputError(
        f"there is no setting {name!r}: "
        + (f"did you mean {near[0]}?" if near else f"--set takes one of {shown}")
    )


def _named(paths, name):
    """Those of the paths that a name can mean."""
    return [path for path in paths if path == name] or [path for path in paths if path.endswith(f".{name}")]


def _owners(name):
    """The kinds of generator and method that have a setting of this name."""
    kinds = {**GENERATORS, **METHODS}
    return [kind for kind, section in kinds.items() if name.split(".")[-1] in section.model_fields]


def _value(field, value):
    """None for a word of OPEN where the setting can be None; everything else as it is."""
    return None if type(None) in get_args(field.annotation) and str(value).lower() in OPEN else value


def _built(values):
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise InputError(_line(error.errors()[0])) from None


def _line(error):
    """The first error of a validation in one line: which setting, what it is, what it must be."""
    kind, value, context = error["type"], error.get("input"), error.get("ctx", {})
    name = error["loc"][-1] if error["loc"] else ""
    if kind == "value_error":
        return str(context["error"])
    if kind == "extra_forbidden":
        return f"unknown field {name!r} in config.json: it was written by another version"
    if kind == "union_tag_invalid":
        return f"{name}={value['kind']}: {name} must be one of {context['expected_tags'].replace(chr(39), '')}"
    if kind in ("missing", "union_tag_not_found", "model_attributes_type"):
        return f"{name} is missing in config.json: it was written by another version"
    words = {"int_parsing": "a whole number", "int_from_float": "a whole number", "int_type": "a whole number"}
    words |= {"float_parsing": "a number", "float_type": "a number"}
    words |= {"bool_parsing": "true or false", "bool_type": "true or false", "string_type": "a text"}
    if kind in words:
        return f"{name}={value}: {name} is {words[kind]}"
    rules = {
        "literal_error": lambda: "one of " + context["expected"].replace("'", "").replace(" or ", ", "),
        "greater_than": lambda: f"more than {context['gt']:.10g}",
        "greater_than_equal": lambda: f"at least {context['ge']:.10g}",
        "less_than": lambda: f"less than {context['lt']:.10g}",
        "less_than_equal": lambda: f"at most {context['le']:.10g}",
        "multiple_of": lambda: f"a multiple of {context['multiple_of']:.10g}",
        "finite_number": lambda: "finite",
    }
    rule = rules.get(kind, lambda: error["msg"])()
    return f"{name}={value}: {name} must be {rule}"
