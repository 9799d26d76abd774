"""Roles of users in a workspace, as far as rules ask for them."""

SINGLE_CHANNEL = "single_channel_guest"
GUESTS = frozenset({"guest", SINGLE_CHANNEL})
ADMINS = frozenset({"admin", "owner", "primary_owner"})
