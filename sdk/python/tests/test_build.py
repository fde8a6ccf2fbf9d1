"""What `python -m millstream build` says and chooses. Components themselves are built and run by the examples' tests."""

from pathlib import Path

import pytest

import millstream
from millstream import build
from millstream.build import Unbuilt, chosen, explain, main, search_path

REPOSITORY = Path(__file__).resolve().parents[3]


def project(folder: Path, toml: str | None = None, *modules: str) -> Path:
    if toml is not None:
        (folder / "pyproject.toml").write_text(toml)
    for module in modules:
        file = folder / module
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    return folder


@pytest.mark.skipif(not (REPOSITORY / "wit").is_dir(), reason="outside of the repository there is nothing to compare with")
def test_the_contract_that_is_shipped_is_the_repositorys() -> None:
    assert (build.WIT / "transform.wit").read_bytes() == (REPOSITORY / "wit/transform.wit").read_bytes()


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("route", ("route", None)),
        ("route:keep", ("route", "keep")),
        ("route.py", ("route", None)),
        ("src/deep/inner.py", ("deep.inner", None)),
        ("deep", ("deep", None)),
    ],
)
def test_a_module_is_named(tmp_path: Path, module: str, found: tuple[str, str | None]) -> None:
    project(tmp_path, None, "route.py", "src/deep/__init__.py", "src/deep/inner.py")
    assert chosen(tmp_path, module) == found


def test_a_project_says_its_module(tmp_path: Path) -> None:
    project(tmp_path, '[project]\nname = "by-age"\n', "by_age.py", "other.py")
    assert chosen(tmp_path, None) == ("by_age", None)
    project(tmp_path, '[project]\nname = "by-age"\n[tool.millstream]\nmodule = "other"\n')
    assert chosen(tmp_path, None) == ("other", None)


@pytest.mark.parametrize(
    ("toml", "module", "message"),
    [
        (None, None, "has no pyproject.toml: name the module"),
        ("[project", None, "cannot be read"),
        ("[tool.other]", None, "does not say which module to build"),
        (None, "nowhere", "there is no module nowhere in "),
        (None, "a-b", "'a-b' is no module"),
    ],
)
def test_what_cannot_be_chosen_is_said(tmp_path: Path, toml: str | None, module: str | None, message: str) -> None:
    with pytest.raises(Unbuilt, match=message.replace("[", r"\[")):
        chosen(project(tmp_path, toml), module)


def test_a_missing_builder_is_said_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["build", "x", "--path", str(tmp_path)]) == 1
    assert capsys.readouterr().err.endswith("run `pip install 'millstream-sdk[build]'`\n")


def test_the_standard_library_is_not_given_to_the_component() -> None:
    paths = search_path(Path("."))
    assert str(Path(millstream.__file__).resolve().parent.parent) in paths
    assert not any((Path(path) / "enum.py").is_file() for path in paths)


def test_of_a_failed_import_the_users_frames_are_shown(tmp_path: Path) -> None:
    paths = ["/scratch", str(tmp_path), "/site"]
    raised = """Traceback (most recent call last):
  File "<string>", line 1, in <module>
AssertionError: Traceback (most recent call last):
  File "/0/millstream_app.py", line 5, in <module>
    install(importlib.import_module('zero'), None)
            ~~~~^^^^
  File "/python/importlib/__init__.py", line 88, in import_module
  File "<frozen importlib._bootstrap>", line 1398, in _gcd_import
  File "/1/zero.py", line 4, in <module>
    1 / 0
  File "/2/millstream/transform.py", line 7, in f
    raise
ZeroDivisionError: division by zero

Caused by:
    ZeroDivisionError: division by zero
"""
    assert explain(raised, "zero", paths) == (
        f'zero cannot be imported in the component:\n  File "{tmp_path}/zero.py", line 4, in <module>\n    1 / 0\n'
        "ZeroDivisionError: division by zero"
    )


def test_what_else_the_builder_says_is_shown_as_it_is() -> None:
    assert explain("error: no space left\n", "zero", []) == "componentize-py failed:\nerror: no space left"
