#!/bin/sh
# Deploy a folder to Dropdock with nothing but a shell, tar, gzip and curl, and wait until it is live.
#
#   DROPDOCK_SERVER=https://admin.example.org DROPDOCK_TOKEN=… sh deploy.sh FOLDER SITE [MESSAGE]
#
# DROPDOCK_DRAFT=true does not make it live. The token goes to curl in a file that only this user reads: arguments can
# be seen by every process of the machine.
set -eu
folder=$1 site=$2 message=${3:-}
: "${DROPDOCK_SERVER:?set it to the address of the admin}" "${DROPDOCK_TOKEN:?set it to a personal token}"
api=${DROPDOCK_SERVER%/}/api/v1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
(umask 077 && printf 'Authorization: Bearer %s\n' "$DROPDOCK_TOKEN" > "$scratch/headers")

encoded() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%'; }
# The first text of that name in an answer, which is JSON on one line.
value() { grep -o "\"$1\":\"[^\"]*\"" "$2" | head -n 1 | cut -d '"' -f 4; }
ask() { curl --silent --show-error --header "@$scratch/headers" "$@"; }
# What the server said, for people: the detail of a problem document.
fail() { echo "$1" >&2; value detail "$2" >&2; exit 1; }

tar -czf "$scratch/site.tar.gz" -C "$folder" .
query="message=$(encoded "$message")&draft=${DROPDOCK_DRAFT:-false}&filename=site.tar.gz"
ask --fail-with-body --header 'Content-Type: application/gzip' --data-binary "@$scratch/site.tar.gz" \
    --output "$scratch/deploy" "$api/sites/$site/deploys?$query" || fail 'The upload was refused.' "$scratch/deploy"
id=$(value id "$scratch/deploy")

# Ends with the deploy; its last event says what came of it.
ask --no-buffer --fail-with-body --output "$scratch/events" "$api/deploys/$id/events" || true
ask --fail-with-body --output "$scratch/deploy" "$api/deploys/$id" || fail 'The deploy cannot be asked for.' "$scratch/deploy"
[ "$(value state "$scratch/deploy")" = ready ] || fail "Deploy $id failed." "$scratch/deploy"

url=$(value deploy_url "$scratch/deploy")
grep -q '"live":true' "$scratch/deploy" && url=$(value url "$scratch/deploy")
echo "Deployed: $url"
if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf 'url=%s\ndeploy=%s\n' "$url" "$id" >> "$GITHUB_OUTPUT"
fi
