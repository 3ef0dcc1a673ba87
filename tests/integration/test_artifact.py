"""`sam build` packs each function's own code and dependencies, for the requested processor, and nothing else."""

import importlib.util
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local.build import built_tree, host_architecture
from local.compiled import NotCompiledError, compile_tree
from local.emulator import PROJECT, runtime_packages

FUNCTIONS = ("create", "status", "actions", "process", "sweeper", "authorizer", "live", "push")
ELF_MACHINES = {"x86_64": 62, "arm64": 183}
# Written out, so that a dependency that slips in is noticed: it costs every cold start.
LAYER = {
    "shared", "annotated_types", "aws_lambda_powertools", "jmespath", "pydantic", "pydantic_core",
    "typing_extensions.py", "typing_inspection",
}  # fmt: skip
AUTHORIZER = {"functions", "_cffi_backend", "cffi", "cryptography", "jwt", "pycparser"}
PROCESS = {"functions", "anyio", "certifi", "h11", "httpcore", "httpx", "idna", "typing_extensions.py"}
PACKAGE_RECORD = re.compile(r".*\.(dist-info|data)$")
UNWANTED_DIRECTORIES = {".mypy_cache", ".ruff_cache", "local", "docs", "bench", ".git", ".venv"}


@pytest.fixture(scope="module")
def tree() -> Path:
    """As a deploy from this machine would pack it."""
    return built_tree(for_this_machine=False)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runtime_packages(tmp_path_factory.mktemp("runtime"))


def function_directory(tree: Path, name: str) -> Path:
    return tree / f"{name.capitalize()}Function"


def names(directory: Path) -> set[str]:
    return {entry.name for entry in directory.iterdir() if not PACKAGE_RECORD.match(entry.name)} - {"__pycache__"}


def files(directory: Path) -> set[str]:
    """All but the byte code."""
    found = {path.relative_to(directory) for path in directory.rglob("*") if path.is_file()}
    return {str(path) for path in found if "__pycache__" not in path.parts}


def own_files(package: str) -> set[str]:
    """The Python files of a source package, from the project's root."""
    return {str(path.relative_to(PROJECT)) for path in (PROJECT / package).rglob("*.py")}


