"""The parts of documents, read against their closed schemas. Used by `document` only."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal

from residency_policies import vocabulary
from residency_policies.model import Adequacy, AppliesTo, AssertedFact, Expectation, Flow, PlacementEntry
from residency_policies.reader import Reader
from residency_policies.yaml_tree import Node

_FLOW_KEYS: Final = (
    "id", "effect", "classes", "ops", "to", "to_not", "viewers", "viewer_countries", "purposes",
    "when", "obligations", "because",
)  # fmt: skip
_CONDITION_KEYS: Final = ("workspace_tag", "channel_tag", "item_tag", "fact")
_TEST_KEYS: Final = (
    "name", "op", "class", "from", "to", "viewer", "viewer_country", "purpose", "tags", "facts",
    "expect", "obligations", "rule",
)  # fmt: skip
_LATER_FLOW: Final = {"using": "transfer instruments", "custody": "custody of keys"}
_LATER_PLACE: Final = {
    "min": "the number of copies",
    "max_age_days": "the age of backups",
    "custody": "the custody of keys",
}


class Parts(Reader):
    """A reader that knows flows, placement entries, facts and expectations."""

    def flow(self, node: Node, floor: bool) -> Flow:
        """A rule of a policy, or of a floor pack, which has citations and mechanisms instead of `unless`."""
        extra = ("unless_any", "unless_all", "citation", "confidence") if floor else ("unless",)
        needs = ("citation", "confidence") if floor else ()
        at = f"{'rules' if floor else 'flows'}.{_id_of(node)}"
        required = ("id", "effect", "classes", "ops", "because", *needs)
        keys = self.mapping(node, at, (*_FLOW_KEYS, *extra), required, _LATER_FLOW)
        effects = ("deny", "require") if floor else ("permit", "deny")
        effect = self.word(keys.get("effect"), f"{at}.effect", effects.__contains__, "effect", effects)
        obligations = self.obligations(keys.get("obligations"), f"{at}.obligations")
        if effect == "deny" and obligations:
            self.fault(
                keys["obligations"],
                "E-TYPE",
                f"{at}.obligations",
                "a deny has no obligations",
                "Remove them.",
            )
        if effect == "require" and not obligations:
            self.fault(node, "E-MISSING", at, "a requirement needs obligations", "Name one.")
        if "to" in keys and "to_not" in keys:
            self.fault(keys["to_not"], "E-TYPE", f"{at}.to_not", "stands beside to", "Keep one of them.")
        if effect == "permit" and "to" not in keys and "to_not" not in keys:
            self.fault(node, "E-MISSING", at, "a permit needs to or to_not", "Say where the flow may go.")
        unless, mechanisms = self._exceptions(keys, at)
        ops, rel = vocabulary.OPERATIONS, vocabulary.RELATIONS
        return Flow(
            id=self.text(keys.get("id"), f"{at}.id", "id"),
            effect=_effect(effect),
            classes=self.classes(keys.get("classes"), f"{at}.classes"),
            ops=self.words(keys.get("ops"), f"{at}.ops", ops.__contains__, "operation", ops, 1),
            because=self.text(keys.get("because"), f"{at}.because"),
            to=self.countries(keys.get("to"), f"{at}.to"),
            to_not=self.countries(keys.get("to_not"), f"{at}.to_not"),
            viewers=self.words(
                keys.get("viewers"), f"{at}.viewers", rel.__contains__, "relation of viewers", rel, 1
            ),
            viewer_countries=self.countries(keys.get("viewer_countries"), f"{at}.viewer_countries", zz=True),
            purposes=self.words(
                keys.get("purposes"), f"{at}.purposes", vocabulary.PURPOSES.__contains__, "purpose",
                vocabulary.PURPOSES, 1,
            ),
            when=self.condition(keys.get("when"), f"{at}.when"),
            unless_any=unless,
            mechanisms=mechanisms,
            obligations=obligations,
            citation=self.text(keys.get("citation"), f"{at}.citation"),
            confidence=self.confidence(keys.get("confidence"), f"{at}.confidence"),
            line=node.line,
        )  # fmt: skip

    def _exceptions(
        self, keys: dict[str, Node], at: str
    ) -> tuple[tuple[frozenset[str], ...], tuple[str, ...]]:
        groups: list[frozenset[str]] = []
        mechanisms: tuple[str, ...] = ()
        if "unless" in keys:
            groups.append(self.condition(keys["unless"], f"{at}.unless"))
        if "unless_all" in keys:
            facts = self.words(keys["unless_all"], f"{at}.unless_all", _is_fact, "fact", _FACTS, 1)
            groups.append(frozenset(facts))
        if "unless_any" in keys:
            words = self.words(
                keys["unless_any"], f"{at}.unless_any",
                lambda word: _is_fact(word) or word in vocabulary.MECHANISMS, "mechanism or fact",
                (*_FACTS, *vocabulary.MECHANISMS), 1,
            )  # fmt: skip
            mechanisms = tuple(word for word in words if word in vocabulary.MECHANISMS)
            groups.extend(frozenset({word}) for word in words if word not in vocabulary.MECHANISMS)
        # An empty group comes from a fault that is already recorded; it must not read as "always".
        return tuple(group for group in groups if group), mechanisms

    def condition(self, node: Node | None, at: str) -> frozenset[str]:
        """Literals that must all hold; a key takes one word or a list of them."""
        if node is None:
            return frozenset()
        literals: set[str] = set()
        keys = self.mapping(node, at, _CONDITION_KEYS)
        if isinstance(node.value, dict) and not node.value:
            self.fault(node, "E-MISSING", at, "the condition is empty", "Remove it or name a fact.")
        for key, child in keys.items():
            for part in child.value if isinstance(child.value, list) else [child]:
                if key == "fact":
                    literals.add(self.word(part, f"{at}.fact", _is_fact, "fact", _FACTS))
                elif tag := self.text(part, f"{at}.{key}", "id"):
                    literals.add(f"{key}:{tag}")
            if child.value == []:
                self.fault(child, "E-MISSING", f"{at}.{key}", "the list is empty", "Name one.")
        return frozenset(literals - {""})

    def classes(self, node: Node | None, at: str) -> tuple[str, ...]:
        """Classes, groups or aliases."""
        words = vocabulary.CLASS_WORDS
        return self.words(node, at, words.__contains__, "data class", words, 1)

    def obligations(self, node: Node | None, at: str) -> tuple[str, ...]:
        """Names of obligations."""
        return self.words(node, at, vocabulary.OBLIGATIONS.__contains__, "obligation", vocabulary.OBLIGATIONS)

    def confidence(self, node: Node | None, at: str) -> str:
        """How sure the source is."""
        levels = ("high", "medium", "low")
        return self.word(node, at, levels.__contains__, "level of confidence", levels)

    def placement(self, node: Node) -> PlacementEntry:
        """Where classes rest."""
        at = f"placement.{_id_of(node)}"
        keys = self.mapping(
            node, at, ("id", "classes", "primary", "replicas", "backups", "keys", "because"),
            ("id", "classes", "primary", "because"), {"order": "the order of first writes"},
        )  # fmt: skip

        def places(key: str) -> tuple[str, ...]:
            if key not in keys:
                return ()
            inner = self.mapping(keys[key], f"{at}.{key}", ("in",), ("in",), _LATER_PLACE)
            return self.countries(inner.get("in"), f"{at}.{key}.in")

        return PlacementEntry(
            id=self.text(keys.get("id"), f"{at}.id", "id"),
            classes=self.classes(keys.get("classes"), f"{at}.classes"),
            primary=places("primary"),
            because=self.text(keys.get("because"), f"{at}.because"),
            replicas=places("replicas"),
            backups=places("backups"),
            keys=places("keys"),
            line=node.line,
        )

    def asserted(self, node: Node) -> AssertedFact:
        """A fact with its owner, end and evidence."""
        at = f"facts.{_id_of(node)}"
        required = ("id", "owner", "until", "evidence", "because")
        keys = self.mapping(node, at, required, required)
        known = vocabulary.ASSERTED_FACTS
        return AssertedFact(
            id=self.word(
                keys.get("id"), f"{at}.id", known.__contains__, "fact that a document can assert", known
            ),
            owner=self.text(keys.get("owner"), f"{at}.owner"),
            until_s=self.instant(keys.get("until"), f"{at}.until") or 0,
            evidence=self.text(keys.get("evidence"), f"{at}.evidence"),
            because=self.text(keys.get("because"), f"{at}.because"),
            line=node.line,
        )

    def adequacy(self, node: Node) -> Adequacy:
        """A recognised destination."""
        keys = self.mapping(
            node, "adequacy", ("to", "since", "until", "fact", "citation", "scope"), ("to", "citation")
        )
        self.text(keys.get("citation"), "adequacy.citation")
        self.text(keys.get("scope"), "adequacy.scope")
        if "scope" in keys and "fact" not in keys:
            self.fault(keys["scope"], "E-MISSING", "adequacy.scope", "a scope needs the fact that proves it")
        known = vocabulary.ASSERTED_FACTS
        return Adequacy(
            to=self.country(keys.get("to"), "adequacy.to"),
            since_s=self.instant(keys.get("since"), "adequacy.since"),
            until_s=self.instant(keys.get("until"), "adequacy.until"),
            fact=self.word(keys.get("fact"), "adequacy.fact", known.__contains__, "fact", known),
        )

    def applies(self, node: Node | None, at: str, floor: bool) -> AppliesTo:
        """Whom the document is for; a policy names one establishment, a floor may name several places."""
        if node is None:
            return AppliesTo()
        keys = self.mapping(
            node, at, ("establishment", "subjects", "tags", "region" if floor else "workspaces")
        )
        if floor:
            establishment = self.countries(keys.get("establishment"), f"{at}.establishment")
        else:
            country = self.country(keys.get("establishment"), f"{at}.establishment", bloc=False)
            establishment = (country,) if country else ()
        tags = [self.text(part, f"{at}.tags", "id") for part in self.items(keys.get("tags"), f"{at}.tags")]
        spaces = [
            self.text(p, f"{at}.workspaces", "id")
            for p in self.items(keys.get("workspaces"), f"{at}.workspaces")
        ]
        return AppliesTo(
            workspaces=tuple(sorted(set(spaces) - {""})),
            establishment=establishment,
            subjects=self.countries(keys.get("subjects"), f"{at}.subjects"),
            tags=tuple(sorted(set(tags) - {""})),
            region=self.countries(keys.get("region"), f"{at}.region"),
        )

    def effective(self, node: Node | None) -> int | None:
        """Start of validity; an end is refused, because nothing would take the policy's place."""
        if node is None:
            return None
        keys = self.mapping(
            node, "metadata.effective", ("from",), ("from",), {"until": "the end of a policy"}
        )
        return self.instant(keys.get("from"), "metadata.effective.from")

    def expectation(self, node: Node) -> Expectation:
        """One line under `tests`; the viewer is at the destination unless `viewer_country` says otherwise."""
        keys = self.mapping(
            node, "tests", _TEST_KEYS, ("name", "op", "class", "from", "to", "viewer", "expect")
        )
        name = self.text(keys.get("name"), "tests.name")
        at = f"tests.{name}"

        def word(key: str, known: Sequence[str], what: str, default: str = "") -> str:
            return self.word(keys.get(key), f"{at}.{key}", known.__contains__, what, known) or default

        tags = [self.text(part, f"{at}.tags", "id") for part in self.items(keys.get("tags"), f"{at}.tags")]
        facts = self.words(
            keys.get("facts"),
            f"{at}.facts",
            vocabulary.is_observable,
            "fact of a question",
            vocabulary.OBSERVED_FACTS,
        )
        to = self.country(keys.get("to"), f"{at}.to", bloc=False)
        listed = keys.get("obligations")
        return Expectation(
            name=name,
            op=word("op", vocabulary.OPERATIONS, "operation"),
            data_class=word("class", vocabulary.CLASSES, "data class"),
            src=self.country(keys.get("from"), f"{at}.from", bloc=False),
            dst=to,
            viewer=word("viewer", vocabulary.RELATIONS, "relation of viewers"),
            viewer_country=self.country(
                keys.get("viewer_country"), f"{at}.viewer_country", zz=True, bloc=False
            )
            or to,
            purpose=word("purpose", vocabulary.PURPOSES, "purpose", "local"),
            facts=frozenset(facts)
            | {f"{prefix}:{tag}" for tag in tags for prefix in vocabulary.TAG_FACTS if tag},
            allow=word("expect", ("allow", "deny"), "expectation") == "allow",
            obligations=self.obligations(listed, f"{at}.obligations") if listed is not None else None,
            rule=self.text(keys.get("rule"), f"{at}.rule"),
            line=node.line,
        )

    def distinct(self, node: Node | None, at: str, ids: Iterable[str]) -> None:
        """Refuse the same id twice in one list."""
        seen: set[str] = set()
        for one in ids:
            if one and one in seen and node is not None:
                self.fault(node, "E-DUPLICATE", at, f'"{one}" stands twice', "Rename one.")
            seen.add(one)

    def distinct_rules(self, lists: Iterable[tuple[Node | None, Sequence[Flow | PlacementEntry]]]) -> None:
        """Refuse the same clause id twice in one document."""
        seen: set[str] = set()
        for node, rules in lists:
            parts = self.items(node, "") if node is not None else []
            for part, rule in zip(parts, rules, strict=False):
                if rule.id and rule.id in seen:
                    self.fault(part, "E-DUPLICATE", rule.id, f'"{rule.id}" stands twice', "Rename one.")
                seen.add(rule.id)


_FACTS: Final = (*vocabulary.ASSERTED_FACTS, *vocabulary.OBSERVED_FACTS)
_is_fact: Callable[[str], bool] = _FACTS.__contains__


def _effect(word: str) -> Literal["permit", "deny", "require"]:
    return "permit" if word == "permit" else "require" if word == "require" else "deny"


def _id_of(node: Node) -> str:
    part = node.value.get("id") if isinstance(node.value, dict) else None
    return part.value[:40] if part is not None and isinstance(part.value, str) else "?"
