"""Roles, permissions, and which role carries which permission."""

from enum import StrEnum


class Role(StrEnum):
    SUPPLIER = "supplier"
    NETWORK_MANAGER = "network_manager"
    CSO = "cso"
    READER = "reader"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Permission(StrEnum):
    """What may be done: the noun, then the verb."""

    ORGANISATION_WRITE = "organisation:write"
    USER_WRITE = "user:write"
    SITE_WRITE = "site:write"
    NODE_WRITE = "node:write"
    REGISTRY_READ = "registry:read"
    VERSION_SUBMIT = "version:submit"
    VERSION_APPROVE = "version:approve"
    ALIAS_WRITE = "alias:write"
    SUPPLIER_KEY_WRITE = "supplier_key:write"
    SUPPLIER_KEY_TRUST = "supplier_key:trust"
    SUBMISSION_READ = "submission:read"
    SUBMISSION_REVIEW = "submission:review"
    LOCAL_TEST_RUN = "local_test:run"
    READINESS_WRITE = "readiness:write"
    WEBHOOK_WRITE = "webhook:write"
    SAFETY_CASE_SIGN = "safety_case:sign"
    CARD_PUBLISH = "card:publish"
    ACCEPTANCE_SIGN = "acceptance:sign"
    DEPLOYMENT_REQUEST = "deployment:request"
    DEPLOYMENT_APPROVE = "deployment:approve"
    DEPLOYMENT_SUSPEND = "deployment:suspend"
    RULE_WRITE = "rule:write"
    RULE_PUBLISH = "rule:publish"
    STUDY_READ = "study:read"
    RUN_REPLAY = "run:replay"
    QUEUE_RETRY = "queue:retry"
    DECISION_WRITE = "decision:write"
    SURVEILLANCE_READ = "surveillance:read"
    SURVEILLANCE_RUN = "surveillance:run"
    TRUTH_WRITE = "truth:write"
    ALERT_ACT = "alert:act"
    AUDIT_READ = "audit:read"


_P = Permission
_STAFF = frozenset({_P.REGISTRY_READ})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SUPPLIER: _STAFF
    | {_P.VERSION_SUBMIT, _P.SUBMISSION_READ, _P.CARD_PUBLISH}
    | {_P.SUPPLIER_KEY_WRITE, _P.WEBHOOK_WRITE},
    Role.NETWORK_MANAGER: _STAFF
    | {
        _P.SITE_WRITE,
        _P.NODE_WRITE,
        _P.VERSION_APPROVE,
        _P.ALIAS_WRITE,
        _P.SUPPLIER_KEY_TRUST,
        _P.SUBMISSION_READ,
        _P.SUBMISSION_REVIEW,
        _P.LOCAL_TEST_RUN,
        _P.READINESS_WRITE,
        _P.WEBHOOK_WRITE,
        _P.CARD_PUBLISH,
        _P.DEPLOYMENT_REQUEST,
        _P.DEPLOYMENT_APPROVE,
        _P.DEPLOYMENT_SUSPEND,
        _P.RULE_WRITE,
        _P.RULE_PUBLISH,
        _P.STUDY_READ,
        _P.QUEUE_RETRY,
        _P.SURVEILLANCE_READ,
        _P.SURVEILLANCE_RUN,
        _P.TRUTH_WRITE,
        _P.ALERT_ACT,
        _P.AUDIT_READ,
    },
    Role.CSO: _STAFF
    | {
        _P.VERSION_APPROVE,
        _P.SUBMISSION_READ,
        _P.SUBMISSION_REVIEW,
        _P.LOCAL_TEST_RUN,
        _P.READINESS_WRITE,
        _P.SAFETY_CASE_SIGN,
        _P.ACCEPTANCE_SIGN,
        _P.DEPLOYMENT_APPROVE,
        _P.DEPLOYMENT_SUSPEND,
        _P.RULE_PUBLISH,
        _P.STUDY_READ,
        _P.RUN_REPLAY,
        _P.SURVEILLANCE_READ,
        _P.SURVEILLANCE_RUN,
        _P.TRUTH_WRITE,
        _P.ALERT_ACT,
        _P.AUDIT_READ,
    },
    Role.READER: _STAFF | {_P.STUDY_READ, _P.DECISION_WRITE},
    Role.OPERATOR: _STAFF
    | {_P.STUDY_READ, _P.RUN_REPLAY, _P.QUEUE_RETRY, _P.DEPLOYMENT_SUSPEND}
    | {_P.READINESS_WRITE},
    Role.AUDITOR: _STAFF | {_P.SUBMISSION_READ, _P.STUDY_READ, _P.SURVEILLANCE_READ, _P.AUDIT_READ},
    Role.ADMIN: _STAFF
    | {_P.ORGANISATION_WRITE, _P.USER_WRITE, _P.SITE_WRITE, _P.NODE_WRITE, _P.AUDIT_READ}
    | {_P.SUPPLIER_KEY_TRUST, _P.WEBHOOK_WRITE},
}
