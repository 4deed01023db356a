"""What stands before the page and REST: how much is taken, what is answered, what a browser may load.

Gradio downloads an address that a client gives in a file's place, redirects to others and forwards requests:
none of that is needed here, and none of it gets through.
"""

import json
import re
from pathlib import Path
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

BYTES = 64 * 2**20  # of a request
# Those of Gradio's addresses that the page uses. Files are Gradio's to guard: only what it made itself.
USED = re.compile(
    r"/gradio_api/(upload|upload_progress|queue/(join|data)|heartbeat/\w+|component_server/?|startup-events|"
    r"cancel|reset|app_id|info|user|login_check|theme\.css|file=/[^\n]*)/?"
)
# A browser asks no other host for anything, whatever stands in the page.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self' data: blob:; "
    "font-src 'self' data:; frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
]


class Guard:
    """ASGI middleware. folder: the one folder in which files that clients name may lie."""

    def __init__(self, app, folder):
        self.app = app
        self.folder = Path(folder).resolve()

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def answer(message):
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] not in dict(HEADERS)]
                message = {**message, "headers": [*kept, *HEADERS]}
            await send(message)

        status, text = self._refusal(scope)
        if status is None and scope["path"].startswith("/gradio_api/queue/join"):
            body = await _whole(receive)
            receive = _given(body or b"", receive)
            if body is None:
                status, text = 413, TOO_LARGE
            elif not self._names_our_files(body):
                status, text = 403, "files are uploaded, not named by a path or an address"
        if status is not None:
            return await JSONResponse({"error": text}, status)(scope, receive, answer)
        await self.app(scope, _limited(receive), answer)

    def _refusal(self, scope):
        """The status and text with which a request is refused before its body is read, or two None."""
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BYTES:
            return 413, TOO_LARGE
        path = unquote(scope["path"])
        if path.startswith("/gradio_api") and not USED.fullmatch(path):
            return 404, "there is nothing here"
        return None, None

    def _names_our_files(self, body):
        """Whether all files that JSON names lie in the folder."""
        try:
            return all(self._is_ours(value) for value in _files(json.loads(body)))
        except (ValueError, RecursionError):
            return False

    def _is_ours(self, path):
        return isinstance(path, str) and Path(path).resolve().is_relative_to(self.folder)


TOO_LARGE = f"more than {BYTES // 2**20} MB: make the picture smaller, or cut it into parts"


def _limited(receive):
    """`receive` of at most BYTES of a body, for those that don't say their length."""
    taken = 0

    async def limited():
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > BYTES:
            raise HTTPException(413, TOO_LARGE)
        return message

    return limited


async def _whole(receive):
    """The body that `receive` gives, or None where it is more than BYTES."""
    body, more = b"", True
    while more:
        message = await receive()
        if len(body) > BYTES:
            return None
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def _given(body, receive):
    """A `receive` that gives a body first, that has been read already."""
    messages = [{"type": "http.request", "body": body}]

    async def given():
        return messages.pop() if messages else await receive()

    return given


def _files(value):
    """The paths of what looks like a file to Gradio, wherever in a value of JSON."""
    if isinstance(value, dict):
        if "path" in value:
            yield value["path"]
        yield from _files(list(value.values()))
    elif isinstance(value, list):
        for part in value:
            yield from _files(part)
