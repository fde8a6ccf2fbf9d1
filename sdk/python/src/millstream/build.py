"""``python -m millstream build``: the component of a Python project, through componentize-py.

componentize-py runs the user's module once and keeps the interpreter's memory as it is then: imports and everything else at the top of
modules cost nothing later. It also means that a module has to be imported at the top: there are no files once the component runs.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

WIT: Final = Path(__file__).with_name("wit")
APP: Final = "millstream_app"
INSTALL: Final = "pip install 'millstream-sdk[build]'"

_APP_TEXT: Final = """\
import importlib

from millstream.component import Guest, install

install(importlib.import_module({module!r}), {name!r})
"""


class Unbuilt(Exception):
    """There is no component; the text says why, and what to do."""


def build(folder: Path, module: str | None, out: Path | None) -> Path:
    """Builds the component of the project in `folder`; answers its path."""
    if importlib.util.find_spec("componentize_py") is None:
        raise Unbuilt(f"componentize-py is not installed for {sys.executable}: run `{INSTALL}`")
    dotted, name = chosen(folder, module)
    target = out if out is not None else folder / "build" / f"{dotted.rpartition('.')[2]}.wasm"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="millstream-") as scratch:
        Path(scratch, f"{APP}.py").write_text(_APP_TEXT.format(module=dotted, name=name), encoding="utf-8")
        made = Path(scratch, "out.wasm")
        command = [sys.executable, "-c", "import sys, componentize_py; sys.exit(componentize_py.script())", "--quiet"]
        command += ["--wit-path", str(WIT), "--world", "transform", "componentize", APP, "--output", str(made)]
        paths = [scratch, *search_path(folder)]
        for path in paths:
            command += ["--python-path", path]
        # It adds the packages of this environment, or of whatever other one it finds; this is where the SDK runs.
        environment = {**os.environ, "VIRTUAL_ENV": sys.prefix}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace"
        )
        if done.returncode != 0 or not made.is_file():
            raise Unbuilt(explain(done.stderr or done.stdout, dotted, paths))
        target.write_bytes(made.read_bytes())
    return target


def chosen(folder: Path, module: str | None) -> tuple[str, str | None]:
    """The module to build and perhaps the transform in it: what was asked for, else what pyproject.toml says."""
    if module is None:
        module = _configured(folder)
    dotted, _, name = module.partition(":")
    dotted = dotted.removesuffix(".py").replace("/", ".").replace("\\", ".").removeprefix("src.")
    if not all(part.isidentifier() for part in dotted.split(".")) or (name and not name.isidentifier()):
        raise Unbuilt(f"{module!r} is no module: write it as `package.module`, or `module:transform`")
    roots = _roots(folder)
    path = dotted.replace(".", "/")
    if not any(Path(root, f"{path}.py").is_file() or Path(root, path, "__init__.py").is_file() for root in roots):
        raise Unbuilt(f"there is no module {dotted} in {' or '.join(roots)}: name another one, or the folder with --path")
    return dotted, name or None


def _configured(folder: Path) -> str:
    file = folder / "pyproject.toml"
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unbuilt(f"{folder} has no pyproject.toml: name the module, as in `python -m millstream build MODULE`") from None
    except (OSError, ValueError) as error:
        raise Unbuilt(f"{file} cannot be read: {error}") from None
    named = project.get("tool", {}).get("millstream", {}).get("module")
    if named is None:
        named = project.get("project", {}).get("name")
        named = re.sub(r"[-.]+", "_", named) if isinstance(named, str) else None
    if not isinstance(named, str):
        raise Unbuilt(f'{file} does not say which module to build: add `[tool.millstream]` with `module = "NAME"`')
    return named


def _roots(folder: Path) -> list[str]:
    """Where a project has its modules."""
    here = folder.resolve()
    return [str(path) for path in (here / "src", here) if path.is_dir()]


def search_path(folder: Path) -> list[str]:
    """The project's modules, this package, and what else is installed for this interpreter; not its standard library, of which the
    component has its own."""
    standard = {Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")}
    paths = [*_roots(folder), str(Path(__file__).resolve().parent.parent)]
    for entry in sys.path:
        path = Path(entry).resolve() if entry else None
        if path is None or not path.is_dir() or path in standard or path.name == "lib-dynload":
            continue
        if str(path) not in paths:
            paths.append(str(path))
    return paths


_FRAME: Final = re.compile(r'  File "(?:/(?P<path>[0-9]+)/)?(?P<file>[^"]*)", line [0-9]+')


def explain(messages: str, module: str, paths: Sequence[str]) -> str:
    """componentize-py's messages, without what is not the user's: it tells what the module raised as a text within an error of its own,
    with `paths` by their numbers."""
    told = messages.replace("\r", "").partition("AssertionError: ")[2].partition("\n\nCaused by:")[0].strip()
    if not told.startswith("Traceback "):
        return f"componentize-py failed:\n{messages.strip()}"
    kept: list[str] = []
    ours = False
    for line in told.splitlines()[1:]:
        frame = _FRAME.match(line)
        if frame:
            root = paths[int(frame["path"])] if frame["path"] and int(frame["path"]) < len(paths) else ""
            ours = not root or root == paths[0] or frame["file"].startswith("millstream/")
            line = line.replace(f"/{frame['path']}/", f"{root}/", 1)
        elif not line.startswith(" "):
            ours = False
        if not ours:
            kept.append(line)
    return f"{module} cannot be imported in the component:\n" + "\n".join(kept)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; answers its exit status."""
    parser = argparse.ArgumentParser(prog="python -m millstream", description="Build Millstream transforms written in Python.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("build", help="build the component of a project", description="Build the component of a project.")
    _arguments(one)
    return _run(parser.parse_args(arguments))


def script() -> int:
    """``millstream-build``: the same without the word ``build``."""
    parser = argparse.ArgumentParser(prog="millstream-build", description="Build the component of a project.")
    _arguments(parser)
    return _run(parser.parse_args())


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "module",
        nargs="?",
        metavar="MODULE",
        help="what to build, as `package.module` or `module:transform`; else what "
        "pyproject.toml says ([tool.millstream] module, or the project's name)",
    )
    parser.add_argument("-o", "--out", type=Path, metavar="OUT.wasm", help="where it goes (build/MODULE.wasm)")
    parser.add_argument("--path", type=Path, default=Path("."), metavar="FOLDER", help="the project's folder (this one)")


def _run(arguments: argparse.Namespace) -> int:
    try:
        target = build(arguments.path, arguments.module, arguments.out)
    except Unbuilt as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(target)
    return 0
