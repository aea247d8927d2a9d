"""A mail server on a loopback port, with or without STARTTLS and a password."""

from __future__ import annotations

import asyncio
import ssl
import threading
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult

USER, PASSWORD = "annexlog", "correct horse"


class MailServer:
    """`came`: (sender, recipients, message) of each mail. `refuse`: recipients that are not taken."""

    def __init__(self, tls: ssl.SSLContext | None, *, login: bool = False) -> None:
        self.came: list[tuple[str, list[str], bytes]] = []
        self.refuse: set[str] = set()
        self._tls, self._login = tls, login
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0

    def _session(self) -> SMTP:
        authenticator = self._authenticate if self._login else None
        return SMTP(
            self, tls_context=self._tls, auth_required=self._login, authenticator=authenticator, loop=self._loop
        )

    @staticmethod
    def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.refuse:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.came.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def __enter__(self) -> Self:
        self._thread.start()
        serving = self._loop.create_server(self._session, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
