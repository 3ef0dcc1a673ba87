#!/bin/sh
# Prints the path of a Python 3.13, the version that the functions run on. If there is none, fails and says what to do.
# Searches $PYTHON, the PATH, pyenv's versions and uv's, in this order.

is_313() {
    [ -n "$1" ] && command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}

# Modules that `python -m venv` and pip need and a Python may lack: Debian has ensurepip in a separate package.
missing() {
    for module in ensurepip ssl; do
        "$1" -c "import $module" >/dev/null 2>&1 || echo "$module"
    done
}

if [ -n "$PYTHON" ] && ! is_313 "$PYTHON"; then
    echo "PYTHON=$PYTHON is not a Python 3.13" >&2
    exit 1
fi

incomplete=
for candidate in "$PYTHON" python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13 \
    /opt/homebrew/bin/python3.13 /usr/local/bin/python3.13 "$(uv python find 3.13 2>/dev/null)" python3; do
    if is_313 "$candidate"; then
        if [ -z "$(missing "$candidate")" ]; then
            # Without pyenv's shims, which choose again in every directory.
            "$candidate" -c 'import sys; print(sys.executable)'
            exit 0
        fi
        incomplete="${incomplete:-$candidate}"
        [ "$candidate" != "$PYTHON" ] || break # the user named it
    fi
done

if [ -n "$incomplete" ]; then
    echo "$(command -v "$incomplete") is a Python 3.13 without" $(missing "$incomplete") >&2
    cat >&2 <<'MESSAGE'
Install what it lacks, then run make again:
    apt-get install python3.13-venv       (Debian, for ensurepip)
or name another Python 3.13:  make setup PYTHON=/path/to/python3.13
MESSAGE
    exit 1
fi

cat >&2 <<'MESSAGE'
Python 3.13 was not found, and the functions run on nothing else. Install it in one of these ways, then run make again:
    uv python install 3.13
    pyenv install 3.13
    brew install python@3.13              (macOS)
    apt-get install python3.13-venv       (Debian 13 and later)
or name one yourself:  make setup PYTHON=/path/to/python3.13
MESSAGE
exit 1
