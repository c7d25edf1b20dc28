#!/bin/sh
# Starts a plan of Hearth by a signed webhook, and waits for its runs.
# Needs curl and openssl. HEARTH_URL, HEARTH_PLAN and HEARTH_HOOK_SECRET come from outside; HEARTH_WAIT, in seconds, may.
# Ends with 0 when all runs are done, 1 when something failed, 3 when they were not done in time.
set -eu
tries=0
while :; do
  # Signed anew at each attempt: a delivery is taken once, and only while it is young.
  delivery=$(openssl rand -hex 16)
  at=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  body="{\"plan\":\"$HEARTH_PLAN\",\"delivery\":\"$delivery\",\"at\":\"$at\"}"
  signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$HEARTH_HOOK_SECRET" | sed 's/^.*= *//')
  answer=$(printf %s "$body" | curl -sS --max-time 60 -w '\n%{http_code}' -H 'Content-Type: application/json' \
    -H "X-Hub-Signature-256: sha256=$signature" --data-binary @- "$HEARTH_URL/hooks/deploy") || answer='
000'
  status=$(printf '%s\n' "$answer" | tail -n 1)
  case $status in
    202) break ;;
    000 | 5??) tries=$((tries + 1)) ;;
    *) printf '%s\n' "$answer" >&2; exit 1 ;;
  esac
  if [ "$tries" -ge 5 ]; then printf '%s\n' "$answer" >&2; exit 1; fi
  sleep 2
done
until=$(($(date +%s) + ${HEARTH_WAIT:-120}))
for run in $(printf '%s' "$answer" | grep -o '"href":"[^"]*"' | sed 's/^"href":"//; s/"$//'); do
  while :; do
    now=$(curl -sS --max-time 10 "$HEARTH_URL$run") || now=
    case $now in
      *'"state":"done"'*) printf '%s\n' "$now"; break ;;
      *'"state":"failed"'* | *'"state":"cancelled"'*) printf '%s\n' "$now" >&2; exit 1 ;;
    esac
    if [ "$(date +%s)" -ge "$until" ]; then printf '%s\n' "$now" >&2; exit 3; fi
    sleep 1
  done
done
