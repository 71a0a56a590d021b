"""Who may ask: the page that this server has opened, and nobody else."""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, final
from urllib.parse import parse_qs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Nothing that a page holds, whatever a row, a column or a cluster is called, runs or leaves this machine.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",
}


@final
@dataclass(frozen=True)
class Guard:
    """Lets requests through that name this machine and hold the token; all others get 403 and one line of JSON.

    The token stands in the address that is opened. The page then has it as a cookie, which only it sends: `Origin` and
    `Sec-Fetch-Site` must be its own. A foreign `Host` is that of a page elsewhere whose name was made to lead here.
    """

    application: Application
    token: str
    port: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, as ASGI has it."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        reason = self._refused(headers, scope["query_string"].decode("latin-1"))
        if reason is not None:
            await _say(send, reason)
            return

        async def sending(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                own = dict(message["headers"])
                own.setdefault(b"content-security-policy", POLICY.encode())
                cookie = f"{self._cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
                message["headers"] = [*(own | HEADERS).items(), (b"set-cookie", cookie.encode())]
            await send(message)

        await self.application(scope, receive, sending)

    @property
    def _cookie(self) -> str:
        # Cookies of all ports are one heap.
        return f"vaecluster-{self.port}"

    def _refused(self, headers: dict[str, str], query: str) -> str | None:
        # Browsers leave the port of HTTP out.
        port = "" if self.port == 80 else f":{self.port}"
        hosts = (f"127.0.0.1{port}", f"localhost{port}")
        host, origin = headers.get("host", ""), headers.get("origin")
        if host not in hosts:
            return f"Host is {host!r}; expected {hosts[0]}. Open the address that vaecluster explore printed."
        if origin is not None and origin != f"http://{host}":
            return f"Origin is {origin!r}; expected http://{host}. Only the page of this server may ask."
        if self._same(parse_qs(query).get("token", [""])[0]):
            return None
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            cookie = None
        if cookie is None or not self._same(cookie.value):
            return "The token is missing or of another start. Open the address that vaecluster explore printed."
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return "The request comes from another page. Only the page of this server may ask."
        return None

    def _same(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())


async def _say(send: Send, reason: str) -> None:
    content = json.dumps({"error": reason}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": [*headers, *HEADERS.items()]})
    await send({"type": "http.response.body", "body": content})
