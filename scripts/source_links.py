"""mkdocs hook: links from a page to files of the source, which are not part of the site.

A link that leaves docs/ must lead to a file that is there. It becomes a link to `extra.source` of
mkdocs.yml, or the file's name where that is empty.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
_INCLUDED = {"changelog.md": "CHANGELOG.md", "security.md": "SECURITY.md"}


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:
    docs = Path(config["docs_dir"])
    root = docs.parent
    source = config["extra"]["source"]
    name = page.file.src_uri
    if name in _INCLUDED:
        markdown = (root / _INCLUDED[name]).read_text(encoding="utf-8")

    def replaced(link: re.Match[str]) -> str:
        text, target = link[1], link[2]
        if re.match(r"[a-z]+:|#", target):
            return link[0]
        base = root if name in _INCLUDED else docs / os.path.dirname(name)
        path = Path(os.path.normpath(base / target.partition("#")[0]))
        if path.is_relative_to(docs):
            if base != root:
                return link[0]
            anchor = target[len(target.partition("#")[0]) :]
            return f"[{text}]({path.relative_to(docs).as_posix()}{anchor})"
        if not path.exists():
            raise FileNotFoundError(f"{name} links to {target}, which is not there")
        if path.name in _INCLUDED.values():
            (own,) = (page for page, file in _INCLUDED.items() if file == path.name)
            return f"[{text}]({os.path.relpath(own, os.path.dirname(name) or '.')})"
        within = path.relative_to(root).as_posix()
        if source:
            return f"[{text}]({source}/{within})"
        return f"`{within}`" if text in (path.name, within) else f"{text} (`{within}`)"

    return _LINK.sub(replaced, markdown)
