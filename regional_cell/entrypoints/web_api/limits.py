"""Rate limits: how many calls of a method a workspace's app or user may make in a minute.

Profiles are data. The counters are of this process alone; the library counts, on a store that has our clock
and no
thread of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from limits import RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from accord.clock import Clock
from accord.errors import RateLimitedError

COUNTERS_MAX = 100_000
FIRST_PARTY_FACTOR = 10


@dataclass(frozen=True, slots=True)
class Profile:
    """Calls a minute by tier, and by method where it differs from its tier."""

    tiers: Mapping[str, int]
    methods: Mapping[str, int] = field(default_factory=dict)


# A window is a minute by the clock, so at its border twice as many may come in a row: the burst that
# clients expect.
PROFILES: dict[str, Profile | None] = {
    "default": Profile({"1": 20, "2": 20, "3": 50, "4": 100, "post": 300, "plain": 600, "webhook": 60}),
    "test": Profile(
        dict.fromkeys(("1", "2", "3", "4", "post", "plain", "webhook"), 600), {"users.list": 100}
    ),
    "off": None,
}


class ClockStorage(Storage):
    """Counters of the present windows in memory, oldest dropped first beyond `COUNTERS_MAX`."""

    STORAGE_SCHEME = ["clock"]  # noqa: RUF012 (the library reads a list)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, tuple[int, float]] = {}
        super().__init__()

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """What the library may catch."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in a window that ends `expiry` seconds after its first call."""
        now_s = self._clock.monotonic_s()
        count, ends_s = self._windows.get(key, (0, 0.0))
        if ends_s <= now_s:
            self._windows.pop(key, None)
            count, ends_s = 0, now_s + expiry
            while len(self._windows) >= COUNTERS_MAX:
                del self._windows[next(iter(self._windows))]
        self._windows[key] = (count + amount, ends_s)
        return count + amount

    def get(self, key: str) -> int:
        """The present count."""
        count, ends_s = self._windows.get(key, (0, 0.0))
        return count if ends_s > self._clock.monotonic_s() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, by the same clock."""
        return self._windows.get(key, (0, self._clock.monotonic_s()))[1]

    def check(self) -> bool:
        """Memory is there."""
        return True

    def reset(self) -> int | None:
        """Forget everything."""
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._windows.pop(key, None)


class RateLimits:
    """Counts calls under one profile. Raises KeyError for a profile that does not exist."""

    def __init__(self, profile: str, clock: Clock) -> None:
        self._profile = PROFILES[profile]
        self._clock = clock
        self._limiter = FixedWindowRateLimiter(ClockStorage(clock))
        self._items = {amount: RateLimitItemPerMinute(amount) for amount in self._amounts()}

    def hit(self, method: str, tier: str, workspace: str, who: str, *, first_party: bool) -> None:
        """Count one call. Raises RateLimitedError with the time until the window ends."""
        if self._profile is None:
            return
        amount = self._profile.methods.get(method, self._profile.tiers[tier])
        item = self._items[amount * (FIRST_PARTY_FACTOR if first_party else 1)]
        if not self._limiter.hit(item, method, workspace, who):
            ends_s = self._limiter.get_window_stats(item, method, workspace, who).reset_time
            raise RateLimitedError(retry_after_ms=max(1, int((ends_s - self._clock.monotonic_s()) * 1_000)))

    def _amounts(self) -> set[int]:
        if self._profile is None:
            return set()
        amounts = {*self._profile.tiers.values(), *self._profile.methods.values()}
        return amounts | {amount * FIRST_PARTY_FACTOR for amount in amounts}
