#!/bin/sh
# Tests the package, and with all the tests the binary in it, in an image of Node.js, as the workflows do. The tarball
# is in the working directory. Tests whose client the image lacks are not run; .ci/run leaves none out.
set -eu

if command -v apk >/dev/null; then apk add --no-cache curl python3; fi
npm ci --ignore-scripts --no-audit --no-fund
tar -xzf ringcall-*.tgz -C /tmp
cp /tmp/package/*.node .
node scripts/test-package.js --runtime --tarball ringcall-*.tgz
npx ava
RINGCALL_TEST_ENGINE=node npx ava
