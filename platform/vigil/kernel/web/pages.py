"""HTML pages: one typed class per template, rendered in one layout.

A domain writes a frozen dataclass that inherits `Page` and names its template; `render` gives it to
the template as `page`, beside what the layout needs. Everything is escaped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from vigil.kernel.keys import BadToken
from vigil.kernel.web.assets import Assets
from vigil.kernel.web.dependencies import CSRF_FIELD, request_parts
from vigil.kernel.web.forms import message
from vigil.kernel.web.navigation import sections
from vigil.kernel.web.words import colour_of, day, days, in_words, number, when

_BANNER_COOKIE = "vigil_done"
_BANNER_LIFE = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a template is given as `page`. A subclass adds its own fields.

    Attributes:
        template: the template's name: `NOUN/FILE.html` for a domain's, `FILE.html` for ours.
        title: the page's title and its one h1.
    """

    template: ClassVar[str]
    title: str


def environment(domains: Mapping[str, str], assets: Assets) -> Environment:
    """Build the template environment.

    Args:
        domains: prefix of template names -> package whose `templates/` folder holds them.
        assets: gives templates the address of a static file: `asset("app.css")`.
    """
    found = Environment(
        loader=ChoiceLoader(
            [
                PackageLoader("vigil.kernel.web"),
                PackageLoader("nhsuk_frontend_jinja"),
                PrefixLoader({prefix: PackageLoader(name) for prefix, name in domains.items()}),
            ]
        ),
        autoescape=True,
        # nhsuk-frontend-jinja reads optional parameters of parameters.
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(when=when, day=day, in_words=in_words, number=number, at=message)
    found.globals.update(asset=assets.url, colour_of=colour_of, days=days)
    return found


def render(request: Request, page: Page, status: int = 200) -> HTMLResponse:
    """Render a page for whoever is asking."""
    visitor = getattr(request.state, "visitor", None)
    context: dict[str, Any] = {
        "page": page,
        "visitor": visitor,
        "csrf": _csrf_field(visitor.csrf_token) if visitor else Markup(),
        "navigation": sections(request.app.state.navigation, visitor.actor if visitor else None),
        "here": request.url.path,
        "brand": request_parts(request).settings.brand,
        "cspNonce": request.state.nonce,
        "banner": _banner(request),
    }
    templates: Environment = request.app.state.templates
    response = HTMLResponse(templates.get_template(page.template).render(context), status)
    if _BANNER_COOKIE in request.cookies:
        response.delete_cookie(_BANNER_COOKIE)
    return response


def done(request: Request, path: str, message: str) -> RedirectResponse:
    """Lead to `path` after a deed, where a banner says `message` once."""
    parts = request_parts(request)
    token = parts.keys.sign("web.banner", {"text": message}, _now(request) + _BANNER_LIFE)
    response = RedirectResponse(local_path(path), status_code=303)
    response.set_cookie(
        _BANNER_COOKIE,
        token,
        max_age=int(_BANNER_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=parts.settings.cookie_secure,
    )
    return response


def local_path(path: str) -> str:
    """Return `path` if it stays on this server, else the start page: nobody is sent elsewhere."""
    target = urlsplit(path)
    stays = path.startswith("/") and not target.scheme and not target.netloc
    return path if stays and "\\" not in path and path.isprintable() else "/"


def wants_html(request: Request) -> bool:
    """Whether a person's browser asks, and not a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get(
        "Accept", ""
    )


def _csrf_field(token: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(CSRF_FIELD, token)


def _banner(request: Request) -> str | None:
    token = request.cookies.get(_BANNER_COOKIE)
    if token is None:
        return None
    try:
        return str(request_parts(request).keys.open("web.banner", token, _now(request))["text"])
    except BadToken:
        return None


def _now(request: Request) -> datetime:
    return request_parts(request).database.clock()
