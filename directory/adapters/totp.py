"""Second factors: time-based one-time passwords, whose secrets rest sealed.

sealed = nonce (12) + AES-256-GCM(secret (20); "colink/officer/v1" 0x00 name)
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from accord.errors import KeyUnavailableError
from directory.domain.officers import STEP_S

SECRET_BYTES, NONCE_BYTES, DIGITS = 20, 12, 6
ISSUER = "Colink"


class SealedTotp:
    """`directory.ports.outside.SecondFactors`.

    Args:
        key: 32 bytes, for officers' secrets alone.
    """

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def make(self, officer: str) -> tuple[bytes, str]:
        secret, nonce = os.urandom(SECRET_BYTES), os.urandom(NONCE_BYTES)
        sealed = nonce + self._aead.encrypt(nonce, secret, _place(officer))
        return sealed, _totp(secret).get_provisioning_uri(officer, ISSUER)

    def step_of(self, officer: str, sealed: bytes, code: str, now_s: int) -> int | None:
        try:
            nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
            factor = _totp(self._aead.decrypt(nonce, body, _place(officer)))
        except (InvalidTag, ValueError):
            raise KeyUnavailableError(what="officer") from None
        now = now_s // STEP_S
        fitting = [step for step in (now - 1, now, now + 1) if _same(factor.generate(step * STEP_S), code)]
        return max(fitting, default=None)


def _totp(secret: bytes) -> TOTP:
    # RFC 6238 as authenticators have it: SHA-1, whose weakness is no weakness of an HMAC.
    return TOTP(secret, DIGITS, SHA1(), STEP_S)  # noqa: S303


def _same(ours: bytes, said: str) -> bool:
    return hmac.compare_digest(ours, said.encode())


def _place(officer: str) -> bytes:
    return b"colink/officer/v1\0" + officer.encode()
