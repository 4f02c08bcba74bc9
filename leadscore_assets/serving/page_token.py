"""The secret that allows a rollback from the endpoint's page: 256 bits in the server's folder, for its owner alone.

It is made with the folder's identity, read anew for every request, and neither logged nor shown by the server.
"""

import os
import secrets
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path

from leadscore_assets.domain.errors import PermanentError

_BYTES = 32
_MODE = 0o600


@dataclass(frozen=True)
class PageToken:
    """The token's file."""

    path: Path

    def made(self) -> str:
        """Return the token, made where there is none; raise PermanentError when it cannot be written."""
        return self.present() or self.renewed()

    def renewed(self) -> str:
        """Put a new token in the old one's place; raise PermanentError when it cannot be written."""
        token = secrets.token_hex(_BYTES)
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}.tmp")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w") as file:
                file.write(token)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise PermanentError(
                f"{self.path} cannot be written ({error.strerror}); free space or mend its rights"
            ) from None
        return token

    def present(self) -> str | None:
        """Return the token; None where there is none that can be read."""
        try:
            found = self.path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return found if len(found) == 2 * _BYTES else None

    def allows(self, given: str) -> bool:
        """Tell whether a token is the right one, in a time that says nothing of it."""
        known = self.present()
        return known is not None and compare_digest(known.encode(), given.encode(errors="replace"))
