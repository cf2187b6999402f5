#!/bin/sh
# Runs Asterisk in the root file system $ROOT. Call it as root in mount and process namespaces of its
# own (lab/asterisk.ts does): everything that it makes is in memory and vanishes with the process,
# but for the log in $LOG_DIR. The environment names addresses, ports and passwords (site-files.sh).
set -eu
here=$(dirname "$(readlink -f "$0")")
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount --bind "$ROOT" "$ROOT"
cd "$ROOT"
mount -t proc proc proc
for device in null zero full random urandom; do
	[ -e "dev/$device" ] || : >"dev/$device"
	mount --bind "/dev/$device" "dev/$device"
done
for folder in tmp etc/asterisk var/lib/asterisk var/cache/asterisk var/spool/asterisk run; do
	mkdir -p "$folder"
	mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$folder"
done
chmod 1777 tmp
mkdir -p run/asterisk var/spool/asterisk/voicemail var/lib/asterisk/sounds/custom
mount --bind "$LOG_DIR" var/log/asterisk
# The names that this machine knows; nothing is looked up that needn't be.
mount --bind /etc/hosts etc/hosts

cp -r "$here"/../../asterisk-conf/. etc/asterisk/
sh "$here/site-files.sh" etc/asterisk/site
# As the user "asterisk" of that system.
user=$(sed -n 's/^asterisk:[^:]*:\([0-9]*\):\([0-9]*\):.*/\1:\2/p' etc/passwd)
chown -R "$user" etc/asterisk var/lib/asterisk var/cache/asterisk var/spool/asterisk run/asterisk var/log/asterisk
mount -o remount,bind,ro "$ROOT"

# shellcheck disable=SC3045 # Debian's sh can
ulimit -n 65536 2>/dev/null || true
# This shell stays as the namespace's first process. It dies with whoever started it (unshare
# --kill-child), and the kernel then ends all of the namespace. Asterisk alone couldn't be that
# process: a change of user clears the death signal.
env -i PATH=$path HOME=/var/lib/asterisk LC_ALL=C chroot "$ROOT" asterisk -f -U asterisk -G asterisk &
trap 'kill -TERM $!' TERM INT
while kill -0 $! 2>/dev/null; do wait $! || true; done
