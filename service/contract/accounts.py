"""People who work the console: who they are, where they are signed in, and who did what.

Passwords arrive hashed; tokens and recovery codes are kept hashed.
"""

from collections.abc import Sequence
from typing import Protocol

from service.accounts import ApiToken, SecondFactor, Session
from service.audit import AuditEntry, AuditQuery
from service.records.people import Operator, Role


class OperatorStore(Protocol):
    """People who work the console. Every change is noted in the audit log; ``deed`` is as what."""

    def add_operator(self, email: str, name: str, role: Role, password_hash: str) -> Operator:
        """``Conflict`` when the address is taken (compared without case)."""

    def operators(self) -> list[Operator]: ...

    def last_seen(self) -> dict[str, str]:
        """When operators who are signed in were there last, by operator."""

    def operator(self, operator_id: str) -> Operator: ...

    def operator_by_email(self, email: str) -> Operator: ...

    def password_hash(self, operator_id: str) -> str: ...

    def set_password_hash(
        self,
        operator_id: str,
        password_hash: str,
        *,
        deed: str = "operator.password",
        instead_of: str | None = None,
    ) -> None:
        """Every session of the operator ends. With ``instead_of``, the hash that was checked,
        ``Forbidden`` when it is another one by now."""

    def rename_operator(
        self, operator_id: str, name: str, *, deed: str = "operator.name"
    ) -> Operator: ...

    def set_role(self, operator_id: str, role: Role) -> Operator:
        """``Conflict`` for the last admin who can sign in."""

    def disable_operator(self, operator_id: str) -> None:
        """No more sign-in; sessions and tokens end at once. Claimed tickets become open again.
        ``Conflict`` for the last admin."""

    def enable_operator(self, operator_id: str) -> Operator: ...


class SessionStore(Protocol):
    """Sessions of operators and tokens of programs, kept only hashed; when each was used last is
    known to a few minutes."""

    def create_session(
        self,
        operator_id: str,
        *,
        days: int = 14,
        device: str = "",
        address: str = "",
        password_hash: str | None = None,
    ) -> str:
        """A session token. ``device`` is what the browser says of itself. With ``password_hash``,
        the one that was checked, ``Forbidden`` when it is another one by now."""

    def session_operator(self, token: str, *, address: str = "") -> Operator | None:
        """Whose session it is; none when unknown, expired or disabled."""

    def delete_session(self, token: str) -> None: ...

    def sessions(self, operator_id: str, current: str = "") -> list[Session]:
        """Those of an operator, that of the token ``current`` first."""

    def end_session(self, operator_id: str, session_id: str) -> None:
        """``NotFound`` for one that is not the operator's."""

    def end_sessions(
        self, operator_id: str, *, but: str = "", deed: str = "operator.sign_out"
    ) -> int:
        """All but that of the token ``but``; how many it were."""

    def knows_address(self, operator_id: str, address: str) -> bool:
        """Whether the operator has a session from this address."""

    def create_api_token(self, operator_id: str, name: str = "") -> str:
        """A token ``fdk_…`` for programs."""

    def api_token_operator(self, token: str) -> Operator | None: ...

    def api_tokens(self, operator_id: str = "") -> list[ApiToken]:
        """Those of an operator, or of all, the newest first."""

    def revoke_api_token(self, token_id: str, operator_id: str = "") -> None:
        """With an operator only if it is that one's, else ``NotFound``."""


class SecondFactorStore(Protocol):
    """Two-factor sign-in. What was used once is used up, whoever asks at the same moment."""

    def second_factor(self, operator_id: str) -> SecondFactor | None:
        """Confirmed or not; none when none was begun."""

    def begin_totp(self, operator_id: str, secret: str) -> None:
        """Keep a secret that waits for its first code; ``Conflict`` when one is in use."""

    def confirm_totp(
        self, operator_id: str, secret: str, step: int, recovery_codes: Sequence[str]
    ) -> None:
        """A sign-in takes a code from now on; the codes are kept hashed."""

    def use_totp(self, operator_id: str, step: int) -> bool:
        """Use the code of a time step up; false when it, or a later one, was used before."""

    def use_recovery_code(self, operator_id: str, code: str) -> bool:
        """Use one up; false when there is none such."""

    def replace_recovery_codes(self, operator_id: str, recovery_codes: Sequence[str]) -> None:
        """``Conflict`` without a second factor."""

    def drop_totp(self, operator_id: str, *, deed: str = "operator.totp_reset") -> None:
        """A password is enough again."""


class AuditStore(Protocol):
    """Who did what. Deeds of the store note themselves, in their own transaction."""

    def note(self, deed: str, subject: str = "", detail: str = "") -> None:
        """Note a deed that is not the store's, of whoever acts now (`service.audit`)."""

    def promoted(self, release: str, detail: str = "", *, rollback: bool = False) -> None:
        """Note that a release was made the champion by whoever acts now, and have webhooks hear of
        it. Called right after the swap, which is not the store's."""

    def audit(self, query: AuditQuery, limit: int) -> list[AuditEntry]:
        """The entries that are asked for, the newest first."""
