"""The names of the one subscription, group, account, project and deployment this sandbox plays."""

from __future__ import annotations

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "00000000-0000-0000-0000-000000000000"
GROUP = "sandbox"
ACCOUNT = "sandbox"
PROJECT = "workshop"
SERVICE = "sandbox-apim"

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
ACCOUNT_ID = f"{GROUP_ID}/providers/Microsoft.CognitiveServices/accounts/{ACCOUNT}"
PROJECT_ID = f"{ACCOUNT_ID}/projects/{PROJECT}"
SERVICE_ID = f"{GROUP_ID}/providers/Microsoft.ApiManagement/service/{SERVICE}"
PROJECT_PATH = f"/api/projects/{PROJECT}"

# Whoever names it without "connection/" is answered by the project itself, past every gateway.
OWN_MODEL = "gpt-4o-mini"
