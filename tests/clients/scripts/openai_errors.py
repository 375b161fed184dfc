"""What a user of the openai client catches: the project's own refusals, and those of the gateway behind it."""

import os

import openai
from azure.identity import DefaultAzureCredential, get_bearer_token_provider
from refusals import refused

ENDPOINT = os.environ["AZURE_AI_PROJECT_ENDPOINT"]
BASE = f"{ENDPOINT}/openai/v1"

with DefaultAzureCredential() as credential:
    token = get_bearer_token_provider(credential, "https://ai.azure.com/.default")
    with openai.OpenAI(base_url=BASE, api_key=token, max_retries=0, _strict_response_validation=True) as client:
        create = client.responses.create

        for body in (
            {"model": "gpt-4o-mini"},
            {"input": "x"},
            {"model": "gpt-4o-mini", "input": 7},
            {"model": "gpt-4o-mini", "input": []},
            {"model": "gpt-4o-mini", "input": [{"type": "web_search_call", "id": "x"}]},
            {"model": "gpt-4o-mini", "input": "x", "temperature": "hot"},
            {"model": "gpt-4o-mini", "input": [{"type": "function_call_output", "call_id": "c", "output": "o"}]},
            {"model": "sandbox-apim/gpt-4o", "input": "x", "tools": [{"type": "web_search"}]},
        ):
            error = refused(lambda body=body: create(**body), openai.BadRequestError)
            assert (error.code, error.type) == ("invalid_request_error", "invalid_request_error"), (body, error.body)
            assert error.body["message"], error.body

        answered = create(model="gpt-4o-mini", input="x")
        for call in (
            lambda: client.responses.cancel(answered.id),
            lambda: client.responses.retrieve(answered.id, stream=True),
            lambda: client.conversations.create(items=[{"role": "user", "content": "x"}] * 21),
            lambda: client.conversations.create(metadata={"name": "x" * 513}),
        ):
            assert refused(call, openai.BadRequestError).code == "invalid_request_error"

        for body in (
            {"model": "nobodys", "input": "x"},
            {"input": "x", "extra_body": {"agent_reference": {"type": "agent_reference", "name": "nobodys"}}},
            {"model": "gpt-4o-mini", "input": "x", "previous_response_id": "resp_nobodys"},
            {"model": "gpt-4o-mini", "input": "x", "conversation": "conv_nobodys"},
        ):
            error = refused(lambda body=body: create(**body), openai.NotFoundError)
            assert "nobodys" in error.body["message"], error.body
            assert error.code, error.body
        for call in (
            lambda: client.responses.retrieve("resp_nobodys"),
            lambda: client.responses.delete("resp_nobodys"),
            lambda: client.responses.input_items.list("resp_nobodys"),
            lambda: client.conversations.items.retrieve("msg_x", conversation_id="conv_nobodys"),
        ):
            error = refused(call, openai.NotFoundError)
            assert (error.code, error.type) == ("not_found", "not_found"), error.body

        # Behind the gateway: a model it does not have, and a gateway that has had enough.
        error = refused(lambda: create(model="sandbox-apim/nobodys", input="x"), openai.APIStatusError)
        assert 400 <= error.status_code < 500, error
        assert "nobodys" in error.body["message"], error.body
        error = refused(lambda: create(model="no-connection/gpt-4o", input="x"), openai.APIStatusError)
        assert "no-connection" in error.body["message"], error.body
        for stream in (False, True):
            busy = {"model": "busy-gateway/gpt-4o", "input": "x", "stream": stream}
            error = refused(lambda busy=busy: create(**busy), openai.RateLimitError)
            assert error.code, error.body
            assert (error.type, error.response.headers["retry-after"]) == ("rate_limit_error", "7"), error.body
            down = {"model": "down-gateway/gpt-4o", "input": "x", "stream": stream}
            error = refused(lambda down=down: create(**down), openai.APIStatusError)
            assert (error.status_code, error.type) == (424, "model_gateway_error"), error.body

    for key in ("forged", credential.get_token("https://management.azure.com/.default").token):
        with openai.OpenAI(base_url=BASE, api_key=key, max_retries=0) as stranger:
            error = refused(
                lambda stranger=stranger: stranger.responses.create(model="gpt-4o-mini", input="x"),
                openai.AuthenticationError,
            )
            assert error.code == "InvalidAuthenticationToken", error.body
