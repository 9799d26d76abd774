"""Write the pages of docs/reference that come from the code, and the computed table in docs/explanation.

Usage: python -m docs.generate [OUTPUT_FOLDER]

Every page is a pure function of the code; a test writes them again and compares.
"""

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest import mock

from accord.errors import CLASSES, RULES
from accord.runtime.logs import LOG_KEYS
from accord.runtime.metrics import METRICS
from deploy import commands
from docs import acceptance, enforcement, faults, invariants, officers, packs, queues, stores
from docs.clients import clients
from docs.defaults import defaults_table
from docs.histories import histories
from docs.hostile import hostile
from docs.language import language, schema_text
from docs.rpcs import rpcs
from docs.settings import settings
from docs.tables import code, table
from regional_cell.domain.events import KINDS
from regional_cell.domain.views.registry import VIEWS, View
from regional_cell.entrypoints.web_api.limits import FIRST_PARTY_FACTOR, PROFILES
from regional_cell.entrypoints.web_api.method import Method
from regional_cell.entrypoints.web_api.methods import METHODS

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
MADE = "<!-- Made by docs/generate.py from the code. Change the code and run `make reference`. -->"
RETRIES = {"A": "edge, by itself", "K": "client, same key", "N": "no"}
LOGS = {"T": "workspace", "E": "organisation", "P": "person"}
TABLE_BEGINS, TABLE_ENDS = "<!-- computed: defaults -->", "<!-- end -->"


def page(title: str, *parts: str) -> str:
    """A page with its title and the remark that it is made."""
    return "\n\n".join([f"# {title}", MADE, *parts]) + "\n"


# --- errors, metrics, log keys ----------------------------------------------------------------------


def errors_page() -> str:
    """One row for each reason."""
    rows = [
        [
            f"`{reason}`",
            (CLASSES[reason].__doc__ or "").strip(),
            rule.grpc_code_name,
            str(rule.http_status),
            str(rule.api_status),
            f"`{rule.api_error}`" if rule.api_error else "never shown",
            RETRIES[rule.retry],
        ]
        for reason, rule in RULES.items()
    ]
    head = ("reason", "meaning", "gRPC", "HTTP", "status on /api/", "`error` on /api/", "again?")
    return page(
        "Errors",
        "The reason is what crosses between planes; each border shows it by this table (`accord/errors.py`).",
        "A method may answer a code of its own instead of the one here (`already_reacted`, `is_archived`);"
        " NOT_FOUND answers `<thing>_not_found`. Every reason that may be tried again, but OUTCOME_UNKNOWN,"
        " promises that nothing was written.",
        table(head, rows),
    )


def users_of(name: str) -> str:
    """Planes in whose code a name stands, beside its row; the runtime counts for all of them."""
    found = []
    for package in ("accord", "directory", "edge", "regional_cell"):
        texts = [path.read_text(encoding="utf-8") for path in (ROOT / package).rglob("*.py")]
        if sum(text.count(f'"{name}"') for text in texts) > (package == "accord"):
            found.append({"accord": "every plane", "regional_cell": "cell"}.get(package, package))
    return "every plane" if "every plane" in found else ", ".join(found) or "declared, not counted yet"


def metrics_page() -> str:
    """One row for each metric."""
    rows = [
        [f"`{name}`", one.kind, code(one.labels), one.help, users_of(name)] for name, one in METRICS.items()
    ]
    return page(
        "Metrics",
        "What `/metrics` answers, from the one table in `accord/runtime/metrics.py`. Ids of residents and"
        " people are never labels.",
        table(("metric", "kind", "labels", "meaning", "counted by"), rows),
    )


def log_keys_page() -> str:
    """One row for each key, by class."""
    rows = [[f"`{key}`", LOG_KEYS[key]] for key in sorted(LOG_KEYS)]
    return page(
        "Log keys",
        "A log line is one JSON object. Under these keys stand ids, codes and numbers, never content; another"
        " key is not written, and counted (`accord/runtime/logs.py`).",
        table(("key", "data class"), rows),
    )


# --- methods, events -------------------------------------------------------------------------------


def method_row(name: str, method: Method) -> list[str]:
    """A row of the method table."""
    arguments = [f"**`{key}`**" if one.required else f"`{key}`" for key, one in method.arguments.items()]
    profile = PROFILES["default"]
    rate = profile.methods.get(name, profile.tiers[method.tier]) if profile and method.kinds else 0
    return [
        f"`{name}`",
        code(sorted(method.scopes)) or "none",
        code(sorted(method.kinds)) or "no token",
        f"{method.tier}: {rate}" if rate else "not counted",
        "yes" if method.writes else "no",
        " ".join(arguments) or "none",
    ]


