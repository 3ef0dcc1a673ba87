#!/usr/bin/env bash
# A newcomer's steps by the README, run by tests/newcomer/run.sh as a user of a bare Debian. `refused` runs before the
# system has all that is needed, `works` afterwards.
set -eu -o pipefail
set -m # what runs in the background is a job, which Ctrl-C reaches
cd
log=/home/newcomer/run.log
began=$SECONDS

fail() {
    echo "newcomer: $*" >&2
    [ ! -f "$log" ] || tail -n 40 "$log" >&2
    exit 1
}

said() { grep -qF -- "$1" "$log" || fail "it does not say: $1"; }

wait_for() { # WORDS in the log, within SECONDS
    for _ in $(seq "$2"); do
        ! grep -qF -- "$1" "$log" || return 0
        kill -0 "$run" 2>/dev/null || fail "it ended before it said: $1"
        sleep 1
    done
    fail "not within $2 s: $1"
}

start() {
    env --default-signal=INT make run "$@" >"$log" 2>&1 &
    run=$!
}

end() { # as Ctrl-C does: to every process in the terminal
    kill -INT -- "-$run"
    wait "$run" || true
    said "nothing is left running"
    left="$(ps -u newcomer -o comm= | grep -vxE "bash|ps|grep" || true)"
    [ -z "$left" ] || fail "left running: $left"
    [ -z "$(ls -A /tmp)" ] || fail "left in /tmp: $(ls -A /tmp)"
}

megabytes() { du -sm "$@" | awk '{sum += $1} END {print sum}'; }

if [ "$1" = refused ]; then
    git clone --quiet /home/project.git unstuck
    cd unstuck
    ! make run >"$log" 2>&1 || fail "make run went on without ensurepip"
    said "is a Python 3.13 without ensurepip"
    said "apt-get install python3.13-venv"
    echo "refused: a Python without ensurepip, with the package that has it"
    exit 0
fi

cd unstuck
start
wait_for "until you press Ctrl-C" 900
echo "up, after $((SECONDS - began)) s, everything installed"
said "succeeded"
said "What is the cell?"
python3 - "$log" <<'P' >exports
import re, sys
text = open(sys.argv[1]).read()
print("\n".join(re.findall(r"^export (?:API|TOKEN|UNSTUCK_\w+|AWS_\w+)=.*$", text, re.M)))
P
# shellcheck disable=SC1091 # made above
. ./exports
rm exports
curl -sS --fail -o /dev/null "$(grep -oE '^http://127.0.0.1:[0-9]+/$' "$log" | head -n 1)" || fail "there is no page"
python3 -c 'import json; print(json.dumps({"source_text": open("examples/biology.txt").read(), "model": "local/stream:3"}))' |
    curl -sS -i -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" --data @- "$API/v1/generations" >answer
grep -q "^HTTP/1.1 202" answer || fail "$(cat answer)"
rm answer
.venv/bin/unstuck submit examples/biology.txt --model local/stream:3 --wait >"$log.cli" 2>&1 || fail "$(cat "$log.cli")"
[ "$(.venv/bin/unstuck list | grep -c succeeded)" -ge 2 ] || fail "unstuck list: $(.venv/bin/unstuck list)"
.venv/bin/unstuck doctor --stack unstuck >"$log.cli" 2>&1 || fail "$(cat "$log.cli")"
rm "$log.cli"
echo "tried: the page, curl, unstuck submit, list and doctor"
echo "takes $(megabytes .) MB: $(megabytes .venv .venv-ministack .cache) installed, $(megabytes .aws-sam) built, $(megabytes .local) while it runs"
end
[ -z "$(git status --porcelain)" ] || fail "changed in the repository: $(git status --porcelain)"
[ "$(ls -A /home/newcomer | tr '\n' ' ')" = "run.log unstuck " ] || fail "left at home: $(ls -A /home/newcomer)"
printf "%s" "$(head -c 2000 examples/biology.txt)" >"it's \$mine (1).txt"
began=$SECONDS
start TEXT="it's \$mine (1).txt" FAST=1
wait_for "until you press Ctrl-C" 300
said "goes on with the data of the last run"
said "(it's \$mine (1).txt, "
echo "up again, after $((SECONDS - began)) s"
end
rm -f "it's \$mine (1).txt"
