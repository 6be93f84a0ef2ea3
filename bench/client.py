"""One measurement in a process of its own: a case as JSON on standard input, the result as the
last line of standard output. Start-up and imports lie outside the clock."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from case import Case


def main() -> None:
    case = Case.from_json(json.load(sys.stdin))
    question = importlib.import_module(f"questions.{case.question}")
    result = question.run(case, Path(sys.argv[1]))
    module = sys.modules.get("arraymorph")
    if module is not None:
        result["stats"] = {name: value for name, value in module.stats().items() if value}
    print("\n" + json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
