"""From parts of documents, already in the shapes of the grammar, to values of the model; what a shape cannot
say is checked here. Used by `document` only.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from residency_policies import model, vocabulary
from residency_policies.claims import MAY, NEEDS, Claim
from residency_policies.reader import Part, Reader


class Parts(Reader):
    """A reader that knows rules, placement entries, facts, instruments and expectations."""

    def flow(self, part: Part) -> model.Flow:
        """A rule of a policy, or of a pack, which has citations and mechanisms instead of `unless`."""
        effect = part.text("effect")
        if effect == "deny" and part.texts("obligations"):
            self._wrong(part, "obligations", "E-TYPE", "a deny has no obligations", "Remove them.")
        if effect == "require" and not part.texts("obligations"):
            self.fault(part.node, "E-MISSING", part.path, "a requirement needs obligations", "Name one.")
        if "to" in part and "to_not" in part:
            self._wrong(part, "to_not", "E-TYPE", "stands beside to", "Keep one of them.")
        if effect == "permit" and "to" not in part and "to_not" not in part:
            self.fault(
                part.node, "E-MISSING", part.path, "a permit needs to or to_not", "Say where the flow may go."
            )
        if effect == "deny" and "using" in part:
            self._wrong(part, "using", "E-TYPE", "a deny has no instruments", "Remove them.")
        if effect != "deny" and ("unless_any" in part or "unless_all" in part):
            key = "unless_any" if "unless_any" in part else "unless_all"
            self._wrong(part, key, "E-TYPE", "only a deny can be lifted", "Use when.")
        return model.Flow(
            id=part.text("id"),
            effect=_effect(effect),
            classes=part.texts("classes"),
            ops=part.texts("ops"),
            because=part.text("because"),
            to=part.texts("to"),
            to_not=part.texts("to_not"),
            viewers=part.texts("viewers"),
            viewer_countries=part.texts("viewer_countries"),
            purposes=part.texts("purposes"),
            when=part.literals("when"),
            unless=_exempts(part),
            obligations=part.texts("obligations"),
            using=part.texts("using"),
            citation=part.text("citation"),
            confidence=part.text("confidence"),
            last_checked_s=part.number("last_checked"),
            at=part.at,
        )

    def placement(self, part: Part) -> model.PlacementEntry:
        """Where classes rest."""
        replicas, backups, keys = part.part("replicas"), part.part("backups"), part.part("keys")
        return model.PlacementEntry(
            id=part.text("id"),
            classes=part.texts("classes"),
            primary=part.part("primary").texts("in"),
            because=part.text("because"),
            replicas=replicas.texts("in"),
            replicas_min=replicas.number("min") or 0,
            backups=backups.texts("in"),
            backups_max_age_days=backups.number("max_age_days"),
            keys=keys.texts("in"),
            custody=keys.text("custody"),
            primary_first=part.text("order") == "primary_first",
            at=part.at,
        )

    def retention(self, part: Part) -> model.Retention:
        """How long classes are kept."""
        low, high = part.number("min_days"), part.number("max_days")
        if "min_days" not in part and "max_days" not in part:
            self.fault(part.node, "E-MISSING", part.path, "says neither min_days nor max_days", "Add one.")
        if low is not None and high is not None and low > high:
            self.fault(part.node, "E-RETENTION", part.path, f"keeps at least {low} and at most {high} days")
        classes = part.texts("classes")
        return model.Retention(
            id=part.text("id") or "retention." + "+".join(classes)[:100],
            classes=classes,
            min_days=low,
            max_days=high,
            after=part.text("after") or vocabulary.RETENTION_STARTS[0],
            because=part.text("because"),
            citation=part.text("citation"),
            confidence=part.text("confidence"),
            at=part.at,
        )

    def instrument(self, part: Part) -> model.Instrument:
        """A transfer instrument."""
        valid, evidence = part.part("valid"), part.part("evidence")
        from_s, until_s = valid.number("from"), valid.number("until") or 0
        if from_s is not None and until_s and from_s >= until_s:
            self.fault(valid.node, "E-TYPE", f"{part.path}.valid", "ends before it begins")
        kinds = ("tia", "filing", "ref", "sha256")
        return model.Instrument(
            id=part.text("id"),
            type=part.text("type"),
            citation=part.text("citation"),
            importer=part.text("importer"),
            to=part.texts("to"),
            classes=part.texts("classes"),
            ops=part.texts("ops"),
            until_s=until_s,
            from_s=from_s,
            occasional=part.flag("occasional"),
            evidence=tuple((kind, evidence.text(kind)) for kind in sorted(kinds) if evidence.text(kind)),
            at=part.at,
        )

    def asserted(self, part: Part) -> model.AssertedFact:
        """A fact with its owner, end and evidence."""
        return model.AssertedFact(
            part.text("id"),
            part.text("owner"),
            part.number("until") or 0,
            part.text("evidence"),
            part.text("because"),
            part.at,
        )

    def adequacy(self, part: Part) -> model.Adequacy:
        """A recognised destination."""
        if "scope" in part and "fact" not in part:
            self._wrong(part, "scope", "E-MISSING", "a scope needs the fact that proves it")
        return model.Adequacy(
            part.text("to"),
            part.number("since"),
            part.number("until"),
            part.text("fact"),
            part.text("citation"),
        )

    def expectation(self, part: Part) -> model.Expectation:
        """One line under `tests`; the viewer is at the destination unless `viewer_country` says otherwise."""
        tags = {f"{prefix}:{tag}" for tag in part.texts("tags") for prefix in vocabulary.TAG_FACTS}
        return model.Expectation(
            name=part.text("name"),
            op=part.text("op"),
            data_class=part.text("class"),
            src=part.text("from"),
            dst=part.text("to"),
            viewer=part.text("viewer"),
            viewer_country=part.text("viewer_country") or part.text("to"),
            purpose=part.text("purpose") or "local",
            facts=frozenset(part.texts("facts")) | tags,
            allow=part.text("expect") == "allow",
            obligations=part.texts("obligations") if "obligations" in part else None,
            rule=part.text("rule"),
            at=part.at,
        )

    def claim(self, part: Part) -> Claim:
        """One line under `proofs`: each kind needs some keys, and others have no meaning in it."""
        kind = part.text("claim")
        needed = {word for key in NEEDS.get(kind, ()) for word in key.split("|")}
        for key in NEEDS.get(kind, ()):
            if not any(word in part for word in key.split("|")):
                sentence = f"a claim {kind} needs {key.replace('|', ' or ')}"
                self.fault(part.node, "E-MISSING", part.path, sentence, "Add it.")
        for key in ("from", "to", "to_not", "home", "ops", "obligations", "instrument"):
            if kind and key in part and key not in {*needed, *MAY.get(kind, ())}:
                self._wrong(part, key, "E-KEY", f"has no meaning in a claim {kind}", "Remove it.")
        if "to" in part and "to_not" in part:
            self._wrong(part, "to_not", "E-TYPE", "stands beside to", "Keep one of them.")
        for key in ("assume", "assume_not"):
            if not all(map(vocabulary.is_observable, part.literals(key))):
                self._wrong(part, key, "E-TYPE", "only facts of a question can be assumed", "Remove it.")
        return Claim(
            id=part.text("id"),
            kind=kind,
            classes=part.texts("classes"),
            src=part.texts("from"),
            to=part.texts("to"),
            to_not=part.texts("to_not"),
            ops=part.texts("ops"),
            obligations=part.texts("obligations"),
            instrument=part.text("instrument"),
            home=part.texts("home"),
            assume=part.literals("assume"),
            assume_not=part.literals("assume_not"),
            at=part.at,
        )

    def distinct(self, parts: Iterable[Part], ids: Sequence[str]) -> None:
        """Refuse the same id twice among parts of one document."""
        seen: set[str] = set()
        for part, one in zip(parts, ids, strict=True):
            if one and one in seen:
                self.fault(part.node, "E-DUPLICATE", part.path, f'"{one}" stands twice', "Rename one.")
            seen.add(one)

    def _wrong(self, part: Part, key: str, code: str, sentence: str, suggestion: str = "") -> None:
        self.fault(part.place(key), code, f"{part.path}.{key}", sentence, suggestion)


def applies(part: Part) -> model.AppliesTo:
    """Whom a document is for; a policy names one establishment, a pack may name several places."""
    country = part.text("establishment")
    return model.AppliesTo(
        workspaces=part.texts("workspaces"),
        channels=part.texts("channels"),
        establishment=(country,) if country else part.texts("establishment"),
        subjects=part.texts("subjects"),
        tags=part.texts("tags"),
        region=part.texts("region"),
    )


def mechanism(part: Part) -> model.Mechanism:
    """What a law demands of instruments of a type."""
    needs, occasional = part.texts("needs"), part.flag("occasional")
    return model.Mechanism(part.text("type"), part.text("citation"), needs, occasional)


def deadline(part: Part) -> model.Deadline:
    """Within what time something is due."""
    text = part.text
    return model.Deadline(
        text("duty"), part.number("amount"), text("unit"), text("starts"), text("note"), text("citation"),
        text("confidence"),
    )  # fmt: skip


def _exempts(part: Part) -> tuple[model.Exempt, ...]:
    """Exceptions of a rule. An empty group comes from a fault that is recorded; it never reads as always."""
    groups = [frozenset({word}) for word in part.texts("unless_any")]
    groups += [frozenset(part.texts("unless_all")), part.literals("unless")]
    known = frozenset(vocabulary.MECHANISMS)
    exempts = {
        model.Exempt(frozenset(group - known), tuple(sorted(group & known))) for group in groups if group
    }
    return tuple(sorted(exempts, key=lambda one: (sorted(one.facts), one.mechanisms)))


def _effect(word: str) -> Literal["permit", "deny", "require"]:
    return "permit" if word == "permit" else "require" if word == "require" else "deny"
