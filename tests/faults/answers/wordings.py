"""Answers as products word them."""

from __future__ import annotations

from tests.faults.answers.corpus import Case, worded

BEARER = {"authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"}}

WORDINGS: tuple[Case, ...] = (
    worded("Kong, key", "wrong-key", 401, '{"message": "Invalid authentication credentials"}'),
    worded("Kong, none", "no-key-seen", 401, '{"message": "No API key found in request"}'),
    worded("Kong, route", "wrong-path", 404, '{"message": "no Route matched with those values"}'),
    worded("Kong, upstream", "upstream", 503, '{"message": "failure to get a peer from the ring-balancer"}'),
    worded("nginx, key", "wrong-key", 401, "<html><h1>401 Authorization Required</h1>", fields=BEARER),
    worded("nginx, upstream", "upstream", 504, "<html><h1>504 Gateway Time-out</h1>"),
    worded("Envoy, RBAC", "forbidden", 403, "RBAC: access denied"),
    worded("Envoy, JWT", "token-expired", 401, "Jwt is expired"),
    worded("Envoy, audience", "wrong-audience", 403, "Audiences in Jwt are not allowed"),
    worded("Envoy, upstream", "upstream", 503, "upstream connect error or disconnect/reset before headers"),
    worded("Apigee, key", "wrong-key", 401, '{"fault": {"faultstring": "Invalid ApiKey"}}'),
    worded("Apigee, none", "no-key-seen", 401, '{"fault": {"faultstring": "Failed to resolve API Key variable"}}'),
    worded("Apigee, quota", "rate-limit", 429, '{"fault": {"faultstring": "Spike arrest violation"}}'),
    worded("AWS, route", "wrong-path", 403, '{"message": "Missing Authentication Token"}'),
    worded("AWS, forbidden", "forbidden", 403, '{"message": "Forbidden"}'),
    worded("AWS, timeout", "upstream", 504, '{"message": "Endpoint request timed out"}'),
    worded("Traefik, route", "wrong-path", 404, "404 page not found", headers={"content-type": "text/plain"}),
    worded("Cloudflare, origin", "upstream", 522, "error code: 522"),
    worded("Spring, route", "wrong-path", 404, '{"status": 404, "error": "Not Found", "path": "/v1"}'),
    worded("FastAPI, key", "no-key-seen", 403, '{"detail": "Not authenticated"}'),
    worded("vLLM, model", "unknown-deployment", 404, '{"message": "The model `x` does not exist."}'),
    worded("vLLM, length", "context-length", 400, '{"message": "maximum context length is 4096 tokens"}'),
    worded("Ollama, model", "unknown-deployment", 404, '{"error": {"message": "model \\"x\\" not found"}}'),
    worded("llama.cpp, loading", "upstream", 503, '{"error": {"message": "Loading model"}}'),
    worded("llama.cpp, length", "context-length", 400, '{"error": {"type": "exceed_context_size_error"}}'),
    worded("Anthropic, key", "wrong-key", 401, '{"error": {"message": "invalid x-api-key"}}'),
    worded("Anthropic, load", "upstream", 529, '{"error": {"type": "overloaded_error", "message": "Overloaded"}}'),
    worded(
        "LiteLLM, key", "wrong-key", 400, '{"error": {"message": "Authentication Error, Invalid proxy server token"}}'
    ),
    worded("LiteLLM, model", "unknown-deployment", 400, '{"error": {"message": "Invalid model name passed"}}'),
    worded("LiteLLM, budget", "quota-used-up", 400, '{"error": {"message": "Budget has been exceeded!"}}'),
    worded("Azure, filter", "content-filter", 400, '{"error": {"code": "content_filter"}}'),
    worded("Azure, firewall", "firewall", 403, '{"error": {"message": "Access denied due to Virtual Network rules"}}'),
    worded("OpenAI, quota", "quota-used-up", 429, '{"error": {"code": "insufficient_quota"}}'),
    worded("APIM, none", "no-key-seen", 401, '{"message": "Access denied due to missing subscription key."}'),
    worded("MuleSoft, client", "wrong-key", 401, '{"error": "Invalid client id or secret"}'),
)
