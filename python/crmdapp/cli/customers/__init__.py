"""``crmdapp customers``: profiles, consent, receipted interactions, credentials."""

from crmdapp.cli.customers import (
    _attesting,
    _credentials,
    analytics,
    attest,
    attest_words,
    badge,
    consent,
    consent_records,
    consent_renewing,
    consent_sending,
    consortium,
    credential,
    credential_verify,
    crm,
    dedupe,
    device_keys,
    did,
    feedback,
    identifiers,
    keys,
    log,
    log_proofs,
    merging,
    profile,
    recover,
    register,
    release,
    rewards,
    scope,
    store,
)
from crmdapp.cli.customers._app import app

app.add_typer(scope.app, name="scope")
app.add_typer(recover.app, name="recover")
app.add_typer(did.app, name="did")
app.add_typer(badge.app, name="badge")
app.add_typer(_attesting.app, name="attest")
app.add_typer(_credentials.app, name="credential")
app.add_typer(identifiers.pepper_app, name="pepper")
app.add_typer(consortium.app, name="consortium")
app.add_typer(consent.app, name="consent")
app.add_typer(release.app, name="release")
app.add_typer(dedupe.app, name="dedupe")
app.add_typer(rewards.app, name="rewards")
app.add_typer(log.app, name="log")
app.add_typer(feedback.app, name="feedback")
app.add_typer(device_keys.app, name="keys")
app.add_typer(store.app, name="store")
app.add_typer(analytics.app, name="analytics")

__all__ = [
    "analytics",
    "app",
    "attest",
    "attest_words",
    "badge",
    "consent",
    "consent_records",
    "consent_renewing",
    "consent_sending",
    "consortium",
    "credential",
    "credential_verify",
    "crm",
    "dedupe",
    "device_keys",
    "did",
    "feedback",
    "identifiers",
    "keys",
    "log",
    "log_proofs",
    "merging",
    "profile",
    "recover",
    "register",
    "release",
    "rewards",
    "scope",
    "store",
]
