"""Any form in, any form out: what a profile says is all there again when a form of it is read."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gateway_workbook import target as targets
from gateway_workbook.connection import Connection
from gateway_workbook.document import Document
from gateway_workbook.errors import UsageError
from gateway_workbook.export import FORMS, Form, export
from gateway_workbook.importing import import_profile
from gateway_workbook.profile import Profile, load_profile
from gateway_workbook.reading import read_stored
from tests.library.parameter_files import PROJECT as PUBLIC_PROJECT
from tests.library.parameter_files import SHAPES, parameter_file
from tests.library.profiles import PROJECT, profiles

AZURE = targets.azure(PROJECT)
bounded = settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def holds(form: Form, profile: Profile) -> bool:
    """Whether the form has room for all of it: the rules as a reader of Azure's documentation would write them."""
    if form in ("template", "bicep", "parameters"):
        return True
    if profile.apim_resource_id:
        return False
    in_headers = any(place.startswith("customHeaders.") for place in profile.references)
    plain = profile.auth_type == "ApiKey" and profile.connection_scope == "project" and not profile.is_shared_to_all
    return form in ("arm", "az-rest") or (plain and not in_headers)


def read_back(profile: Profile, form: Form) -> list[Profile]:
    """The profile as each file of the form gives it."""
    with tempfile.TemporaryDirectory() as folder:
        return [load_profile(path) for path in export(profile, form, target=AZURE).write(Path(folder))]


@bounded
@given(profile=profiles())
def test_every_form_loses_nothing_or_refuses(profile: Profile) -> None:
    for form in FORMS:
        if holds(form, profile):
            read = read_back(profile, form)
            assert [again for again in read if again != profile] == [], form
            assert export(read[0], form, target=AZURE) == export(profile, form, target=AZURE)
        else:
            with pytest.raises(UsageError, match=rf"^{form} .*: take --format "):
                export(profile, form, target=AZURE)


@bounded
@given(profile=profiles(for_az_yaml=True))
def test_the_file_of_the_connection_command_loses_nothing_of_a_keyed_connection(profile: Profile) -> None:
    assert holds("az-yaml", profile)
    assert read_back(profile, "az-yaml") == [profile]


@bounded
@given(profile=profiles())
def test_yaml_loses_nothing(profile: Profile) -> None:
    assert Profile.parse(Document.parse(profile.to_yaml(), source="x")) == profile


@bounded
@given(profile=profiles())
def test_a_stored_connection_loses_its_secrets_and_labels_alone(profile: Profile) -> None:
    if profile.apim_resource_id:
        return
    connection = Connection.of(profile, locate=str)
    resource = json.loads(json.dumps(connection.with_references()))
    resource["properties"]["credentials"] = None
    resource["id"] = f"{PROJECT}/connections/{connection.name}"
    again = import_profile(read_stored(resource, source="stored"), changes={"clientId": profile.client_id}).profile
    default = {"ApiKey": {"api_key"}, "OAuth2": {"client_secret"}}.get(profile.auth_type, set())
    gone = {"gateway_name", "apim_subscription_name", "connection_scope"} | default
    assert again.model_dump(exclude=gone) == profile.model_dump(exclude=gone)


def test_the_generated_profiles_are_of_every_kind() -> None:
    seen: Counter[str] = Counter()

    @bounded
    @given(profile=profiles())
    def count(profile: Profile) -> None:
        seen.update({profile.category, profile.auth_type, profile.connection_scope})
        seen.update({f"by {reference.scheme}" for reference in profile.references.values()})
        seen.update({"static"} if profile.static_models else {profile.deployment_provider or "defaults"})
        seen.update({"api"} if profile.apim_resource_id else {"url"})
        seen.update({place.partition(".")[0] for place in profile.references})
        seen.update(form for form in FORMS if holds(form, profile))

    count()
    kinds = {"ApiManagement", "ModelGateway", "ApiKey", "OAuth2", "ProjectManagedIdentity", "project", "account"}
    kinds |= {"by env", "by keyring", "by keyvault", "static", "OpenAI", "AzureOpenAI", "defaults", "api", "url"}
    kinds |= {"apiKey", "clientSecret", "customHeaders", *FORMS}
    assert {kind for kind in kinds if seen[kind] < 3} == set(), seen


@pytest.mark.parametrize("shape", SHAPES)
def test_every_public_parameter_file_comes_back_from_every_form(shape: str, tmp_path: Path) -> None:
    path, target = tmp_path / "public.json", targets.azure(PUBLIC_PROJECT)
    path.write_text(json.dumps(parameter_file(SHAPES[shape])), encoding="utf-8")
    profile = load_profile(path)
    for form in FORMS:
        if holds(form, profile):
            files = export(profile, form, target=target).write(tmp_path / form)
            assert [load_profile(file) for file in files] == [profile] * len(files), form
    forms = [form for form in FORMS if holds(form, profile)]
    assert len(forms) == (3 if shape.startswith("apim") else 5 if shape.endswith("oauth2") else 6)
