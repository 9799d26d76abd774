"""The services of a cell that are about people: signing in, sessions, bringing residents into the world."""

import os
from collections.abc import Callable

from accord.clock import Clock
from accord.errors import ColinkError
from accord.runtime.passwords import Argon2Hasher
from regional_cell.bootstrap.directory import DirectorySide
from regional_cell.bootstrap.stores import Stores
from regional_cell.services.claims import Claims
from regional_cell.services.commits.writer import GroupCommits
from regional_cell.services.placing import Placing
from regional_cell.services.provisioning import Provisioning
from regional_cell.services.residents import Residents
from regional_cell.services.sessions import Sessions
from regional_cell.services.sign_in import SignIn
from regional_cell.services.tokens import Tokens
from regional_cell.settings import PasswordsSettings


class PeopleSide:
    """Made once for each process.

    Args:
        cell: name of this cell.
        refused: told of a resident whose name or place the directory refuses.
    """

    def __init__(
        self,
        cell: str,
        stores: Stores,
        commits: GroupCommits,
        tokens: Tokens,
        directory: DirectorySide,
        clock: Clock,
        refused: Callable[[str, ColinkError], None],
        passwords: PasswordsSettings,
    ) -> None:
        routes, door = directory.routes, directory.door
        self.hasher = Argon2Hasher(passwords.memory_mib, passwords.passes)
        self.sessions = Sessions(commits, tokens, routes, stores.spent, clock, cell)
        self.sign_in = SignIn(
            commits,
            tokens,
            routes,
            self.hasher,
            stores.spent,
            self.sessions,
            stores.credentials,
            clock,
            os.urandom,
            routes.moved,
        )
        residents = Residents(commits, stores.log, stores.sealer, door, stores.leases, clock)
        self.provisioning = Provisioning(commits, residents, tokens, self.hasher, os.urandom)
        self.claims = Claims(commits, stores.log, door, stores.leases, clock, refused)
        self.placing = Placing(stores.log, door, routes, self.claims.drift, refused)
