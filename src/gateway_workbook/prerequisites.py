"""What has to be there before the first call: secrets, a sign-in, a project that may be read."""

from __future__ import annotations

__all__ = ["Prerequisite", "check_prerequisites"]

from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.progress import Task
from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.sign_in import bearer
from gateway_workbook.target import AUDIENCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.profile import Profile
    from gateway_workbook.step import Step


class Prerequisite(BaseModel):
    """One thing that is there, or missing with its mend; `yours` when the mend is the reader's own."""

    model_config = ConfigDict(frozen=True)

    what: str
    there: bool
    mend: str = ""
    yours: bool = False


def check_prerequisites(step: Step) -> tuple[Prerequisite, ...]:
    """Every prerequisite of a run, the missing ones with what to do about them."""
    profile = step.run.profile()
    attempts: dict[str, Callable[[], object]] = {
        **{f"secret {one}": partial(step.secrets.resolve, one) for one in references(profile)},
        "Entra sign-in": partial(bearer, step.credential, AUDIENCES["arm"]),
        "Foundry project": step.connections.of_project,
    }
    found = []
    with Task("checking prerequisites", done="prerequisite(s) checked", total=len(attempts)) as task:
        for what, attempt in attempts.items():
            task.now(f"checking {what}")
            found.append(_checked(what, attempt))
            task.did()
    return tuple(found)


def references(profile: Profile) -> list[SecretReference]:
    """Every reference to a secret that a profile makes."""
    headers = [SecretReference.parse(value) for value in profile.custom_headers.values() if is_reference(value)]
    return [reference for reference in (profile.api_key, profile.client_secret) if reference] + headers


def _checked(what: str, attempt: Callable[[], object]) -> Prerequisite:
    try:
        attempt()
    except (UsageError, ServiceError) as error:
        return Prerequisite(what=what, there=False, mend=str(error), yours=isinstance(error, UsageError))
    return Prerequisite(what=what, there=True)
