#!/usr/bin/env bash
# Has the vendor's library encrypt pages anew, and runs the tests of the committed ones over them: `make node-jose`.
# Arguments: the Python of the tests' environment.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
python="$1"
for tool in node npm; do
    if ! command -v "$tool" >/dev/null; then
        echo "There is no ${tool} here: the pages committed in vectors.json stand alone for the vendor's library."
        exit 0
    fi
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$here"/*.json "$here"/*.mjs "$work"
rm "$work/vectors.json"
cd "$work"
npm install --no-package-lock --no-audit --no-fund --loglevel=error
node make_vectors.mjs
cd "$here/../../../.."
NODE_JOSE_VECTORS="$work/vectors.json" "$python" -m pytest -q \
    source-rdstation-conversas/unit_tests/test_conversas_node_jose.py
