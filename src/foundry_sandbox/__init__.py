"""A sandbox that plays Azure, Entra and several AI gateways on loopback.

It answers unmodified official clients, keeps what they create in one folder, and calls the gateways its
agents are connected to. It shares no code with `gateway_workbook`: it is a second reading of the contracts.

Where things are:

- the process: `server`, `instance`, `certificate`, `access_log`, `app`; what it keeps: `state`, `connections`
- the page for people: `portal`, `portal_text`; what it tells: `health` (of connections), `dialogue` (who said what),
  `notebook_links`
- Azure Resource Manager: `arm`, `resource_path`, `resources`, `api_management`, `connection_resource`, `azure` (the
  names it plays)
- deployments of ARM templates: `template_deployments` (over HTTP), `template_text` (the body), `template` (its shape),
  `template_plan`, `template_item`, `template_world` (what it finds and would make), `template_what_if`,
  `template_record`
- the template language: `template_expression` (grammar), `template_evaluation`, `template_scope`,
  `template_parameters`, `template_facts`, `template_function`, `template_text_functions`,
  `template_collection_functions`, `template_error`
- Entra and who may come in: `identity`, `access`
- the project: `project`, `agents`, `definition`, `tool_definitions`, `conversations`, `items`, `responses`, `turn`,
  `paging`
- an answer with tools: `rounds` (the loop), `toolbox` (what the model is offered), `offer`, `worked_items`, `loopback`;
  the tools: `openapi_tool`, `openapi_document`, `openapi_auth`, `mcp_tool`, `mcp_session`, `simulated`;
  services to try them with: `example_services`, `example_mcp`
- the Agent Service's way out: `agent_service`, `outbound`, `client_credentials`, `chat` (turn to chat completions),
  `reply`, `answer`, `events` (and back)
- the gateways: `gateways` (the flow), `catalogue` (the table it interprets), `admission`, `dialect`, `upstream`
- the scripted model behind them: `model`, `prompt`, `script`, `examples`, `deployments`
- reading bodies and saying no: `body`, `refusal`
"""

__version__ = "0.1.0"
