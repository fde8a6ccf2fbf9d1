"""The package as it is published: built into archives, and installed from there where there is nothing else."""

import importlib.util
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("build") is None or importlib.util.find_spec("hatchling") is None,
    reason="needs what builds packages: pip install '.[dev]'",
)

USE = """
import sys
from enum import Enum
from importlib.resources import files
from millstream import Emitter, Fields, field, transform
from millstream.testing import run

class Out(Enum):
    OUT = "out"

class Event(Fields):
    kind: str = field("/type")

@transform(outputs=Out)
def each(event: Event, out: Emitter[Out]) -> None:
    out.forward(Out.OUT)

assert sys.prefix != sys.base_prefix
assert run(each, [{"type": "x"}]).emitted[0].row == 0
assert files("millstream").joinpath("wit/transform.wit").is_file()
assert files("millstream").joinpath("py.typed").is_file()
"""


def done(*command: str | Path) -> str:
    ran = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=FOLDER)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_it_is_built_and_installed_into_an_empty_environment(tmp_path: Path) -> None:
    done(sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path)
    [wheel] = tmp_path.glob("millstream_sdk-*-py3-none-any.whl")
    [sdist] = tmp_path.glob("millstream_sdk-*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert "millstream/wit/transform.wit" in names and any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "test" in name and not name.startswith("millstream/testing/")]
    with tarfile.open(sdist) as archive:
        assert {name.split("/", 1)[1] for name in archive.getnames()} >= {"README.md", "LICENSE", "tests/test_package.py"}

    environment = tmp_path / "empty"
    done(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin" / "python"
    done(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
    done(python, "-I", "-c", USE)
    assert "build the component of a project" in done(environment / "bin" / "millstream-build", "--help").lower()
    without = subprocess.run([python, "-I", "-m", "millstream", "build", "x"], capture_output=True, text=True)
    assert without.returncode == 1 and "pip install 'millstream-sdk[build]'" in without.stderr
