#!/usr/bin/env bash
# Validates kubernetes/ and compose.yaml against the published schemas, as `npm run test:manifests`. Needs kubectl, for kustomize,
# Python 3.11 with venv, and npm; the schemas come in packages, and nothing is left behind.
set -euo pipefail
cd "$(dirname "$0")/.."

KUBERNETES_VERSION=1.37

fail() { printf 'validate: %s\n' "$*" >&2; exit 1; }
refused() { if "$@" >"$folder/refused" 2>&1; then fail "this should have been refused: $*"; fi; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

python3 -m venv "$folder/python"
timeout 5m "$folder/python/bin/pip" install -q kubernetes-validate==1.37.0 check-jsonschema==0.39.0
timeout 5m npm install --silent --no-save --prefix "$folder" @kubernetes-models/gateway-api@0.5.1

kubernetes() { "$folder/python/bin/kubernetes-validate" --strict --no-warn -k "$KUBERNETES_VERSION" "$@"; }
compose() { "$folder/python/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$@"; }

# What a cluster would get. The route is separate, because Kubernetes' own schemas do not contain it.
kubectl kustomize deploy/kubernetes >"$folder/all.yaml"
"$folder/python/bin/python" - "$folder" <<'PYTHON'
import json, sys, yaml
folder = sys.argv[1]
everything = list(yaml.safe_load_all(open(f'{folder}/all.yaml')))
routes = [each for each in everything if each['kind'] == 'HTTPRoute']
assert len(everything) == 5 and len(routes) == 1, [each['kind'] for each in everything]
yaml.safe_dump_all([each for each in everything if each['kind'] != 'HTTPRoute'], open(f'{folder}/core.yaml', 'w'))
route = json.dumps(routes[0])
# The type lists the fields, the schema what they may contain.
open(f'{folder}/route.ts', 'w').write(f"""
import {{ HTTPRoute, type IHTTPRoute }} from '@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute'
const route: IHTTPRoute = {route}
new HTTPRoute(route).validate()
""")
PYTHON
route() {
  npx tsc --skipLibCheck --types node --typeRoots node_modules/@types --strict --noEmitOnError --target es2022 --module node16 --moduleResolution node16 "$1" &&
    node "${1%.ts}.js"
}

kubernetes "$folder/core.yaml"
route "$folder/route.ts"
echo 'The HTTPRoute passed'
compose deploy/compose.yaml

# A validator that refuses nothing proves nothing.
sed 's/periodSeconds/periodSecond/' "$folder/core.yaml" >"$folder/typo.yaml"
refused kubernetes "$folder/typo.yaml"
sed 's/backendRefs/backendRef/' "$folder/route.ts" >"$folder/typo.ts"
refused route "$folder/typo.ts"
sed 's/"POST"/"post"/' "$folder/route.ts" >"$folder/value.ts"
refused route "$folder/value.ts"
sed 's/cap_drop/cap_drops/' deploy/compose.yaml >"$folder/typo-compose.yaml"
refused compose "$folder/typo-compose.yaml"
