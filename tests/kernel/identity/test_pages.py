import re

import pytest
from factories.identity import PASSWORD, create_organisation, create_person
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vigil.kernel.identity import repository
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts
from vigil.kernel.web.pages import local_path


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts)


@pytest.fixture
def reader(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        return create_person(session, "RXX", Role.READER)


@pytest.fixture
def email(parts: Parts, reader: Actor) -> str:
    with parts.database.read() as session:
        user = repository.user(session, reader.id)
        assert user is not None
        return user.email


def token_on(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def test_signing_in_leads_back_to_what_was_wanted(app: FastAPI, email: str) -> None:
    client = anonymous(app)
    form = {"email": email, "password": PASSWORD, "next": "/account"}
    answer = client.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert email in client.get("/account").text


def test_behind_tls_the_cookie_is_bound_to_host_and_tls(parts: Parts, email: str) -> None:
    settings = parts.settings.model_copy(update={"cookie_secure": True})
    client = anonymous(create_web(Parts(**{**vars(parts), "settings": settings})))
    answer = client.post("/sign-in", data={"email": email, "password": PASSWORD})
    assert answer.headers["Set-Cookie"].startswith("__Host-vigil_session=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_wrong_address_and_a_wrong_password_read_the_same(app: FastAPI, email: str) -> None:
    pages = []
    for address in (email, "nobody@rxx.example"):
        answer = anonymous(app).post("/sign-in", data={"email": address, "password": "wrong"})
        assert answer.status_code == 401
        assert "Set-Cookie" not in answer.headers
        pages.append(answer.text.replace(address, ""))
    without_nonce = [re.sub(r'nonce="[^"]+"', "", page) for page in pages]
    assert without_nonce[0] == without_nonce[1]


@pytest.mark.parametrize(
    "path",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", "", "/\n"],
)
def test_nobody_is_led_to_another_server(path: str) -> None:
    assert local_path(path) == "/"
    assert local_path("/studies?state=open") == "/studies?state=open"


def test_signing_out_ends_the_session_on_the_server(app: FastAPI, reader: Actor) -> None:
    client = browser(app, reader)
    cookies = dict(client.cookies)
    assert client.post("/sign-out").status_code == 303
    stolen = TestClient(app, cookies=cookies)
    assert stolen.get("/account", headers={"Accept": "*/*"}).status_code == 401


def test_a_form_of_a_real_page_works_without_script(app: FastAPI, email: str) -> None:
    client = anonymous(app)
    client.headers["Origin"] = "http://testserver"
    client.post("/sign-in", data={"email": email, "password": PASSWORD})
    csrf = token_on(client.get("/account").text)
    form = {"csrf_token": csrf, "name": "export", "days": "30", "scopes": ["study:read"]}
    issued = client.post("/account/tokens", data=form)
    assert issued.status_code == 200
    key = re.search(r"vigil_[\w-]{43}", issued.text)
    assert key
    assert key[0] not in client.get("/account").text


def test_revoking_says_so_once(app: FastAPI, reader: Actor) -> None:
    client = browser(app, reader)
    new = {"name": "export", "scopes": ["study:read"]}
    token = client.post("/api/v1/tokens", json=new).json()["id"]
    answer = client.post(f"/account/tokens/{token}/revoke", data={"reason": "lost"})
    assert answer.headers["Location"] == "/account"
    first, second = client.get("/account").text, client.get("/account").text
    assert ("Token revoked" in first, "Token revoked" in second) == (True, False)
    assert "Revoked" in first


def test_a_revocation_without_a_reason_is_refused(app: FastAPI, reader: Actor) -> None:
    client = browser(app, reader)
    new = {"name": "export", "scopes": ["study:read"]}
    token = client.post("/api/v1/tokens", json=new).json()["id"]
    answer = client.post(f"/account/tokens/{token}/revoke", data={"reason": " "})
    assert answer.status_code == 422
    assert "Say why, in a sentence" in answer.text