def methods_page() -> str:
    """One row for each method of the API."""
    rows = [method_row(name, METHODS[name]) for name in sorted(METHODS)]
    return page(
        "Methods",
        "What `/api/<method>` answers. Any one of the scopes opens a method; sessions of first-party clients"
        " (`xoxc`) need none. Arguments in bold are required.",
        "The rate is that of the profile `default`: calls a minute for each user or app of a workspace,"
        f" counted by each process of the home cell by itself; first-party clients get {FIRST_PARTY_FACTOR}"
        " times as many. A write whose answer did not come is `fatal_error`, and may have happened.",
        table(("method", "scopes", "tokens", "tier: rate", "writes", "arguments"), rows),
    )


def logs_of(letters: str) -> str:
    """Kinds of residents behind their letters."""
    return ", ".join(LOGS[letter] for letter in letters)


def view_row(view: View) -> list[str]:
    """A row of the table of views."""
    columns = [f"{name}*" if kind == "content" else name for name, kind in view.columns.items()]
    classes = view.data_class + (f"; sealed: {view.content_class}" if view.content_class else "")
    held = "yes" if view.in_state else "no"
    return [f"`{view.name}`", logs_of(view.logs), " ".join(view.key) or "-", " ".join(columns), classes, held]


def events_page() -> str:
    """Kinds of events, and the views that they fold into."""
    kinds = [
        [f"`{kind.name}`", logs_of(kind.logs), kind.data_class, str(kind.schema)] for kind in KINDS.values()
    ]
    head = ("view", "logs", "key", "columns", "data class", "held in memory")
    return page(
        "Events and views",
        "A resident is a log of these events (`regional_cell/domain/events.py`). Their payloads rest sealed.",
        table(("event", "logs", "data class", "schema"), kinds),
        "Everything else is folded from them by one function (`regional_cell/domain/views/apply.py`). The"
        " first key of every view is the resident; a column with * is sealed.",
        table(head, [view_row(view) for view in VIEWS.values()]),
    )


# --- command line ------------------------------------------------------------------------------------


def help_of(module: str, arguments: list[str]) -> str:
    """What `--help` prints, at one width and without colour."""
    text = io.StringIO()
    plain = {"COLUMNS": "100", "NO_COLOR": "1"}
    quiet = contextlib.redirect_stdout(text)
    with mock.patch.dict(os.environ, plain), quiet, contextlib.suppress(SystemExit):
        importlib.import_module(module).main([*arguments, "--help"])
    return text.getvalue().rstrip()


def cli_page() -> str:
    """Help texts of every verb."""
    parts = [f"```text\n{commands.usage().rstrip()}\n```"]
    for verb in commands.VERBS:
        deeper = [[], ["verify"]] if verb.name == "ledger" else [[]]
        for words in deeper:
            title = " ".join([verb.name, *words])
            parts.append(f"## {title}\n\n```text\n{help_of(verb.module, words)}\n```")
    return page(
        "Command line",
        "`colink VERB` where the package is installed, `python3 -m deploy VERB` in a checkout. Exit statuses:"
        " 0 done, 1 tried and failed, 2 refused before trying, 130 interrupted.",
        *parts,
    )


# --- invariants --------------------------------------------------------------------------------------


def invariants_page() -> str:
    """What is always true, by module, and the tests that hold it."""
    return page(
        "Invariants",
        "What modules state at their top, with tests that hold it. The eight that everything serves are in"
        " [the architecture](../../ARCHITECTURE.md). A test holds the core of a module's statements; not"
        " every sentence has one of its own.",
        *invariants.parts(list(invariants.stated(ROOT)), invariants.held(ROOT)),
    )


# --- faults ------------------------------------------------------------------------------------------


def faults_page() -> str:
    """What is done to a federation by tests, and which test does it."""
    return page(
        "Faults",
        "What the tests do to real processes, and what has to hold meanwhile and afterwards. Most run under"
        " an ordinary load whose whole history is judged ([histories](histories.md)): its verdict has to name"
        " no violation. `python -m deploy test --tier faults` runs them, with `--long` at full length; its"
        " last lines count what was injected, checked and found.",
        *faults.parts(faults.catalogue(ROOT), faults.injections(ROOT)),
    )


# --- acceptance --------------------------------------------------------------------------------------


def acceptance_page() -> str:
    """What residency policies are held to, and which test shows it."""
    return page(
        "Acceptance",
        "What residency policies are held to, with the tests that show it. Those of the short run are part of"
        " `python -m deploy test`, the others of `python -m deploy test --long`. So are the mutants of what"
        " decides: a test notices at least nine of ten of each, and"
        " `tests/residency_policies/survivors.toml` lists the others with the reason.",
        *acceptance.parts(ROOT, acceptance.entries(ROOT)),
    )


