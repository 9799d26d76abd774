"""Sets are said with blocs and groups, and never mean more or less than they say."""

from residency_policies.analyse.wording import classes_text, places_text, regions_text
from residency_policies.places import ALL_COUNTRIES, blocs
from residency_policies.vocabulary import CLASSES, leaves_of


def test_places_are_said_with_blocs() -> None:
    eea = blocs()["EEA"]
    assert places_text(eea | {"CH"}) == "EEA, CH"
    assert places_text(eea - {"FR"}) == "EEA without FR"
    assert places_text(ALL_COUNTRIES - eea) == "anywhere but EEA, unknown places"
    assert regions_text(ALL_COUNTRIES - {"US"}) == "anywhere but US"
    assert regions_text(ALL_COUNTRIES) == "anywhere"


def test_a_long_list_says_how_many_it_leaves_out() -> None:
    some = sorted(ALL_COUNTRIES - blocs()["EEA"])[::3]
    assert places_text(some[:40]).endswith(" and 30 more")


def test_classes_are_said_with_groups() -> None:
    assert classes_text(CLASSES) == "all"
    assert classes_text({*leaves_of("content"), "presence"}) == "content, presence"
