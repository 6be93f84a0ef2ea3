"""pyarrow, tiledb, boto3 and awscrt beside ArrayMorph, all on the same server (./just
test-neighbours installs them)."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from conftest import Store
from repeat import Outcome, Repeat, scenario

ALL = ("pyarrow", "tiledb", "boto3", "awscrt")
INSTALLED = [name for name in ALL if importlib.util.find_spec(name) is not None]

pytestmark = [
    pytest.mark.skipif(len(INSTALLED) < len(ALL), reason="needs `./just test-neighbours`"),
    pytest.mark.parametrize("store", ["s3"], indirect=True),
]

# Whose functions must never be mixed up: engine, TLS, codec, checksums.
PRIVATE = re.compile(r"(aws_|s2n_|libdeflate_|LZ4_|ZSTD_|EVP_|X509_|OPENSSL_|_ZN3Aws)")
BINDING = re.compile(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: \w+ symbol `([^']+)'")
PLUGIN = "libarraymorph.so"
# Where a build links these dynamically, they come from libraries of that name.
OWN = re.compile(r"(libarraymorph|libdeflate|liblz4|libzstd|libcrypto)\b[^/]*\.so[.\d]*$")


def quiet(_tag: str, outcome: Outcome) -> str | None:
    if (outcome.status, outcome.stdout) != (0, ""):
        return "status 0 and no output expected"
    if "rror" in outcome.stderr or "Traceback" in outcome.stderr:
        return "no error on stderr expected"
    return None


@pytest.mark.parametrize("who", [*ALL, ",".join(ALL), ",".join(reversed(ALL))])
@pytest.mark.parametrize("name", ["before", "after", "shared_symbols", "together", "cleaned_up"])
def test_neighbour(name: str, who: str, store: Store, repeat: Repeat) -> None:
    repeat.all(scenario("neighbours", name, who), store.switched_on, quiet)


@pytest.mark.parametrize("name", ["before", "after", "shared_symbols"])
def test_symbols_stay_apart(name: str, store: Store, repeat: Repeat, tmp_path: Path) -> None:
    """The dynamic linker tells every binding it makes: nothing private goes in or out."""
    trace = {
        "LD_DEBUG": "bindings",
        "LD_DEBUG_OUTPUT": str(tmp_path / "bindings"),
        "LD_BIND_NOW": "1",
    }
    command = scenario("neighbours", name, ",".join(ALL))
    outcome = repeat.once(command("symbols"), {**store.switched_on, **trace}, "symbols")
    assert outcome.status == 0, outcome.stderr
    seen, mixed = 0, set()
    for path in tmp_path.glob("bindings.*"):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if PLUGIN not in line or (found := BINDING.search(line)) is None:
                    continue
                user, provider, symbol = found.groups()
                seen += 1
                foreign = not (user.endswith(PLUGIN) and OWN.search(provider))
                if foreign and PRIVATE.match(symbol):
                    mixed.add((Path(user).name, Path(provider).name, symbol))
    assert seen > 100, "the linker's trace does not show the plugin"
    assert not mixed
