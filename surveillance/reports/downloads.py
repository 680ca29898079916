"""A document as a file that is saved and never shown: its scripts are not ours."""

from starlette.responses import Response

HTML, JSON = "text/html; charset=utf-8", "application/json"


def attachment(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=media_type, headers=headers)
