#!/usr/bin/env bash
# Installs the npm packages that FOLDER/package-lock.json pins, once, and prints the folder they were installed into:
#   tests/npm_modules.sh FOLDER
#
# That folder stands in a cache outside the tree, named for what the lock file says, so that nothing is fetched twice
# and nothing foreign is ever committed. It holds node_modules; node finds them through createRequire(`${folder}/`).
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/work_folder.sh"

cache=${TOLLGATE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tollgate}/npm

fail() {
  echo "tests/npm_modules.sh: $*" >&2
  exit 1
}

# Into a folder of its own first: what stands under the final name is whole.
install() { # FOLDER TARGET
  make_work_folder "$cache"
  cp "$1/package.json" "$1/package-lock.json" "$work"
  (cd "$work" && npm ci --no-audit --no-fund --loglevel=error) >&2 || fail "npm could not install $1/package-lock.json"
  mv -T "$work" "$2"
}

[ $# -eq 1 ] && [ -f "$1/package-lock.json" ] || fail "usage: npm_modules.sh FOLDER, one with a package-lock.json"
command -v node >/dev/null || fail "node is missing"
command -v npm >/dev/null || fail "npm is missing"
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
target=$cache/$(basename "$(realpath "$1")")-$(sha256sum "$1/package-lock.json" | cut -c1-16)
[ -d "$target" ] || install "$1" "$target"
printf '%s\n' "$target"
