#!/usr/bin/env bash
# Builds the image and tests it in real containers, as `npm run test:containers`. Needs podman, or ENGINE=docker, and curl.
#
#   ENGINE_FLAGS  before the engine's command, such as '--runtime runc'
#   BUILD_FLAGS   of its build, such as '--isolation=chroot'
#   PROFILE       the engine's default seccomp profile, for deploy/seccomp.js [the installed one of Podman]
#   PORT          a free port; the next one must be free, too [18650]
set -euo pipefail
cd "$(dirname "$0")/.."

ENGINE=${ENGINE:-podman}
port=${PORT:-18650}
image=ringcall-try
name=ringcall-try-$$
folder=$(mktemp -d)
read -ra engine_flags <<<"${ENGINE_FLAGS:-}"
read -ra build_flags <<<"${BUILD_FLAGS:-}"
# Podman's own image format has no health check.
[[ $ENGINE != podman ]] || build_flags+=(--format docker)

engine() { timeout 2m "$ENGINE" "${engine_flags[@]}" "$@"; }
fail() { printf 'try-containers: %s\n' "$*" >&2; engine logs "$name" >&2 || true; exit 1; }
trap 'engine rm -f "$name" >"$folder/rm" 2>&1 || true; rm -rf "$folder"' EXIT

# try WHAT: prints what the next lines check.
try() { printf '\n== %s\n' "$*"; }

# The fewest rights that suffice, as in deploy/.
restricted=(--ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024 --network=host --read-only --cap-drop=ALL --security-opt=no-new-privileges -e "PORT=$port")
uring=(--security-opt "seccomp=$folder/uring.json")

# start FLAG... [-- COMMAND...]: a container that answers 610; its output is in $folder/log.
start() {
  local flags=()
  while (($#)) && [[ $1 != -- ]]; do flags+=("$1"); shift; done
  engine rm -f "$name" >"$folder/rm" 2>&1 || true
  engine run -d --name "$name" "${restricted[@]}" "${flags[@]}" "$image" "${@:2}" >"$folder/id" 2>"$folder/err" ||
    { cat "$folder/err" >&2; fail 'it does not start'; }
  local answer
  answer=$(curl -s -X POST --retry 50 --retry-connrefused --retry-delay 1 --max-time 60 "http://127.0.0.1:$port/15") ||
    fail 'it does not answer'
  [[ $answer == 610 ]] || fail "POST /15 was answered $answer"
  engine logs "$name" >"$folder/log" 2>&1
  cat "$folder/log"
}

# Stops it as the engine does; it must end by itself, with 0.
stop() {
  engine stop -t 20 "$name" >"$folder/stop" 2>&1
  local code
  code=$(engine inspect --format '{{.State.ExitCode}}' "$name")
  [[ $code == 0 ]] || fail "stop made it exit with $code"
}

doctor() { engine run --rm "${restricted[@]}" "$@" "$image" node node_modules/ringcall/bin/ringcall.js doctor; }

try 'The image'
timeout 30m "$ENGINE" "${engine_flags[@]}" build "${build_flags[@]}" --network=host -t "$image" . >"$folder/build" 2>&1 ||
  { tail -n 30 "$folder/build" >&2; fail 'the build failed'; }
node deploy/seccomp.js ${PROFILE:+"$PROFILE"} >"$folder/uring.json"
bytes=$(engine image inspect --format '{{.Size}}' "$image")
echo "$((bytes / 1000000)) MB"
uid=$(engine run --rm "${restricted[@]}" "$image" node -p 'process.getuid()')
[[ $uid != 0 ]] || fail 'it runs as root'
echo "runs as user $uid"

try 'The default seccomp profile: it falls back to the node engine and says so'
start
grep -q RINGCALL_FALLBACK "$folder/log" || fail 'there is no warning'
stop
if doctor >"$folder/doctor" 2>&1; then fail 'the doctor sees nothing'; fi
cat "$folder/doctor"

try 'The profile with io_uring'
start "${uring[@]}"
if grep -q RINGCALL_FALLBACK "$folder/log"; then fail 'io_uring is refused'; fi
doctor "${uring[@]}"
stop

try 'It is healthy, and is not when it does not answer'
start "${uring[@]}" --health-interval=1s --health-retries=1
if [[ $ENGINE == podman ]]; then
  engine healthcheck run "$name" 2>"$folder/err" || fail 'it is not healthy'
  if engine exec -e PORT=1 "$name" node healthcheck.js >"$folder/err" 2>&1; then fail 'it is healthy whatever happens'; fi
else
  for _ in {1..30}; do
    status=$(engine inspect --format '{{.State.Health.Status}}' "$name")
    [[ $status == starting ]] || break
    sleep 1
  done
  [[ $status == healthy ]] || fail "it is $status"
fi
stop

try '128 KiB of lockable memory are enough, none falls back'
# As a separate user: the kernel counts by user, and releases the memory of an ended ring some time later.
start "${uring[@]}" --user "$((20000 + RANDOM))" --ulimit memlock=131072:131072
if grep -q RINGCALL_FALLBACK "$folder/log"; then fail 'io_uring is refused'; fi
stop
start "${uring[@]}" --user "$((20000 + RANDOM))" --ulimit memlock=0:0
grep -q RINGCALL_FALLBACK "$folder/log" || fail 'there is no warning'
stop

try 'Stopped with a request begun: it answers that, and exits with 0'
start "${uring[@]}"
exec 3<>"/dev/tcp/127.0.0.1/$port"
printf 'POST /15 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n' >&3
stop &
stopping=$!
# It no longer listens: it is closing, and waits for us.
while (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>"$folder/err"; do sleep 0.1; done
printf x >&3
timeout 10 cat <&3 >"$folder/answer" || fail 'the connection was not closed'
exec 3>&-
wait "$stopping"
tr -d '\r' <"$folder/answer"
grep -q '^HTTP/1.1 200' "$folder/answer" && [[ $(tail -n 1 "$folder/answer") == 610 ]] || fail 'it was not answered'

try 'examples/production.js: ready, metered, and not ready while it ends'
admin="http://127.0.0.1:$((port + 1))"
start "${uring[@]}" -e "ADMIN_PORT=$((port + 1))" -e DRAIN_DELAY=3000 -- node production.js
curl -fsS "$admin/livez" "$admin/readyz"
curl -fsS "$admin/metrics" | grep '^ringcall_requests_total'
stop &
stopping=$!
until [[ $(curl -s "$admin/readyz") == draining ]]; do kill -0 "$stopping" || fail 'it was never seen draining'; done
[[ $(curl -sS -X POST "http://127.0.0.1:$port/15") == 610 ]] || fail 'it does not serve while it drains'
wait "$stopping"

try 'All of it holds'
