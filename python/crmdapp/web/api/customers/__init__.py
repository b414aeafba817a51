"""The customers' part of the API: everything that a company does with ``crmdapp customers``."""

from fastapi import APIRouter

from crmdapp.web.api.customers import (
    attestations,
    consents,
    log,
    people,
    profiles,
    rewards,
    scopes,
    vault,
)

router = APIRouter(prefix="/v1/customers", tags=["customers"])
for part in (scopes, profiles, consents, attestations, log, vault, people, rewards):
    router.include_router(part.router)

__all__ = ["router"]
