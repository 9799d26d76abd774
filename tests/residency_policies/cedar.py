"""Stacks and questions in the words of Cedar, written anew from the meaning of places: an oracle for the
effect.
"""

from residency_policies.builtin import BUILTIN_REGIONS
from residency_policies.decision import Question
from residency_policies.stack import Rule, Stack
from residency_policies.vocabulary import SHOWING

COUNTRY = {region.id: region.country for region in BUILTIN_REGIONS}


def condition(rule: Rule) -> str:
    """One rule as a condition over the context of a request."""

    def member(words: frozenset[str] | None, key: str) -> str:
        if words is None:
            return "true"
        listed = ", ".join(f'"{word}"' for word in sorted(words))
        return f"[{listed}].contains(context.{key})"

    def holds(group: frozenset[str]) -> str:
        return "(" + " && ".join(f'context.facts.contains("{fact}")' for fact in sorted(group)) + ")"

    region, person = member(rule.places, "dst"), member(rule.places, "country")
    if rule.viewer_countries is not None:
        place = f"({region} && {member(rule.viewer_countries, 'country')})"
    elif rule.places is None:
        place = "true"
    elif rule.effect == "permit":
        place = f"({region} && (!context.shown || {person}))"
    else:
        place = f"({region} || (context.shown && {person}))"
    parts = [member(rule.ops, "op"), member(rule.classes, "class"), member(rule.src, "src")]
    parts += [member(rule.viewers, "relation"), member(rule.purposes, "purpose"), place]
    parts += [holds(rule.when)] if rule.when else []
    parts += [f"!{holds(group)}" for group in rule.unless]
    return " && ".join(parts)


def policies(stack: Stack) -> str:
    """The rules of a stack that permit or forbid, as a policy set."""
    return "\n".join(
        f"{'permit' if rule.effect == 'permit' else 'forbid'}(principal, action, resource) "
        f"when {{ {condition(rule)} }};"
        for rule in stack.rules
        if rule.effect != "require"
    )


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
