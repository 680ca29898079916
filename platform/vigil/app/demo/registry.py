"""The registry's part of the loop: submitted, checked, signed, in shadow, and then live."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.packages.signature import new_private_key, public_bytes, sign
from vigil.app.demo.client import At, StoryFailed, wait_for
from vigil.app.demo.network import ADULT_SITE, CHILD_SITE, SUPPLIER, People

PACKAGES = Path(__file__).parent / "packages"
VIEW, PNEUMONIA = "chest-view", "pneumonia-children"
CHEST_RULE = 'modality in ["CR", "DX"] && body_part == "CHEST"'
CR_RULE = 'modality == "CR" && body_part == "CHEST"'


@dataclass(frozen=True)
class Evidence:
    """What a shadow run showed at a site: so many results, so many of them right.

    Attributes:
        acceptance: the draft that a passed test of Vigil's left; None: Vigil had too few labelled
            images, and the officer answers for a document made outside of it.
    """

    results: int
    right: int
    acceptance: str | None = None

    @property
    def text(self) -> bytes:
        document = {
            "test": "local acceptance in shadow mode, judged outside Vigil",
            "studies_with_a_result": self.results,
            "results_that_agree_with_the_header": self.right,
            "pass_rule_fixed_beforehand": "every study ends with an outcome; no run failed",
            "note": "A demonstration: so few studies say little about accuracy.",
        }
        return yaml.safe_dump(document, sort_keys=False).encode()


@dataclass(frozen=True)
class Registry:
    url: str
    people: People
    # Made for this demonstration and gone with it: its supplier's private key.
    signing_key: Ed25519PrivateKey = field(default_factory=new_private_key)

    def agree_on_key(self) -> None:
        """The supplier proposes its public key; a manager compares it with them and trusts it."""
        supplier, manager = At(self.url, self.people.supplier), At(self.url, self.people.manager)
        shown = public_bytes(self.signing_key).hex()
        proposed = supplier.post(
            "/supplier-keys",
            public_key=shown,
            label="release server",
            reason="packages will be signed with it",
        )
        if proposed["public_key"] != shown:
            raise StoryFailed("the network was given another key than the supplier's")
        manager.post(f"/supplier-keys/{proposed['id']}/trust", reason="compared by telephone")

    def submit(self, name: str) -> str:
        """Sign and submit a package as its supplier; return the id of the checked version."""
        archive = build(sign(ModelPackage.open(PACKAGES / name), self.signing_key))
        supplier = At(self.url, self.people.supplier)
        version: str = supplier.upload("/versions", archive)["id"]
        checked = wait_for(
            f"the checks of {name}",
            lambda: _settled(supplier.get(f"/versions/{version}")),
        )
        if checked["status"] != "checked":
            failed = [check for check in checked["checks"] if not check["passed"]]
            raise StoryFailed(f"{name} was refused: {failed}")
        return version

    def sign_case(self, name: str, version: str) -> None:
        """The supplier hands in its DCB0129 case, the network's officer signs it.

        On that and on the published card a manager approves the version for the network.
        """
        supplier, officer = At(self.url, self.people.supplier), At(self.url, self.people.officer)
        document = (PACKAGES / name / "safety_case.yaml").read_bytes()
        case = supplier.form(
            "/safety-cases",
            document,
            version_id=version,
            title=yaml.safe_load(document)["title"],
            reason="first issue",
        )
        officer.post(f"/safety-cases/{case['id']}/sign", reason="hazards and controls reviewed")
        supplier.post("/cards", version_id=version, reason="ready for the register")
        manager = At(self.url, self.people.manager)
        manager.post(f"/versions/{version}/approve", reason="case and card reviewed")

    def shadow(self, version: str, site: str) -> str:
        manager = At(self.url, self.people.manager)
        made = manager.post("/deployments", version_id=version, site=site, reason="look first")
        deployment: str = made["id"]
        return deployment

    def publish_rules(self) -> None:
        """A manager drafts the rules of both sites, a safety officer publishes them."""
        manager, officer = At(self.url, self.people.manager), At(self.url, self.people.officer)
        child = f'{CHEST_RULE} && calling_ae == "PAEDCR"'
        rules = {
            ADULT_SITE: [
                _rule("adult chest to the view check", CHEST_RULE, VIEW),
                _rule("CR chest to the children's model, in shadow", CR_RULE, PNEUMONIA),
            ],
            CHILD_SITE: [_rule("the children's machine to the pneumonia model", child, PNEUMONIA)],
        }
        for site, listed in rules.items():
            drafted = manager.post("/routing/revisions", site=site, rules=listed, reason="go-live")
            officer.post(f"/routing/revisions/{drafted['id']}/publication", reason="scope reviewed")

    def go_live(
        self,
        version: str,
        site: str,
        deployment: str,
        evidence: Evidence,
        thresholds: dict[str, float],
    ) -> list[str]:
        """Propose live, be told what is missing, supply it, and have two people agree.

        Args:
            version: which version.
            site: ODS code of the site.
            deployment: the version's deployment there, in shadow until now.
            evidence: what the shadow runs showed.
            thresholds: the site's own, in place of the supplier's.

        Returns:
            What the gates said was missing at first.
        """
        manager = At(self.url, self.people.manager)
        proposal = manager.post(
            f"/deployments/{deployment}/changes",
            to_mode="live",
            thresholds=thresholds,
            reason="shadow went well",
        )
        local = At(self.url, self.people.site_officers[site])
        by_hand = ("dcb0160",) if evidence.acceptance else ("dcb0160", "local_test")
        drafts = [evidence.acceptance] if evidence.acceptance else []
        for kind in by_hand:
            drafted = local.form(
                "/acceptances",
                evidence.text,
                kind=kind,
                version_id=version,
                site=site,
                passed="true",
                thresholds=json.dumps(thresholds),
                reason="shadow period reviewed",
            )
            drafts.append(drafted["id"])
        for draft in drafts:
            local.post(f"/acceptances/{draft}/sign", reason="accepted for this site")
        change = proposal["change"]["id"]
        agreed = local.post(f"/deployments/changes/{change}/approve", reason="evidence reviewed")
        if agreed["deployment"]["mode"] != "live":
            raise StoryFailed(f"not live: {agreed['missing']}")
        return [f"{one['what']} (from {one['who']})" for one in proposal["missing"]]


def _settled(version: dict[str, Any]) -> dict[str, Any] | None:
    return None if version["status"] == "submitted" else version


def _rule(name: str, when: str, model: str) -> dict[str, str]:
    return {"name": name, "when": when, "model": f"{SUPPLIER}/{model}"}