def test_the_built_template_keeps_what_the_emulator_ignores(tree: Path) -> None:
    resources = yaml.safe_load((tree / "template.yaml").read_text())["Resources"]
    table = resources["Table"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert resources["ProcessFunction"]["Properties"]["RecursiveLoop"] == "Allow"
    alarms = {name for name, resource in resources.items() if resource["Type"] == "AWS::CloudWatch::Alarm"}
    assert {"DeadLettersAlarm", "QueueAgeAlarm", "IsolatedQueueAgeAlarm", "SweeperSilentAlarm", "StaleAlarm"} <= alarms
    assert {"FailedAlarm", "SpentAlarm", *(f"{name.capitalize()}ErrorsAlarm" for name in FUNCTIONS)} <= alarms


@pytest.mark.parametrize("name", ["create", "status", "actions", "sweeper", "live", "push"])
def test_a_function_holds_its_own_package_alone(tree: Path, name: str) -> None:
    packed = files(function_directory(tree, name))
    served = {"functions/status/openapi.json"} if name == "status" else set[str]()
    assert packed == own_files(f"functions/{name}") | served


def test_the_worker_holds_its_own_package_and_the_http_client(tree: Path) -> None:
    directory = function_directory(tree, "process")
    assert names(directory) == PROCESS
    assert names(directory / "functions") == {"process"}
    packed = {path for path in files(directory) if path.startswith("functions/") and path.endswith(".py")}
    assert packed == own_files("functions/process")


def test_the_authorizer_holds_its_own_package_and_what_verifies_signatures(tree: Path) -> None:
    directory = function_directory(tree, "authorizer")
    assert {name.partition(".")[0] for name in names(directory)} == AUTHORIZER
    assert names(directory / "functions") == {"authorizer"}
    packed = {path for path in files(directory) if path.startswith("functions/") and path.endswith(".py")}
    assert packed == own_files("functions/authorizer")


def test_the_layer_holds_the_shared_package_and_its_dependencies(tree: Path) -> None:
    directory = tree / "SharedLayer"
    assert names(directory) == {"python"}
    assert names(directory / "python") == LAYER
    packed = {path for path in files(directory / "python") if path.startswith("shared/") and path.endswith(".py")}
    assert packed == own_files("shared")


@pytest.mark.parametrize("artifact", ["SharedLayer", *(f"{name.capitalize()}Function" for name in FUNCTIONS)])
def test_an_artifact_holds_no_by_products_and_stays_small(tree: Path, artifact: str) -> None:
    paths = [path.relative_to(tree) for path in (tree / artifact).rglob("*")]
    assert not [path for path in paths if UNWANTED_DIRECTORIES.intersection(path.parts)]
    own = [path for path in paths if path.parts[1:2] in {("functions",), ("python",)} and "shared" in path.parts[:3]]
    assert not [path for path in own if "tests" in path.parts or path.name.startswith("test_")]
    size = sum(path.stat().st_size for path in (tree / artifact).rglob("*") if path.is_file())
    assert size < 30_000_000, f"{artifact} unpacks to {size:,} bytes"


@pytest.mark.parametrize("artifact", ["SharedLayer", *(f"{name.capitalize()}Function" for name in FUNCTIONS)])
def test_every_module_comes_with_byte_code_that_needs_no_source_to_be_valid(tree: Path, artifact: str) -> None:
    modules = list((tree / artifact).rglob("*.py"))
    assert modules
    for module in modules:
        header = (module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc").read_bytes()[:8]
        # PEP 552: 1 is a hash of the source instead of its time; without bit 2 it is never looked at again.
        assert header == importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little"), module


def byte_code(tree: Path) -> dict[str, bytes]:
    return {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*.pyc")}


def without_byte_code(tree: Path, copy: Path) -> Path:
    return Path(shutil.copytree(tree, copy, ignore=shutil.ignore_patterns("__pycache__")))


# Each importer shares strings with the code that it compiles, and another number of them.
BARE = "import sys; from pathlib import Path; from local.compiled import compile_tree; compile_tree(Path(sys.argv[1]))"
COMMANDS = {
    "the command": ["-m", "local.compiled"],
    "a bare process": ["-c", BARE],
    "one that has imported the libraries": [
        "-c",
        f"import pydantic, boto3, httpx, rich, ast, dis, unittest.mock; {BARE}",
    ],
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_the_same_sources_give_the_same_byte_code_wherever_they_lie_and_whoever_compiles(
    tree: Path, tmp_path: Path, command: list[str]
) -> None:
    here = without_byte_code(tree, tmp_path / "here")
    elsewhere = without_byte_code(tree, tmp_path / "a" / "longer path" / "elsewhere")
    assert compile_tree(here) > 100
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONOPTIMIZE": "", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, *command, str(elsewhere)]
    subprocess.run(argv, cwd=PROJECT, env=environment, check=True, timeout=300)  # noqa: S603
    ours, theirs = byte_code(here), byte_code(elsewhere)
    assert ours.keys() == theirs.keys() == byte_code(tree).keys()
    assert not [name for name, content in ours.items() if theirs[name] != content]
    assert not [name for name, content in byte_code(tree).items() if ours[name] != content]


def test_a_module_that_does_not_compile_is_named(tree: Path, tmp_path: Path) -> None:
    copy = without_byte_code(tree, tmp_path / "copy")
    (copy / "CreateFunction" / "functions" / "create" / "handler.py").write_text("def handler(:\n")
    with pytest.raises(NotCompiledError, match=r"functions/create/handler\.py"):
        compile_tree(copy)


def test_a_folder_that_is_no_built_tree_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(NotCompiledError, match="sam build"):
        compile_tree(tmp_path)


IMPORTS = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
module = importlib.import_module(sys.argv[2])
assert callable(module.handler)
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def imported_by(handler: str, path: list[Path]) -> set[str]:
    """Import a handler in a Python that has nothing but `path`, and return the packages that this loaded."""
    base = str((PROJECT / ".venv-ministack" / "bin" / "python").resolve())
    # -I ignores environment variables and the current directory. -S omits site-packages. -B leaves the tree as built.
    argv = [base, "-I", "-S", "-B", "-c", IMPORTS, json.dumps([str(each) for each in path]), handler]
    answer = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.skipif(sys.platform != "linux", reason="the layer's compiled packages are Linux's")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_built_handler_imports_with_nothing_but_its_zip_the_layer_and_boto3(
    tree: Path, runtime: Path, name: str
) -> None:
    path = [function_directory(tree, name), tree / "SharedLayer" / "python", runtime]
    loaded = imported_by(f"functions.{name}.handler", path)
    assert "shared" in loaded
    assert ("httpx" in loaded) == (name == "process"), "only the worker pays for importing an HTTP client"
    assert ("jwt" in loaded) == (name == "authorizer"), "only the authorizer pays for importing cryptography"
    if name == "authorizer":
        assert not loaded & {"boto3", "pydantic", "aws_lambda_powertools"}, "every user waits for its cold start"


def machine_of(library: Path) -> int:
    """The processor that an ELF file was compiled for, as its header's e_machine has it."""
    header = library.read_bytes()[:20]
    assert header[:4] == b"\x7fELF"
    return int(struct.unpack_from("<H", header, 18)[0])


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_compiled_packages_are_for_the_asked_processor(architecture: str) -> None:
    """The other processor's build downloads its wheels and takes some 15 s the first time."""
    tree = built_tree(architecture, for_this_machine=False)
    artifacts = ("SharedLayer", "ProcessFunction", "AuthorizerFunction")
    libraries = [library for artifact in artifacts for library in (tree / artifact).rglob("*.so")]
    assert any(library.parent.name == "bindings" for library in libraries), "cryptography's own is looked at"
    assert any(library.name.startswith("_pydantic_core.cpython-313") for library in libraries)
    assert {machine_of(library) for library in libraries} == {ELF_MACHINES[architecture]}


def test_a_tree_is_built_once_for_the_same_sources() -> None:
    first = built_tree(host_architecture(), for_this_machine=False)
    before = (first / "template.yaml").stat().st_mtime_ns
    again = built_tree(host_architecture(), for_this_machine=False)
    assert again == first
    assert (again / "template.yaml").stat().st_mtime_ns == before
