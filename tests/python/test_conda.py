"""The conda recipe, as far as it goes without conda: rendered for each platform, its specs and its
structure read by rattler-build; the activation scripts are run in real shells."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest
import rattler_build
import yaml

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "conda"
PLATFORMS = {"linux-64": {"linux"}, "linux-aarch64": {"linux"}, "osx-arm64": {"osx"}}
PLUGINS = "lib/python3.11/site-packages/arraymorph/lib"
SAVED = "_ARRAYMORPH_SAVED_PLUGIN_PATH"


def load_file_regex(
    load_file: str, regex_pattern: str, from_recipe_dir: bool
) -> re.Match[str] | None:
    """What conda-build offers to recipes under this name."""
    assert from_recipe_dir
    return re.search(regex_pattern, (RECIPE / load_file).read_text())


def render(platform: str) -> dict[str, Any]:
    """The recipe as conda-build reads it: templates filled in, other platforms' lines left out."""
    text = jinja2.Template(
        (RECIPE / "meta.yaml").read_text(), undefined=jinja2.StrictUndefined
    ).render(
        load_file_regex=load_file_regex,
        compiler=lambda language: f"${{{{ compiler('{language}') }}}}",
        stdlib=lambda language: f"${{{{ stdlib('{language}') }}}}",
    )
    lines = []
    for line in text.splitlines():
        selector = re.search(r"#\s*\[(\w+)\]", line)
        if selector is None or selector[1] in PLATFORMS[platform]:
            lines.append(line)
    recipe: dict[str, Any] = yaml.safe_load("\n".join(lines))
    return recipe


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_recipe_renders(platform: str) -> None:
    recipe = render(platform)
    assert set(recipe) == {"package", "source", "build", "requirements", "test", "about"}
    build, about = recipe["build"], recipe["about"]
    # The same recipe in the form that rattler-build reads, which checks every spec.
    converted = {
        "package": recipe["package"],
        "build": {"number": build["number"], "script": "bash build.sh"},
        "requirements": {
            **recipe["requirements"],
            "ignore_run_exports": {"by_name": build["ignore_run_exports"]},
        },
        "tests": [
            {"python": {"imports": recipe["test"]["imports"]}},
            {
                "script": recipe["test"]["commands"],
                "files": {"source": recipe["test"]["source_files"]},
            },
        ],
        "about": about,
    }
    names = rattler_build.PlatformConfig(
        target_platform=platform, build_platform=platform, host_platform=platform
    )
    (variant,) = rattler_build.Stage0Recipe.from_dict(converted).render(
        rattler_build.VariantConfig({"python": ["3.13"], "c_stdlib": ["sysroot"]}),
        rattler_build.RenderConfig(names),
    )
    rendered = variant.recipe.to_dict()
    version = re.search(r'(?m)^version = "(.+?)"', (ROOT / "pyproject.toml").read_text())
    assert version is not None
    assert rendered["package"] == {"name": "arraymorph", "version": version[1]}
    assert {"python", "h5py >=3.12", "hdf5 >=1.14"} <= set(rendered["requirements"]["run"])


def test_what_the_recipe_names_exists() -> None:
    recipe = render("linux-64")
    for name in [*recipe["test"]["source_files"], *recipe["about"]["license_file"]]:
        assert (ROOT / name).is_file(), name


def in_shell(shell: str, script: str, directory: Path, **environment: str) -> list[str]:
    """What `script` prints, with $scripts standing for activate and deactivate as installed."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    suffix = "fish" if shell == "fish" else "sh"
    for action in ("activate", "deactivate"):
        text = (RECIPE / f"{action}.{suffix}").read_text().replace("@PLUGINS@", PLUGINS)
        (directory / action).write_text(text)
    strict = [] if shell == "fish" else ["-eu"]
    result = subprocess.run(
        [shell, *strict, "-c", script],
        cwd=directory,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "CONDA_PREFIX": "/c",
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


END = "===="
SHOW = f"env | grep -E '^(HDF5_|{SAVED})' | sort; echo {END}"


@pytest.mark.parametrize("shell", ["sh", "bash", "fish"])
@pytest.mark.parametrize("before", [None, "", "/my/plugins", "/one:/two"])
def test_activation_prepends_and_deactivation_restores(
    shell: str, before: str | None, tmp_path: Path
) -> None:
    environment = {} if before is None else {"HDF5_PLUGIN_PATH": before}
    lines = in_shell(
        shell, f". ./activate; {SHOW}; . ./deactivate; {SHOW}", tmp_path, **environment
    )
    active, restored = lines[: lines.index(END)], lines[lines.index(END) + 1 : -1]
    # Setting the variable hides HDF5's own plugin folder, so it has to be named.
    assert active[0] == f"HDF5_PLUGIN_PATH=/c/{PLUGINS}:{before or '/c/lib/hdf5/plugin'}"
    assert [line for line in active if not line.startswith(SAVED)] == active[:1]
    assert restored == ([] if before is None else [f"HDF5_PLUGIN_PATH={before}"])
