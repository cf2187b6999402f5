#!/bin/sh
# Builds a Debian root file system with Asterisk in the folder $1: debootstrap, then the packages of
# packages.txt. Call it as root in mount and process namespaces of its own (lab/root-fs.ts does), so
# that no mount or process outlives it, however it ends. Progress lines ("== …") on stdout.
#
#   MIRROR   Debian mirror (default )
#   SUITE    Debian suite (default sid: the one with Asterisk 22)
set -eu

root=$1
here=$(dirname "$(readlink -f "$0")")
mirror=${MIRROR:-}
suite=${SUITE:-sid}
packages=$(sed 's/#.*//' "$here/packages.txt" | xargs)

export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
unset LANG LANGUAGE TMPDIR

echo "== Debian base system ($suite) from $mirror"
mkdir -p "$root"
debootstrap --variant=minbase "$suite" "$root" "$mirror"

# A throw-away system needs no sync after each file, no manuals and no services that start by themselves.
mkdir -p "$root/etc/dpkg/dpkg.cfg.d" "$root/etc/apt/apt.conf.d"
cat >"$root/etc/dpkg/dpkg.cfg.d/lean" <<'EOF'
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
EOF
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
# How this machine reaches its mirror (proxy, dates) holds inside, too.
apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries|Force)' >"$root/etc/apt/apt.conf.d/00host" || true
echo 'APT::Install-Recommends "false";' >"$root/etc/apt/apt.conf.d/01lean"

mount -t proc proc "$root/proc"
for device in null zero full random urandom; do
	[ -e "$root/dev/$device" ] || : >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done

echo "== Packages: $packages"
chroot "$root" apt-get update -qq
# shellcheck disable=SC2086 # a list of words
chroot "$root" apt-get install -y -qq $packages
chroot "$root" apt-get clean
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/log/apt "$root"/var/log/dpkg.log

# Where the lab mounts what it hands in.
mkdir -p "$root/lab"
chroot "$root" asterisk -V | sed 's/^/== /'
