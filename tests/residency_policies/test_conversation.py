"""Conversations: lawful homes meet in any order, and no ruling gets better by one member more."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from residency_policies.builtin import BUILTIN_REGIONS, builtin_documents
from residency_policies.bundle import Bundle, compile_bundle
from residency_policies.conversation import (
    OUTCOMES,
    Gathering,
    Homes,
    Law,
    Party,
    Ruling,
    homes,
    judge,
)
from residency_policies.decision import Decision, Question, Viewer, make_decision
from residency_policies.vocabulary import RELATIONS
from tests.residency_policies.support import AT_S, REGION_OF

ALLOWED, DENIED = make_decision("OK", 1, ""), make_decision("FLOOR", 1, "", nearest="another place")
# What nobody has to be asked for.
UNKNOWN = make_decision("UNKNOWN_VALUE", 0, "")
PEOPLE = tuple(Party(relation, code) for relation in ("employee", "guest") for code in ("DE", "US"))
REGIONS = ("r1", "r2", "r3")
# Every point of a small law: (author's jurisdiction, viewer or "" for resting, region).
POINTS = [
    (author, viewer, region)
    for author in ("DE", "US")
    for viewer in ("", *map(str, PEOPLE))
    for region in REGIONS
]  # fmt: skip
SUBSETS = [frozenset(some) for size in range(len(PEOPLE) + 1) for some in combinations(PEOPLE, size)]
GATHERINGS = [Gathering(authors, viewers) for authors in SUBSETS for viewers in SUBSETS]

laws = st.sets(st.sampled_from(POINTS)).map(lambda denied: made(frozenset(denied)))
gatherings = st.sampled_from(GATHERINGS)


def made(denied: frozenset[tuple[str, str, str]]) -> Law:
    """A law that denies these points and allows all others."""

    def rests(author: Party, region: str) -> Decision:
        return DENIED if (author.jurisdiction, "", region) in denied else ALLOWED

    def shows(author: Party, viewer: Party, region: str) -> Decision:
        return DENIED if (author.jurisdiction, str(viewer), region) in denied else ALLOWED

    return Law(rests, shows, REGIONS)


def rank(ruling: Ruling) -> int:
    return OUTCOMES.index(ruling.outcome)


@given(laws, gatherings, gatherings, gatherings)
def test_homes_meet_in_any_order_and_grouping(law: Law, a: Gathering, b: Gathering, c: Gathering) -> None:
    one, two, three = Homes.of(law, a), Homes.of(law, b), Homes.of(law, c)
    assert one.meet(two, law) == two.meet(one, law)
    assert one.meet(two, law).meet(three, law) == one.meet(two.meet(three, law), law)
    assert one.meet(one, law) == one
    assert one.meet(Homes.of(law, Gathering()), law) == one


@given(laws, gatherings, gatherings)
def test_what_meets_is_what_is_judged_at_once(law: Law, a: Gathering, b: Gathering) -> None:
    assert Homes.of(law, a).meet(Homes.of(law, b), law) == Homes.of(law, a | b)


@settings(max_examples=20, deadline=None)
@given(laws)
def test_one_more_member_never_widens_and_one_fewer_never_narrows(law: Law) -> None:
    """For every gathering and every author or viewer added to it."""
    for gathering in GATHERINGS:
        before = homes(law, gathering)
        for someone in PEOPLE:
            assert homes(law, gathering | Gathering(frozenset({someone}))) <= before
            assert homes(law, gathering | Gathering(frozenset(), frozenset({someone}))) <= before


@settings(max_examples=15, deadline=None)
@given(laws, st.booleans(), st.sampled_from(REGIONS))
def test_one_more_member_never_makes_a_ruling_better(law: Law, split: bool, region: str) -> None:
    ranks = {one: rank(judge(law, region, one, split=split)) for one in GATHERINGS}
    for gathering in GATHERINGS:
        for someone in PEOPLE:
            for more in (Gathering(frozenset({someone})), Gathering(frozenset(), frozenset({someone}))):
                assert ranks[gathering | more] >= ranks[gathering]


@given(laws, gatherings, st.booleans())
def test_a_ruling_says_what_it_means(law: Law, gathering: Gathering, split: bool) -> None:
    ruling = judge(law, "r1", gathering, split=split)
    assert set(ruling.homes) == homes(law, gathering)
    assert (ruling.outcome == "here") == ("r1" in ruling.homes)
    speaking = gathering.authors - ruling.silent.keys()
    if ruling.outcome in ("here", "read_only"):
        for author in speaking:
            assert law.rests(author, "r1").allow
            assert all(law.shows(author, viewer, "r1").allow for viewer in gathering.viewers)
    if ruling.outcome == "split":
        assert split
        assert ruling.parts.keys() == gathering.authors
        for author, region in ruling.parts.items():
            assert law.rests(author, region).allow
            assert all(law.shows(author, viewer, region).allow for viewer in gathering.viewers)
    if ruling.outcome in ("read_only", "refused"):
        assert ruling.refusal == DENIED
        assert ruling.nearest
    assert bool(ruling.barred) == (ruling.outcome == "refused")
    for viewer in ruling.barred:
        assert any(not law.shows(author, viewer, "r1").allow for author in speaking)
    assert not ruling.silent or ruling.outcome in ("read_only", "refused")


strange = st.one_of(
    st.builds(Party, st.sampled_from(RELATIONS), st.sampled_from(["ZZ", "QQ", "EEA", ""])),
    st.builds(Party, st.text(max_size=8).filter(lambda word: word not in RELATIONS), st.just("DE")),
)


@given(gatherings, strange, st.booleans())
def test_an_unknown_party_is_refused_where_all_else_is_allowed(
    gathering: Gathering, stranger: Party, writes: bool
) -> None:
    law, one = made(frozenset()), frozenset({stranger})
    more = gathering | (Gathering(one) if writes else Gathering(frozenset(), one))
    assert homes(law, more) == frozenset()
    ruling = judge(law, "r1", more)
    assert ruling.outcome == "refused"
    assert ruling.refusal is not None
    assert ruling.refusal.code == "UNKNOWN_VALUE"
    assert stranger in ruling.barred


@given(laws, gatherings, strange)
def test_a_ruling_with_a_stranger_names_the_homes_of_nobody_and_the_stranger_alone(
    law: Law, gathering: Gathering, stranger: Party
) -> None:
    ruling = judge(law, "r1", gathering | Gathering(frozenset(), frozenset({stranger})))
    assert (ruling.homes, ruling.silent, ruling.parts) == ((), {}, {})
    assert ruling.barred == {stranger: UNKNOWN}
    assert ruling.refusal == UNKNOWN


def test_what_a_law_does_not_know_is_denied_without_asking() -> None:
    asked: list[object] = []

    def never(*point: object) -> Decision:
        asked.append(point)
        return ALLOWED

    law, (known, other), stranger = Law(never, never, REGIONS), PEOPLE[:2], Party("employee", "ZZ")
    for decision in (
        law.rests(stranger, "r1"), law.rests(known, "r9"), law.rests(stranger, "r9"),
        law.shows(stranger, known, "r1"), law.shows(known, stranger, "r1"), law.shows(known, other, "r9"),
    ):  # fmt: skip
        assert decision == UNKNOWN
    assert asked == []
    for _ in range(2):
        assert law.rests(known, "r1") is law.shows(known, other, "r1") is ALLOWED
    assert asked == [(known, "r1"), (known, other, "r1")], "each point is asked for once"


def test_a_region_that_no_law_knows_is_refused() -> None:
    assert judge(made(frozenset()), "elsewhere", Gathering(frozenset(PEOPLE[:1]))).outcome == "refused"


def test_a_party_survives_its_text() -> None:
    assert all(Party.parse(str(one)) == one for one in PEOPLE)
    assert not Party.parse("employee").known
    assert Party.parse("employee:DE:US") == Party("employee", "DE:US")


def test_what_is_closest_is_a_home_for_all_before_homes_for_each() -> None:
    here, there = ("DE", "", "r1"), ("US", "", "r2")
    both = Gathering(frozenset(PEOPLE), frozenset(PEOPLE))
    ruling = judge(made(frozenset({here})), "r1", both)
    assert ruling.nearest == "the conversation in r2 or r3"
    ruling = judge(made(frozenset({here, there, ("DE", "", "r3"), ("US", "", "r3")})), "r1", both)
    assert ruling.nearest.startswith("split by author: employee:DE in r2, employee:US in r1")
    assert judge(made(frozenset({here, there})), "r1", both).nearest == "the conversation in r3"


# ------------------------------------------------------------------------- under the built-in policies

BUNDLE = compile_bundle(Bundle(1, builtin_documents(), BUILTIN_REGIONS), AT_S)


def law_of(country: str) -> Law:
    """What the built-in policies say of a workspace of the country."""

    def ask(author: Party, region: str, op: str, viewer: Viewer) -> Decision:
        profile = BUNDLE.profile_for("T1", country, (author.jurisdiction,))
        can = frozenset({"ledger_entry", "keep_record"})
        return profile.decide(
            Question("T1", BUNDLE.version, op, "message_body", region, region, viewer, "local", can=can)
        )

    def rests(author: Party, region: str) -> Decision:
        return ask(author, region, "store", Viewer("system"))

    def shows(author: Party, viewer: Party, region: str) -> Decision:
        return ask(author, region, "disclose", Viewer(viewer.relation, viewer.jurisdiction))

    return Law(rests, shows, tuple(region.id for region in BUILTIN_REGIONS))


def ruling_of(country: str, *parties: str) -> Ruling:
    everybody = frozenset(map(Party.parse, parties))
    return judge(law_of(country), REGION_OF[country], Gathering(everybody, everybody))


def test_a_colleague_from_the_united_states_writes_in_a_german_workspace() -> None:
    ruling = ruling_of("DE", "employee:DE", "employee:US")
    assert ruling.outcome == "here"
    assert ruling.homes == (REGION_OF["DE"],)


def test_a_guest_from_the_united_states_is_refused_in_a_german_workspace() -> None:
    ruling = ruling_of("DE", "employee:DE", "guest:US")
    assert ruling.outcome == "refused"
    assert list(ruling.barred) == [Party("guest", "US")]
    assert ruling.refusal is not None
    assert ruling.refusal.rule == "floor/eea eea-1-disclose"
    assert "guest in DE" in ruling.nearest


def test_a_colleague_from_germany_reads_and_does_not_write_in_the_united_states() -> None:
    ruling = ruling_of("US", "employee:US", "employee:DE")
    assert ruling.outcome == "read_only"
    assert list(ruling.silent) == [Party("employee", "DE")]
    assert ruling.refusal is not None
    assert ruling.refusal.rule == "floor/eea eea-1"
    assert ruling.nearest.startswith("an instrument of type")
