"""`colink policy sign-in NAME --directory URL`: open a session for the other verbs. `sign-out` ends it."""

import argparse
import getpass

from deploy.policy import directory
from deploy.policy.output import Output


def configure(parser: argparse.ArgumentParser) -> None:
    """Options of `sign-in`."""
    parser.add_argument("name", metavar="NAME", help="the officer's")
    parser.add_argument("--directory", required=True, metavar="URL", help="the directory's HTTP address")
    parser.add_argument("--secret", metavar="INVITATION", help="enrol first, with an operator's invitation")


def run(given: argparse.Namespace, output: Output) -> int:
    """0 when a session is open; 1 when it does not fit. Password and code are asked for."""
    password = getpass.getpass("password: ")
    try:
        if given.secret:
            form = {"name": given.name, "secret": given.secret, "password": password}
            made = directory.ask(given.directory, "POST", "/officers/enrolments", None, form)
            output.value({"event": "enrolled", **made})
            output.line(f"for your authenticator, shown once: {made['totp']}")
        code = getpass.getpass("code: ")
        opened = directory.sign_in(given.directory, given.name, password, code, directory.session_file())
    except directory.NoError as error:
        return directory.tell_no(error, output)
    output.value({"event": "session", **opened})
    output.line(f"signed in as {given.name}")
    return 0
