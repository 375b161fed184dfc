"""Put your own AI gateway behind Microsoft Foundry agents: connect, discover, deploy, validate.

The names below are what the notebooks use. Each is imported when it is first asked for, because the Azure SDK, pandas
and matplotlib together take seconds, and `import gateway_workbook` should not.

Where things are, each importing only what stands before it:

- `errors`, `visible` (untrusted text), `inert` (untrusted HTML), `workers` (calls side by side), `progress` (how far
  they are), `front_end` (who looks at a notebook), `secrets`, `workbook` (the package's own files)
- forms of a profile: `whole_files`, `document`, `profile_rules`, `profile_note` (what a form cannot hold),
  `parameter_file`, `arm_resource`, `shell`, `arm_template`, `az_rest`, `az_yaml`, `bicep_value`, `bicep`,
  `reading` (any of them), then `profile` itself
- what forms ask: `field`, `profile_fields`, `profile_values` (there and back)
- a change of a profile, in its own file: `yaml_edit`, `profile_change`; what to change: `neighbours` (one change away),
  `mending` (tries them), `checkup` (a whole look, for `diagnose`)
- the connection: `connection`, `difference`, `bounded` (how much is read), `exchange`, `sign_in`, `authentication`,
  `gateway`, `discovery`
- what goes over HTTP, shown: `masking` (secrets in texts), `wire_exchange`, `wire_curl`, `wire_view`, `wire` (records),
  `wire_sdk` (the official clients)
- why a call failed: `network`, `observation`, `changes`, `rule`, `gateway_words` (patterns of what gateways say),
  `network_rules`, `admission_rules`, `answer_rules`, `diagnosis`
- what is wrong with a stored one: `finding`, `stored`, `metadata_rules`, `resource_rules`, `check` (the table of rules)
- the search for settings: `usual`, `probe_url` (any URL, read), `probe_budget` (its limits), `probe_plan` (the order),
  `probe_header`, `probe_asking`, `probe_profile`, `probe_evidence`, `probe_verdict`, `probe`
- the target: `sandbox_process`, `target`, `export` (a profile in any form), `importing`, `ledger`, `arm` (connections),
  `examination`
- what an agent needs of a model: `streaming` (events and when they came), `readiness_calls`, `chat_checks`,
  `tool_checks`, `streaming_checks`, `readiness_checks` (the table), `readiness`
- the agent: `gateway_tools` (the article's nine), `openapi`, `answer`, `tool_fields`, `tool`, `tools` (a tools file),
  `definition` (what is refused), `client_functions`, `agents`
- validation: `suite`, `validation`, `gateway_log`, `tool_log`, `agent_rules` (why agents fail), `triage` (whose fault),
  `route_proof` (a negative control), `log_proof` (the gateway's own log)
- the run: `run`, then what is told of it: `stages`, `headline`, `grid` (a table as HTML and text), `pager` (a long
  one), `table`, `frames`, `connection_facts`, `view`, `views` (how values show themselves), `formats` (tells IPython),
  `chart`, `figures`, `report`, `junit`, `notebook_cells` and `html_export` (executed notebooks as pages)
- a notebook at work: `progress_line` (what is under way), `step`, `probe_session`, `prerequisites`, `creation`,
  `cleanup`
- forms: `controls` (their parts), `form`, `profile_form`, `forms` (one for each notebook), `mend_form`,
  `walkthrough` (all on one page), `page_server` (voila)
- headless: `kernel`, `batch`, `cli_check` (check), `cli_diagnose`, `cli_forms` (export, import), `cli_html`,
  `cli_probe`, `cli_readiness`, `cli_triage`, `cli`
"""

from __future__ import annotations

__all__ = [
    "ConnectionRecord",
    "Discovered",
    "ProbeOptions",
    "SettingsStep",
    "Step",
    "Walkthrough",
    "__version__",
    "check_prerequisites",
    "clean_up",
    "create",
    "discover",
    "examine_readiness",
    "figures",
    "find_settings",
    "forms",
    "frames",
    "is_error",
    "load_profile",
    "load_suite",
    "load_tools",
    "mend_button",
    "rail",
    "report",
    "resource_rows",
    "to_check",
    "write_profile",
]

import sys
from importlib import import_module
from importlib.metadata import version

__version__ = version("gateway-workbook")
_FROM = {
    "ConnectionRecord": "run",
    "Discovered": "discovery",
    "Step": "step",
    "check_prerequisites": "prerequisites",
    "clean_up": "cleanup",
    "create": "creation",
    "is_error": "finding",
    "resource_rows": "arm",
    "discover": "discovery",
    "examine_readiness": "readiness",
    "to_check": "readiness",
    "ProbeOptions": "probe_session",
    "SettingsStep": "probe_session",
    "find_settings": "probe_session",
    "write_profile": "probe_session",
    "load_profile": "profile",
    "load_suite": "suite",
    "load_tools": "tools",
    "mend_button": "mend_form",
    "rail": "step_rail",
    "Walkthrough": "walkthrough",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if "IPython" in sys.modules:  # not imported for this: where it does not run, nothing is shown by it
        import_module(f"{__name__}.formats").register()
    module = import_module(f"{__name__}.{_FROM.get(name, name)}")
    return getattr(module, name) if name in _FROM else module
