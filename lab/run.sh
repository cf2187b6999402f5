#!/bin/sh
# Runs a program of the project with everything that it needs: lab/run.sh [--lab] FILE [ARGUMENT …]
# Brings what is missing first: Node.js 24 when the machine's is older than 22.18 (into .cache), and the
# npm packages of package-lock.json. With --lab also Debian packages (lab/host-packages.txt and
# docker/agent/packages.txt; for the fleet, the tests and the package also lab/fleet-packages.txt, lab/test-packages.txt and lab/deb-packages.txt), and the root file system with Asterisk in it.
set -eu
cd "$(dirname "$0")/.."

fail() {
	echo "$*" >&2
	exit 1
}

if [ "$1" = --lab ] && [ "$(id -u)" != 0 ]; then
	fail "The lab runs an Asterisk in a root file system of its own, which only root may: run it with sudo, or as root."
fi

{ mkdir -p .cache/log && [ -w .cache ]; } 2>/dev/null || fail "$PWD/.cache can't be written to: run it as the owner of this folder."

# Without a network, npm's own patience (a minute between two tries, for each package) looks like a hang.
export npm_config_fetch_retry_mintimeout=1000 npm_config_fetch_retry_maxtimeout=5000

# Somebody else's npm settings print warnings that nobody can act on; details stand in .cache/log.
quietly() { # log-name command …
	log=.cache/log/$1.log
	shift
	"$@" >"$log" 2>&1 </dev/null
}

# What was begun when Ctrl-C came is ended in order, and nothing half-made stays.
making=
building=
stop() { # status [signal for what runs beside us: Ctrl-C has reached it already]
	trap 'exit 130' INT
	trap '' TERM HUP
	if [ -n "$building" ]; then
		[ -z "${2:-}" ] || kill "-$2" "$building" 2>/dev/null || true
		wait "$building" 2>/dev/null || true
	fi
	[ -z "$making" ] || rm -rf --one-file-system "$making"
	exit "$1"
}
trap 'stop 130' INT
trap 'stop 143 TERM' TERM
trap 'stop 129 TERM' HUP

packages() { # of what is to be run
	lists="lab/host-packages.txt docker/agent/packages.txt"
	case $1 in
	lab/test.ts) lists="$lists lab/fleet-packages.txt lab/test-packages.txt" ;;
	lab/deb-test.ts) lists="$lists lab/deb-packages.txt" ;;
	lab/fleet.ts) lists="$lists lab/fleet-packages.txt" ;;
	esac
	# shellcheck disable=SC2086 # a list of words
	wanted=$(sed 's/#.*//' $lists)
	# shellcheck disable=SC2086 # a list of words
	there=$(dpkg-query -W -f '${Package}=${db:Status-Status}\n' $wanted 2>/dev/null) || true
	missing=
	for package in $wanted; do
		echo "$there" | grep -qx "$package=installed" || missing="$missing $package"
	done
	[ -z "$missing" ] && return
	command -v apt-get >/dev/null || fail "This needs Debian 12 or a relative of it (apt-get is missing)."
	echo "Installing Debian packages:$missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	quietly apt apt-get install -y --no-install-recommends $missing && return
	quietly apt apt-get update || fail "The Debian mirror could not be reached: check the network. (Details: .cache/log/apt.log)"
	# shellcheck disable=SC2086
	quietly apt apt-get install -y --no-install-recommends $missing ||
		fail "Debian packages could not be installed:$missing. (Details: .cache/log/apt.log)"
}

new_enough() { # path of a node
	"$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 18) ? 0 : 1)' 2>/dev/null
}

fetch() { # npm's package, the folder that it gets, its name
	rm -rf "$2" "$2.new"
	making=$2.new
	mkdir -p "$2.new"
	echo '{"private":true}' >"$2.new/package.json"
	quietly fetch npm install --prefix "$2.new" --no-audit --no-fund --ignore-scripts "$1" ||
		fail "$3 could not be fetched from npm: check the network. (Details: .cache/log/fetch.log)"
	mv "$2.new" "$2"
	making=
}

node_24() {
	if command -v node >/dev/null && new_enough node; then return; fi
	case $(uname -m) in
	x86_64) arch=x64 ;;
	aarch64) arch=arm64 ;;
	*) fail "There is no Node.js 24 for this machine ($(uname -m)) in npm: install Node.js 22.18 or newer." ;;
	esac
	folder=.cache/node-24
	binaries=$PWD/$folder/node_modules/node-linux-$arch/bin
	if [ ! -x "$binaries/node" ]; then
		command -v npm >/dev/null || fail "npm is missing: apt-get install nodejs npm"
		echo "Fetching Node.js 24 (this machine has $(node -v 2>/dev/null || echo none))"
		fetch "node-linux-$arch@24" "$folder" "Node.js 24"
	fi
	PATH=$binaries:$PATH
	export PATH
	new_enough node || fail "Node.js 22.18 or newer is needed, and $(node -v) is what runs here."
}

# Debian's npm 9 can't read a lock file in which a package stands in for another ("overrides" in package.json).
npm_11() {
	folder=.cache/npm-11
	if [ ! -d "$folder" ]; then
		command -v npm >/dev/null || fail "npm is missing: apt-get install npm"
		case $(npm --version) in
		[0-9].*) ;;
		*) return ;;
		esac
		echo "Fetching npm 11 (this machine has $(npm --version))"
		fetch npm@11 "$folder" "npm 11"
	fi
	PATH=$PWD/$folder/node_modules/.bin:$PATH
	export PATH
}

npm_packages() {
	stamp="$(cksum <package-lock.json) $(node -p 'process.versions.modules')"
	if [ "$(cat node_modules/.installed 2>/dev/null)" = "$stamp" ]; then return; fi
	npm_11
	echo "Installing npm packages"
	making=node_modules
	quietly npm npm ci --prefer-offline --no-audit --no-fund --ignore-scripts ||
		fail "npm packages could not be installed: check the network. (Details: .cache/log/npm.log)"
	echo "$stamp" >node_modules/.installed
	making=
}

# One at a time: two that begin at once would install into the same folders.
exec 9>.cache/run.lock
flock 9
if [ "$1" = --lab ]; then
	shift
	packages "$1"
	node_24
	# It takes about as long as the npm packages do, and needs none of them. The tests make it themselves, beside their checks.
	if [ "$1" != lab/test.ts ]; then
		node lab/root-fs.ts --quiet &
		building=$!
	fi
	npm_packages
	[ -z "$building" ] || wait "$building" || exit 1
	building=
else
	node_24
	npm_packages
fi
case $1 in packaging/* | lab/deb-test.ts) npm_11 ;; esac
exec 9>&-

# What every program and each of its threads compiles is kept: types are stripped once, not once a thread.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/.cache/compiled}"
exec node "$@"
