# The example servers in a container of node, ringcall and nothing else: no shell, no npm, no root.
#
#   docker build -t ringcall .
#   docker run --rm -p 8000:8000 --security-opt seccomp=uring.json ringcall
#   curl -X POST http://localhost:8000/15
#
# Docker's and Podman's default seccomp profiles refuse io_uring; deploy/seccomp.js adds it to the profile of your engine, and
# writes uring.json. If you allow io_uring, the process can do through a ring whatever its user may do, because seccomp does
# not see requests made through a ring. deploy/README.md has the rest.

FROM node:22-bookworm-slim AS node

FROM rust:1-slim-bookworm AS build
COPY --from=node /usr/local/ /usr/local/
WORKDIR /ringcall
COPY . .
# `npm pack` runs `prepack`, which builds the addon.
RUN --mount=type=cache,target=/usr/local/cargo/registry npm pack

FROM node AS files
WORKDIR /files/app
COPY --from=build /ringcall/ringcall-*.tgz /
# The package contains its addon and has no dependencies: this needs neither a compiler nor the network.
RUN npm install --offline --ignore-scripts --no-audit --no-fund --omit=dev /ringcall-*.tgz
COPY examples/server.js examples/production.js examples/fibonacci.js deploy/healthcheck.js deploy/seccomp.js ./
# node, the libraries that it and the addon are linked with, and the files with the names of users and hosts.
RUN ldd /usr/local/bin/node node_modules/ringcall/*.node | grep -o '/[^ ]* (' | tr -d ' (' | sort -u \
    | xargs cp --parents --dereference --target-directory=/files \
      /usr/local/bin/node /etc/passwd /etc/group /etc/nsswitch.conf \
    && mkdir -m 1777 /files/tmp

FROM scratch
COPY --from=files /files /
ENV PATH=/usr/local/bin NODE_ENV=production
WORKDIR /app
USER node
# 8001 is for the probes and metrics of production.js.
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["node", "healthcheck.js"]
# PID 1 has no default action for signals: the examples close their servers on SIGTERM and exit with 0.
CMD ["node", "server.js"]
