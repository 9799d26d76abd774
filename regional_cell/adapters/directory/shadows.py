"""The shadow: a bundle that is evaluated beside the active one, as the directory tells. Keeps the promises of
`ports.Shadows`.

Invariants
    1. A shadow is used only when the directory's bundle key signed it for that, its hash is the one that was
       told, and it compiles; it decides nothing.
    2. It is compared with the one bundle before its version, and with no other.
    3. Whatever is wrong with it is told to the directory and changes nothing else.

Nothing of it is kept on disk: a cell that starts is told anew.
"""

import asyncio
import hashlib
from collections.abc import Callable

from accord.clock import Clock
from accord.identity import KeyRing, verify_signature
from accord.runtime.logs import get_logger
from accord.wire.directory.v1 import directory_pb2 as wire
from regional_cell.adapters.directory.policies import BundlePolicies
from residency_policies.bundle import Asker, CompiledBundle, compile_bundle, load_bundle
from residency_policies.errors import PolicyError

PURPOSE = "shadow"


class ShadowBundle:
    """What is told, and what came of it.

    Args:
        signers: the directory's keys for bundles.

    Attributes:
        changing: called before a shadow is used, and before it is not any more.
    """

    def __init__(self, policies: BundlePolicies, signers: KeyRing, clock: Clock) -> None:
        self._policies, self._signers, self._clock = policies, signers, clock
        self._told: tuple[int, bytes] | None = None
        self._tables: CompiledBundle | None = None
        self._refused = ""
        self._missing = asyncio.Event()
        self.changing: Callable[[], None] = lambda: None

    def tell(self, base_version: int, digest: bytes) -> None:
        """The directory says which shadow stands, beside which bundle; an empty hash: none."""
        told = (base_version, digest) if digest else None
        if told == self._told:
            return
        self.changing()
        self._told, self._tables, self._refused = told, None, ""
        if told is None:
            self._missing.clear()
        else:
            self._missing.set()

    async def missing(self) -> bytes:
        """Wait for a shadow that is told and not here; its hash."""
        await self._missing.wait()
        return self._told[1] if self._told is not None else b""

    async def take(self, digest: bytes, signed: wire.SignedBundle) -> None:
        """Prove and compile on a thread beside, and use it if it is still the one that is told."""
        askers = self._policies.askers()
        refused, tables = await asyncio.to_thread(self._prove, digest, signed, askers)
        if self._told is None or self._told[1] != digest:
            return
        self.changing()
        self._tables, self._refused = tables, refused
        self._missing.clear()
        if refused:
            get_logger().error("shadow_refused", why=refused)
        else:
            get_logger().info("shadow_taken", bundle_version=signed.version)

    def shadow(self) -> tuple[bytes, CompiledBundle] | None:
        """See `ports.Shadows`."""
        if self._tables is None or self._told is None or self._policies.version != self._told[0]:
            return None
        self._tables = self._tables.at(self._now_s())
        return self._told[1], self._tables

    @property
    def state(self) -> wire.ShadowState | None:
        """What is acknowledged: that it is evaluated, or why not; None: neither yet."""
        if self._told is None or (self._tables is None and not self._refused):
            return None
        return wire.ShadowState(bundle_hash=self._told[1], refused=self._refused)

    def _prove(
        self, digest: bytes, signed: wire.SignedBundle, askers: list[Asker]
    ) -> tuple[str, CompiledBundle | None]:
        key = self._signers.find(signed.key_id)
        if hashlib.sha256(signed.bundle).digest() != digest:
            return "another hash", None
        if key is None or not verify_signature(key.public, PURPOSE, digest, signed.signature):
            return "signature", None
        try:
            tables = compile_bundle(load_bundle(signed.bundle), self._now_s())
        except PolicyError:
            return "does not compile", None
        if tables.version != signed.version:
            return "another version inside", None
        # Whoever is asked about already is compiled here, and not when they are asked about next.
        tables.warm(askers)
        return "", tables

    def _now_s(self) -> int:
        return self._clock.now_us() // 1_000_000
