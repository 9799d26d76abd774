"""Errors that arise inside a cell beyond those that cross borders.

ColinkError (accord.errors)
└── InternalError
    └── IntegrityError
"""

from accord.errors import InternalError


class IntegrityError(InternalError):
    """Sealed bytes are not those that were sealed for this place: swapped, cut or changed. Metadata names
    the place.
    """
