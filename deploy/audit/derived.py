"""A13: what is derived equals what it is derived from, once everything has come to rest.

    no search finds what was deleted before it began                                                 I15
    a last search of a word finds the messages that a last read shows with it, no more, no fewer     I15
    a last count of unread messages is the number of those that a last read shows behind the mark    I15
    the mark stands where it was acknowledged last                                                   I01

Words are what stands between blanks of a text. Operations with `final` are those that were made at rest.
"""

from collections import defaultdict
from collections.abc import Iterator

from deploy.audit.history import Operation
from deploy.audit.index import POSTS, Index
from deploy.audit.verdict import Violation, lines_of

Read = tuple[Operation, list[list[str]]]


def check_derived(index: Index) -> Iterator[Violation]:
    """A13."""
    last = _last_reads(index)
    for search in index.history.of("search"):
        if search.outcome == "ok":
            yield from _check_deleted(index, search)
            if search.more.get("final"):
                yield from _check_found(last, search)
    for count in index.history.of("count"):
        if count.outcome == "ok" and count.more.get("final"):
            yield from _check_count(index, last.get((count.user, count.channel)), count)
            yield from _check_mark(index, count)


def _last_reads(index: Index) -> dict[tuple[str, str], Read]:
    """What the pages of each user's last reads show of each channel, threads included."""
    last: dict[tuple[str, str], Read] = {}
    for read in index.history.of("read"):
        if read.outcome == "ok" and read.more.get("final"):
            known = last.setdefault((read.user, read.channel), (read, []))
            known[1].extend(read.more.get("items", ()))
    return last


def _check_deleted(index: Index, search: Operation) -> Iterator[Violation]:
    for channel, ts, *_ in search.more.get("items", ()):
        message = index.places[channel].get(ts)
        deleted = message.deleted if message is not None else None
        if message is not None and deleted is not None and deleted.ended_s < search.began_s:
            what = f"{message.name} is found after its delete was acknowledged"
            yield Violation("I15", "A13", what, channel, ts, lines_of(deleted, search))


def _check_found(last: dict[tuple[str, str], Read], search: Operation) -> Iterator[Violation]:
    found: dict[str, set[str]] = defaultdict(set)
    for channel, ts, *_ in search.more.get("items", ()):
        found[channel].add(ts)
    cells = search.more.get("cells") or {}
    whole = bool(cells) and all(state in ("complete", "empty") for state in cells.values())
    for (user, channel), (read, items) in last.items():
        if user != search.user:
            continue
        wanted = {ts for ts, _, value, *_ in items if search.value in value.split()}
        for ts in sorted(found[channel] - wanted):
            what = f"a search finds {ts}, which no read shows with that word"
            yield Violation("I15", "A13", what, channel, ts, lines_of(read, search))
        if whole and not search.more.get("more"):
            for ts in sorted(wanted - found[channel]):
                what = f"a search that calls itself complete does not find {ts}"
                yield Violation("I15", "A13", what, channel, ts, lines_of(read, search))


def _check_count(index: Index, last: Read | None, count: Operation) -> Iterator[Violation]:
    if last is None:
        return
    read, items = last
    mark, places = str(count.more.get("last_read", "")), index.places[count.channel]
    behind = {item[0] for item in items if item[0] > mark}
    authors = {ts: places[ts].sends[0].user for ts in behind if ts in places and not places[ts].thread}
    unread = sum(user != count.user for user in authors.values())
    if unread != count.more.get("unread"):
        what = (
            f"{count.user} has {count.more.get('unread')} unread messages, and reads {unread} behind the mark"
        )
        yield Violation("I15", "A13", what, count.channel, "", lines_of(read, count))


def _check_mark(index: Index, count: Operation) -> Iterator[Violation]:
    marks = [
        mark
        for mark in index.history.of("mark")
        if (mark.user, mark.channel) == (count.user, count.channel) and mark.outcome != "fail"
    ]
    posts = [
        post
        for post in index.history.of(*POSTS)
        if (post.user, post.channel) == (count.user, count.channel) and post.outcome != "fail"
    ]
    if not marks:
        return
    newest = marks[-1]
    settled = newest.outcome == "ok" and newest.ended_s < count.began_s
    # An own message moves the mark too.
    others = [*marks[:-1], *(one for one in posts if one.latest_s > newest.began_s)]
    alone = all(other.latest_s < newest.began_s for other in others)
    if settled and alone and newest.ts != count.more.get("last_read"):
        what = (
            f"{count.user} marked {newest.ts} as read, and the mark stands at {count.more.get('last_read')}"
        )
        yield Violation("I01", "A13", what, count.channel, newest.ts, lines_of(newest, count))
