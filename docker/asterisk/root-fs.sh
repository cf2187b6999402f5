#!/bin/sh
# Builds a Debian root file system with the packages of Asterisk, Kamailio and the softphone (packages.txt here
# and in ../kamailio and ../softphone) in the folder $1. Call it as root in mount and process namespaces of its own
# (lab/root-fs.ts does), so that no mount or process outlives it, however it ends.
#
#   MIRROR   Debian mirror (default: the one that this machine's apt uses)
#   SUITE    Debian suite (default sid: the one with Asterisk 22)
set -eu

root=$1
here=$(dirname "$(readlink -f "$0")")
packages=$(sed 's/#.*//' "$here/packages.txt" "$here/../kamailio/packages.txt" "$here/../softphone/packages.txt" | xargs | tr ' ' ',')

export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset LANG LANGUAGE TMPDIR

# How this machine reaches its mirror (proxy, dates) holds inside, too.
# In the folder that is made: whatever ends this, it goes with that.
mkdir -p "$root"
settings=$root/apt-settings
apt-config dump | grep -E '^Acquire::(http|https|Check|Retries|Force)' >"$settings" || true

# The machine's own mirror, without its security archive, which has no such suite.
# shellcheck disable=SC2016 # $(…) is for apt
mirror=${MIRROR:-$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
	awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')}
if [ -z "$mirror" ]; then
	echo 'no Debian mirror is known to apt here: name one with MIRROR=' >&2
	exit 1
fi

# mmdebstrap takes a third of debootstrap's time. A system that can be made anew at any moment needs
# no sync after each file, and no manuals.
mmdebstrap --mode=root --variant=apt --components=main --skip=check/empty \
	--aptopt="$settings" \
	--aptopt='APT::Install-Recommends "false"' \
	--aptopt='Acquire::Languages "none"' \
	--dpkgopt=force-unsafe-io \
	--dpkgopt='path-exclude=/usr/share/doc/*' \
	--dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/locale/*' \
	--include="$packages" \
	"${SUITE:-sid}" "$root" "$mirror"

rm "$settings"
# Where the lab mounts what it hands in.
mkdir -p "$root/lab"
