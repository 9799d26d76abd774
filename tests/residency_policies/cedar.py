"""Stacks and questions in the words of Cedar, written anew from the meaning of places: an oracle for the
effect.
"""

from dataclasses import replace

from residency_policies.builtin import BUILTIN_REGIONS
from residency_policies.decision import Question
from residency_policies.rule import Ground, Rule
from residency_policies.stack import Stack
from residency_policies.vocabulary import SHOWING

COUNTRY = {region.id: region.country for region in BUILTIN_REGIONS}


def condition(rule: Rule) -> str:
    """One rule as a condition over the context of a request."""
    region, person = member(rule.places, "dst"), member(rule.places, "country")
    if rule.viewer_countries is not None:
        covered = [f"!({reaching(ground, 'country')})" for ground in rule.grounds]
        place = "(" + " && ".join([region, member(rule.viewer_countries, "country"), *covered]) + ")"
    elif rule.places is None:
        place = "true"
    elif rule.liftable:
        bare = [f"!({reaching(ground, key)})" for key in ("dst", "country") for ground in rule.grounds]
        half = len(bare) // 2
        by_region = " && ".join([region, *bare[:half]])
        by_viewer = " && ".join(["context.shown", person, *bare[half:]])
        place = f"(({by_region}) || ({by_viewer}))"
    elif rule.effect == "permit":
        place = f"({region} && (!context.shown || {person}))"
    else:
        place = f"({region} || (context.shown && {person}))"
    parts = [member(rule.ops, "op"), member(rule.classes, "class"), member(rule.src, "src")]
    parts += [member(rule.viewers, "relation"), member(rule.purposes, "purpose"), place]
    parts += [holds(rule.when)] if rule.when else []
    parts += [f"!{holds(group)}" for group in rule.unless]
    return " && ".join(parts)


def member(words: frozenset[str] | None, key: str) -> str:
    """Whether a value of the context is one of the words."""
    if words is None:
        return "true"
    listed = ", ".join(f'"{word}"' for word in sorted(words))
    return f"[{listed}].contains(context.{key})"


def holds(group: frozenset[str]) -> str:
    """Whether all facts are stated."""
    return "(" + " && ".join(f'context.facts.contains("{fact}")' for fact in sorted(group)) + ")"


def reaching(ground: Ground, key: str) -> str:
    """Whether a ground reaches the place under a key of the context."""
    parts = [member(ground.places, key), member(ground.ops, "op"), member(ground.classes, "class")]
    return " && ".join(parts + ([holds(ground.when)] if ground.when else []))


def policies(stack: Stack) -> str:
    """The rules of a stack that permit or forbid, as a policy set."""
    return "\n".join(
        f"{'permit' if rule.effect == 'permit' else 'forbid'}(principal, action, resource) "
        f"when {{ {condition(rule)} }};"
        for rule in stack.rules
        if rule.effect in ("permit", "deny")
    )


def layers(stack: Stack) -> list[str]:
    """One policy set for each layer: all have to allow. An open one permits what it does not forbid."""
    texts = []
    for layer in stack.layers:
        rules = tuple(rule for rule in stack.rules if rule.layer == layer.number)
        text = policies(replace(stack, rules=rules))
        texts.append(text if layer.closed else f"{text}\npermit(principal, action, resource);")
    return texts


def request(asked: Question) -> dict[str, object]:
    """A question as a request."""
    return {
        "principal": 'P::"x"',
        "action": 'Action::"a"',
        "resource": 'R::"x"',
        "context": {
            "op": asked.op,
            "class": asked.data_class,
            "src": COUNTRY[asked.src],
            "dst": COUNTRY[asked.dst],
            "relation": asked.viewer.relation,
            "country": asked.viewer.country,
            "purpose": asked.purpose,
            "facts": sorted(asked.facts),
            "shown": asked.op in SHOWING and asked.viewer.relation != "system",
        },
    }
