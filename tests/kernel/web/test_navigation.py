from factories.identity import create_organisation, create_person

from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.parts import Parts
from vigil.kernel.web.navigation import Link, Section, sections

MODELS = Link("Models", "/models", Permission.REGISTRY_READ, within=(
    Link("Signing keys", "/keys", Permission.SUPPLIER_KEY_WRITE),
    Link("Signing keys", "/keys", Permission.SUPPLIER_KEY_TRUST),
    Link("Register", "/register"),
))  # fmt: skip
MENU = (
    Link("Overview", "/", Permission.REGISTRY_READ),
    MODELS,
    Link("Users", "/users", Permission.USER_WRITE),
)


def person(parts: Parts, role: Role) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        return create_person(session, "RXX", role)


def texts(found: list[Section]) -> list[list[str]]:
    return [[link.text for link in section.links] for section in found]


def test_everybody_sees_the_sections_of_which_they_may_see_a_page(parts: Parts) -> None:
    officer = person(parts, Role.CSO)
    assert texts(sections(MENU, officer)) == [["Overview"], ["Models", "Register"]]


def test_a_stranger_is_led_to_the_page_that_is_open_to_all() -> None:
    [only] = sections(MENU, None)
    assert (only.head.text, only.head.href) == ("Register", "/register")


def test_a_page_that_two_permissions_open_is_shown_once(parts: Parts) -> None:
    network = person(parts, Role.ADMIN)
    twice = Link("Users", "/users", Permission.USER_WRITE, within=(Link("Users", "/users"),))
    assert texts(sections((twice,), network)) == [["Users"]]


def test_the_current_page_is_the_one_that_the_address_lies_below() -> None:
    section = Section((MODELS, *MODELS.within))
    assert section.current("/models/mdl_1/versions/2") is MODELS
    register = section.current("/register")
    assert register is not None
    assert register.text == "Register"
    assert section.current("/modelsx") is None


def test_the_start_page_does_not_hold_all_others() -> None:
    start = MENU[0]
    assert (start.holds("/"), start.holds("/models")) == (True, False)
