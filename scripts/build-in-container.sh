#!/bin/sh
# Builds the addon in a bare image, as the workflows do: manylinux for glibc, Alpine for musl. Where the image has no
# Node.js, the one of the machine is under /host.
set -eu

command -v node >/dev/null || export PATH="$PATH:/host"
if command -v apk >/dev/null; then apk add --no-cache curl gcc musl-dev; fi
curl -fsS --proto '=https' https://sh.rustup.rs | sh -s -- -y --profile minimal --default-toolchain 1.95.0
# Not in the folder shared with the container: the build would belong to root there.
export CARGO_TARGET_DIR=/tmp/target
node bin/ringcall.js build