# --- queues ------------------------------------------------------------------------------------------


def queues_page() -> str:
    """Everything in which something can wait, and where it ends."""
    return page(
        "Queues",
        "Everything in the processes in which something can wait: its limit, and what happens at it. Each"
        " stands in `docs/queues.toml`; a test finds what the code makes and the table does not name. What"
        " waits now and what was refused say `colink_queue_waiting` and `colink_queue_refused_total`, by the"
        " name of the queue.",
        *queues.parts(queues.declared(ROOT)),
    )


# --- stores ------------------------------------------------------------------------------------------


def stores_page() -> str:
    """Everything that keeps something or passes it on, with its data class."""
    return page(
        "Stores",
        "Everything in the planes that keeps something or passes it on, the one data class that it declares,"
        " and where it rests. An undeclared one fails the build: `tests/architecture/test_stores.py` derives"
        " from the code what there is. The directory declares no class of content, derived data, identity,"
        " activity or copies; log keys are of operations or pseudonyms, labels of metrics of operations.",
        *stores.parts(ROOT),
    )


# --- enforcement points ------------------------------------------------------------------------------


def enforcement_page() -> str:
    """Every place that asks for a decision."""
    return page(
        "Enforcement points",
        "Every place in the planes that asks for a residency decision: what it asks, and which obligations it"
        " can discharge (a decision that demands another one is a denial). Questions are made by these points"
        " alone (`domain/enforcement.py` of each plane); a test compares them with the code, both ways. The"
        " flow asks there in real processes, which count it (`colink_decisions_total`). Each test that"
        " notices runs once more without the check, and has to fail then.",
        *enforcement.parts(ROOT),
    )


# --- officers ------------------------------------------------------------------------------------------


def officers_page() -> str:
    """What officers read and do, by door, role and jurisdiction."""
    return page(
        "Officers",
        "Officer, counsel, auditor and operator are roles with jurisdictions. An auditor reads everything"
        " and changes nothing; who has all jurisdictions (`*`) reads everything too. Everybody else reads ids"
        " of residents and conversations of their own jurisdictions alone: a workspace is of the jurisdiction"
        " where it is established, a conversation of the one where its cell stands, and what is of an unknown"
        " one is withheld. Sums name nobody, and are of everybody. No door shows content, or a name of a"
        " person. What is refused is `FORBIDDEN`, and `needed` names the role or the jurisdictions. Each row"
        " stands in `docs/officers.toml`; a test asks every route of the application as every role.",
        *officers.parts(officers.doors(ROOT)),
    )


# --- all of them ---------------------------------------------------------------------------------------


def pack_page(name: str) -> str:
    """The page of one pack."""
    entry = packs.entries()[name]
    return page(f"Pack: {entry['name']}", *packs.parts(entry))


def with_table(text: str) -> str:
    """The page on residency with the computed table in its place. Raises ValueError without the marks."""
    before, _, rest = text.partition(TABLE_BEGINS)
    _, found, after = rest.partition(TABLE_ENDS)
    if not found:
        raise ValueError("the page has no place for the table")
    return f"{before}{TABLE_BEGINS}\n\n{defaults_table()}\n\n{TABLE_ENDS}{after}"


PAGES: dict[str, Callable[[], str]] = {
    "reference/acceptance.md": acceptance_page,
    "reference/cli.md": cli_page,
    "reference/clients.md": lambda: page("Clients", *clients()),
    "reference/enforcement.md": enforcement_page,
    "reference/errors.md": errors_page,
    "reference/events.md": events_page,
    "reference/faults.md": faults_page,
    "reference/histories.md": lambda: page("Histories", *histories()),
    "reference/hostile-input.md": lambda: page("Hostile input", *hostile()),
    "reference/invariants.md": invariants_page,
    "reference/log-keys.md": log_keys_page,
    "reference/methods.md": methods_page,
    "reference/officers.md": officers_page,
    "reference/policies.md": lambda: page("Policies", *language()),
    "reference/policies.schema.json": schema_text,
    "reference/metrics.md": metrics_page,
    "reference/packs/INDEX.md": lambda: page("Packs", *packs.index()),
    "reference/queues.md": queues_page,
    "reference/rpcs.md": lambda: page("Rpcs", *rpcs()),
    "reference/settings.md": lambda: page("Settings", *settings()),
    "reference/stores.md": stores_page,
    "explanation/residency.md": lambda: with_table((DOCS / "explanation/residency.md").read_text("utf-8")),
}


PAGES |= {f"reference/packs/{name}": partial(pack_page, name) for name in packs.entries()}


def write(folder: Path) -> None:
    """Write every page below the folder."""
    for name, make in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    packs.write()
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)
