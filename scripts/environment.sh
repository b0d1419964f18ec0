# Sourced by scripts/run, scripts/test, scripts/lint and .ci/run, which set $root. One .venv serves them all: the
# locks agree on every version, and requirements-dev.lock holds all of requirements.lock.
# shellcheck shell=sh

unset PYTHONHOME PYTHONPATH PYTHONSTARTUP VIRTUAL_ENV
venv=$root/.venv
stamp=$venv/lockgate        # a folder with copies of what the environment was made from

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
fail() { say "$@"; exit 1; }

# Sets $python to the interpreter's own path. Runs it, because a version manager's shim may exist and refuse to start.
try_python() {
  python=$(cd "$root" && "$1" -I -c 'import sys
if sys.version_info < (3, 12): sys.exit(1)
print(sys.executable)' 2>/dev/null) && [ -n "$python" ]
}

try_uv_python() {
  found=$(cd "$root" && uv python find --no-project --system --no-python-downloads "$1" 2>/dev/null) && try_python "$found"
}

find_python() {
  if [ -n "${LOCKGATE_PYTHON:-}" ]; then
    try_python "$LOCKGATE_PYTHON" || fail "LOCKGATE_PYTHON=$LOCKGATE_PYTHON does not start a Python 3.12 or newer."
    return
  fi
  if command -v uv >/dev/null 2>&1; then
    try_uv_python 3.13 || try_uv_python '>=3.12' && return
  fi
  for candidate in python3.13 python3.12 python3.14 python3; do
    try_python "$candidate" && return
  done
  for candidate in "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3.1[3-9]*/bin/python3 \
                   "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3.12*/bin/python3; do
    try_python "$candidate" && return
  done
  return 1
}

# The part of pyproject.toml that decides how the project is installed.
project_tables() { sed '/^\[dependency-groups\]/,$d' "$root/pyproject.toml"; }

# The environment stands here, started from this Python, and holds this lock. `$1`: requirements.lock or
# requirements-dev.lock.
holds() {
  [ -x "$venv/bin/python" ] && [ -e "$stamp/root" ] && cmp -s "$root/$1" "$stamp/$1" || return 1
  read -r at <"$stamp/root" && [ "$at" = "$root" ] || return 1
  [ -z "${LOCKGATE_PYTHON:-}" ] && return
  read -r from <"$stamp/python" && [ "$from" = "$LOCKGATE_PYTHON" ]
}

installed() { project_tables | cmp -s - "$stamp/project"; }

# Sets $installer: uv when there is one, else the environment's own pip.
choose_installer() {
  if uv --version >/dev/null 2>&1; then
    installer=uv
  elif [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    installer=pip
  else
    return 1
  fi
}

install() {
  if [ "$installer" = uv ]; then
    uv pip install --quiet --python "$venv/bin/python" --compile-bytecode "$@" >&2
  else
    "$venv/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --no-warn-script-location "$@" >&2
  fi
}

make_venv() {
  say "making .venv with $("$python" -V), once; this takes about half a minute …"
  rm -rf "$venv"
  if uv --version >/dev/null 2>&1; then
    uv venv --quiet --no-project --python "$python" "$venv" >&2 || fail "uv could not make $venv with $python."
  else
    "$python" -I -c 'import ensurepip, venv' 2>/dev/null ||
      fail "$python cannot make virtual environments; on Debian and Ubuntu, install the package python3-venv."
    "$python" -I -m venv "$venv" >&2 || fail "$python could not make $venv."
  fi
  choose_installer || fail "found neither uv nor pip in the new $venv."
}

# The slow way, one process at a time.
update() {
  wanted=$1
  holds requirements.lock && choose_installer || make_venv
  mkdir -p "$stamp"
  printf '%s\n' "$root" >"$stamp/root"
  printf '%s\n' "${LOCKGATE_PYTHON:-}" >"$stamp/python"
  if ! holds "$wanted"; then
    install --require-hashes --no-deps -r "$root/$wanted" || fail "could not install what $wanted names."
    rm -f "$stamp/project"
  fi
  if ! installed; then
    install --no-build-isolation --no-deps --editable "$root" || fail "could not install the project into .venv."
    project_tables >"$stamp/project"
  fi
  # Last: an interrupted start leaves no copy of the lock, and the next one begins anew.
  cp "$root/requirements.lock" "$stamp/"
  [ "$wanted" = requirements.lock ] || cp "$root/$wanted" "$stamp/"
}

# prepare LOCK: afterwards .venv holds what LOCK names and the project.
prepare() {
  holds "$1" && installed && return
  find_python || fail "needs Python 3.12 or newer and found none; install one, or name it in LOCKGATE_PYTHON."
  exec 9<"$root/scripts"
  # The lock belongs to the open descriptor, so it outlives the process that takes it, and ends with this one.
  "$python" -I -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' || fail "could not lock $root/scripts."
  holds "$1" && installed || update "$1"
  exec 9<&-
}
