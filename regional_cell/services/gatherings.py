"""Who may gather in which conversation, by the policies in force: at each change, and anew when they change.

Invariants
    1. Every structural command of every process passes `ruled` before it is numbered.
    2. Of each bundle, and of each time at which one begins to say something else, all conversations of all
       workspaces are ruled on once; a workspace that fails holds up no other and is tried again.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from accord.errors import ColinkError, WithheldError
from regional_cell.domain.commands.rulings import told
from regional_cell.domain.decisions import Decided
from regional_cell.domain.enforcement import CONVERSATION_DISCLOSE, CONVERSATION_STORE
from regional_cell.domain.gatherings import Rebound, Stage, bound_of, rebind, ruled
from regional_cell.domain.state import State
from regional_cell.ports.commits import Commits
from regional_cell.ports.crossings import Egress, Policies, PolicyFacts
from regional_cell.ports.log import Log
from regional_cell.ports.views import Views
from residency_policies.conversation import Law, Party
from residency_policies.decision import Decision, Viewer
from residency_policies.points import Flow

LAWS_MAX = 10_000
FOREVER_S = 2**62
# outcome: of each ruling that changed, and of each command that was refused.
Counted = Callable[[str], None]
# (workspace, channel, rule): a conversation that became unlawful.
Unlawful = Callable[[str, str, str], None]


class Gatherings:
    """Rules for this process; `walk` is called by the one that leads.

    Args:
        counted, unlawful: told of what came of it.
        draw_id: draws a fresh id of a prefix.
    """

    def __init__(
        self, commits: Commits, log: Log, views: Views, egress: Egress, policies: Policies,
        draw_id: Callable[[str], str], counted: Counted, unlawful: Unlawful,
    ) -> None:  # fmt: skip
        self._commits, self._log, self._views = commits, log, views
        self._egress, self._policies, self._draw_id = egress, policies, draw_id
        self._counted, self._unlawful = counted, unlawful
        self._laws: dict[tuple[str, PolicyFacts], Law] = {}
        self._laws_of = self._walked = Stage(-1, 0)

    @property
    def region(self) -> str:
        """As `domain.gatherings.Bench`."""
        return self._egress.here.region

    @property
    def walked(self) -> Stage:
        """The policies under which all conversations were last ruled on."""
        return self._walked

    @property
    def stage(self) -> Stage:
        """As `domain.gatherings.Bench`."""
        bundle = self._policies.bundle()
        if bundle is None:
            return Stage(0, 0)
        until_s = bundle.valid_until_s
        return Stage(bundle.version, FOREVER_S if until_s is None else until_s)

    def law(self, state: State) -> Law:
        """As `domain.gatherings.Bench`."""
        if (stage := self.stage) != self._laws_of or len(self._laws) >= LAWS_MAX:
            self._laws.clear()
            self._laws_of = stage
        row = state.row("workspaces") or {}
        content = row["content"]
        facts = PolicyFacts(row["establishment"], tuple(content["subjects"]), tuple(content["tags"]))
        law = self._laws.get((state.resident, facts))
        if law is None:
            law = self._laws[state.resident, facts] = self._law(state.resident, facts)
        return law

    def _law(self, workspace: str, facts: PolicyFacts) -> Law:
        bundle = self._policies.bundle()
        listed = () if bundle is None else bundle.bundle.regions
        regions = tuple(sorted({self.region, *(region.id for region in listed)}))

        return Law(partial(self._rests, workspace, facts), partial(self._shows, workspace, facts), regions)

    def _rests(self, workspace: str, facts: PolicyFacts, author: Party, region: str) -> Decision:
        flow = Flow(workspace, region, region, Viewer("system"))
        return self._egress.check(CONVERSATION_STORE, flow, _of(facts, author))

    def _shows(
        self, workspace: str, facts: PolicyFacts, author: Party, viewer: Party, region: str
    ) -> Decision:
        flow = Flow(workspace, region, region, Viewer(viewer.relation, viewer.jurisdiction))
        return self._egress.check(CONVERSATION_DISCLOSE, flow, _of(facts, author))

    def ruled(self, state: State, decided: Decided, principal: str) -> Decided:
        """See `domain.gatherings.ruled`."""
        try:
            done = ruled(state, decided, principal, self)
        except WithheldError:
            self._counted("refused")
            raise
        for draft in done.drafts[len(decided.drafts) :]:
            self._counted(draft.payload["outcome"])
        return done

    async def begin(self) -> None:
        """Walk before anybody is served: it compiles tables, and who comes back would wait for them. What
        fails here is for the walks that follow.
        """
        with suppress(ColinkError):
            await self.walk()

    async def walk(self) -> None:
        """Rule anew on what was last ruled on under other policies. Called every second.

        Raises the last failure, once everything else was done.
        """
        stage, failure = self.stage, None
        if stage == self._walked or stage.bundle == 0:
            return
        for record in await self._log.residents():
            if record.resident[0] != "T":
                continue
            try:
                row = await self._views.row(record.resident, "workspaces", ())
                if row is not None and bound_of(row) < stage:
                    await self._rebind(record.resident)
            except ColinkError as error:
                failure = error
        if failure is not None:
            raise failure
        self._walked = stage

    async def _rebind(self, workspace: str) -> None:
        done = await self._commits.commit(
            workspace,
            lambda state, _: rebind(state, self, lambda at, drafts: told(at, drafts, self._draw_id)),
            principal="",
        )
        rebound: Rebound = done.answer
        for channel, ruling in rebound.changed:
            self._counted(ruling["outcome"])
            if ruling["outcome"] == "refused":
                self._unlawful(workspace, channel, ruling["rule"])


def _of(facts: PolicyFacts, author: Party) -> PolicyFacts:
    """The facts by which content of the author is judged: the workspace's, and the author's own law."""
    if author.jurisdiction == facts.establishment or author.jurisdiction in facts.subjects:
        return facts
    return PolicyFacts(facts.establishment, (*facts.subjects, author.jurisdiction), facts.tags)
