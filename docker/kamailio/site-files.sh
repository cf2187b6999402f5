#!/bin/sh
# Writes what is particular to one SIP entry into the folder $1, which kamailio-conf/ includes as site/. The native lab and
# the container both use this.
#
#   ASTERISKS    addresses of the Asterisks, with ports if not 5060: "192.0.2.11 192.0.2.12:5070"    required
#   TRUNKS       SIP addresses of the trunks, the best first: "sip:198.51.100.7 sip:trunk.example.com;transport=tls"   required
#   ADDRESS      where it listens, UDP and TCP     (default: 0.0.0.0; then ADVERTISE is needed)
#   SIP_PORT, TLS_PORT                             (default 5060, 5061)
#   INSIDE_ADDRESS   where the Asterisks find it, in a network of theirs: it speaks with them from there (default: ADDRESS)
#   ADVERTISE    behind NAT (a container's, too): the address under which others reach it
#   TLS          yes: SIP over TLS as well, with the certificate that tls.cfg names    (default no)
set -eu
: "${ASTERISKS:?is not set}" "${TRUNKS:?is not set}"
: "${ADDRESS:=0.0.0.0}" "${INSIDE_ADDRESS:=}" "${SIP_PORT:=5060}" "${TLS_PORT:=5061}" "${ADVERTISE:=}" "${TLS:=no}"
if [ "$ADDRESS" = 0.0.0.0 ] && [ -z "$ADVERTISE" ]; then
	echo 'ADVERTISE is not set: which address do others know?' >&2
	exit 1
fi

mkdir -p "$1"
cd "$1"

listen() { # protocol port
	echo "listen = $1:$ADDRESS:$2${ADVERTISE:+ advertise $ADVERTISE:$2}"
}
{
	listen udp "$SIP_PORT"
	listen tcp "$SIP_PORT"
	[ -z "$INSIDE_ADDRESS" ] || echo "listen = udp:$INSIDE_ADDRESS:5060"
	if [ "$TLS" = yes ]; then
		echo '#!define WITH_TLS'
		echo 'enable_tls = yes'
		listen tls "$TLS_PORT"
	fi
} >site.cfg

number=0
{
	for asterisk in $ASTERISKS; do
		number=$((number + 1))
		# 8: it is asked each second whether it lives. duid: its calls are counted by it.
		echo "1 sip:$asterisk 8 0 duid=asterisk$number${INSIDE_ADDRESS:+;socket=udp:$INSIDE_ADDRESS:5060}"
	done
	priority=100
	for trunk in $TRUNKS; do
		echo "2 $trunk 0 $priority"
		priority=$((priority - 1))
	done
} >dispatcher.list
