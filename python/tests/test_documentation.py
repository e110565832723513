"""The Python samples of the documentation: they can be read, and the names and recipes that they use exist."""

import ast
import re
from pathlib import Path

import pytest

import swiftalexnet as sa

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SAMPLES = [
    pytest.param(sample, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, sample in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_use_what_there_is(sample):
    for node in ast.walk(ast.parse(sample)):
        match node:
            case ast.Attribute(ast.Name("sa"), name):
                assert hasattr(sa, name), f"sa.{name}"
            case ast.keyword("recipe", ast.Constant(name)):
                assert name in sa.recipe_names()
            case ast.Call(
                ast.Attribute(ast.Name("sa"), ("alexnet" | "vgg" | "cifar_net") as family), [ast.Constant(name)]
            ):
                assert name in getattr(sa, f"{family.removesuffix('_net')}_variants")()
            case ast.Call(ast.Attribute(ast.Name("sa"), "recipe"), [ast.Constant(name)], keywords):
                settings = set(sa.Recipe.__dataclass_fields__)
                assert name in sa.recipe_names() and {each.arg for each in keywords} <= settings


@pytest.mark.parametrize("sample", [each.values[0] for each in SAMPLES if ".fit(" in each.values[0]])
def test_recipes_that_watch_the_validation_error_get_one(sample):
    for node in ast.walk(ast.parse(sample)):
        match node:
            case ast.Call(ast.Attribute(attr="fit"), [_], keywords):
                given = {each.arg: each.value for each in keywords}
                match given.get("recipe", ast.Constant("paper")):
                    case ast.Constant(name):
                        watching = any(each.needs_validation for each in sa.recipe(name).schedules)
                        assert "validation" in given or not watching, ast.unparse(node)
