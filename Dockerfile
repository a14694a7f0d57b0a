# The example server in a container:
#
#   docker build -t ringcall .
#   docker run --rm -p 8000:8000 --security-opt seccomp=uring.json ringcall
#   curl -X POST http://localhost:8000/15
#
# Docker's and Podman's default seccomp profiles refuse io_uring. uring.json is the default profile with io_uring's
# three system calls allowed, made from the one that your engine uses (Docker's is seccomp/default.json in
# github.com/moby/profiles, Podman's /usr/share/containers/seccomp.json):
#
#   jq '.syscalls += [{"names": ["io_uring_setup", "io_uring_enter", "io_uring_register"],
#                      "action": "SCMP_ACT_ALLOW"}]' default.json > uring.json
#
# Whoever allows them lets the process do through a ring whatever its user may do: seccomp does not see into one.

FROM node:22-bookworm-slim AS node

FROM rust:1-slim-bookworm AS build
COPY --from=node /usr/local/ /usr/local/
WORKDIR /ringcall
COPY . .
# `npm pack` runs `prepare`, which builds the addon.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/ringcall/target \
    npm pack

FROM node:22-bookworm-slim
WORKDIR /app
# The package has its addon and no dependencies: neither a compiler nor the network is needed here.
RUN --mount=type=bind,from=build,source=/ringcall,target=/ringcall \
    npm install --offline --ignore-scripts --no-audit --no-fund --omit=dev /ringcall/ringcall-*.tgz \
    && rm -rf ~/.npm
COPY examples/server.js ./
USER node
EXPOSE 8000
# As PID 1, which has no default action for signals: the example closes the server on SIGTERM and exits 0.
CMD ["node", "server.js"]
