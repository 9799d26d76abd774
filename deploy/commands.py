"""The verbs of `colink`: a table from verb to the module that does it, and the environment it needs.

Standard library only: this is read before any environment exists. The module of a verb is imported after its
environment stands, and offers `main(arguments: list[str]) -> int`, the exit status.

Exit statuses of every verb: 0 done, 1 tried and failed, 2 refused before trying, 130 interrupted.
"""

import importlib
import importlib.util
import sys
from dataclasses import dataclass

from deploy import environment


@dataclass(frozen=True)
class Verb:
    """One verb: its module, the requirements it runs on (None: a bare interpreter will do), its help line."""

    name: str
    module: str
    requirements: str | None
    summary: str


VERBS = (
    Verb("demo", "deploy.demo.demo", "base", "start a whole federation on this machine"),
    Verb("status", "deploy.demo.status", "base", "show the running demo"),
    Verb("stop", "deploy.demo.stop", "base", "stop the running demo"),
    Verb("start", "deploy.demo.start", "base", "start one stopped process of the demo again"),
    Verb("kill", "deploy.demo.kill", "base", "end one process of the demo"),
    Verb("logs", "deploy.demo.logs", "base", "show what one process of the demo wrote"),
    Verb("purge", "deploy.demo.purge", "base", "remove the data of a stopped demo"),
    Verb("token", "deploy.demo.token", "base", "print the API token of one of the demo's people"),
    Verb("ledger", "deploy.verify_ledger", "base", "verify the ledger of a cell (`ledger verify`)"),
    Verb("policy", "deploy.policy.command", "base", "check, compare, explain and prove residency policies"),
    Verb("audit", "deploy.audit.command", None, "judge what clients wrote down: which promises were kept"),
    Verb("keys", "deploy.keys.command", "base", "show, exchange and withdraw the keys of a cell"),
    Verb("officers", "deploy.officers", "base", "invite officers (`officers invite`)"),
    Verb("test", "deploy.testing", "test", "run the tests, ends in `N passed, N failed, N skipped`"),
    Verb("doctor", "deploy.doctor", None, "say what this machine has and lacks for running Colink"),
)


def is_present(verb: Verb) -> bool:
    """Whether this installation ships the module of the verb."""
    try:
        return importlib.util.find_spec(verb.module) is not None
    except ModuleNotFoundError:
        return False


def usage() -> str:
    """The help text: one line per verb that is present."""
    lines = [f"  {verb.name:<8} {verb.summary}" for verb in VERBS if is_present(verb)]
    return "\n".join(["usage: colink VERB [options]   (or: python -m deploy VERB [options])", "", *lines, ""])


def main(arguments: list[str]) -> int:
    """Run one verb. Returns the exit status; may replace the process by one in the verb's own environment."""
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0 if arguments else 2
    verb = next((verb for verb in VERBS if verb.name == arguments[0] and is_present(verb)), None)
    if verb is None:
        sys.stderr.write(f"colink: there is no verb {arguments[0]!r}\n\n{usage()}")
        return 2
    try:
        if verb.requirements is not None:
            environment.enter(verb.requirements, arguments)
        status: int = importlib.import_module(verb.module).main(arguments[1:])
    except environment.EnvironmentRefusedError as error:
        sys.stderr.write(f"colink: {error}\n")
        return error.exit_status
    except KeyboardInterrupt:
        sys.stderr.write("colink: interrupted\n")
        return 130
    return status
