#!/bin/sh
# The container's health check: Asterisk answers and has started whole, phones can reach it, and so can the agent.
set -eu
asterisk -rx 'core waitfullybooted' >/dev/null

bound() { # name, table, port and what follows it there (ports are in hexadecimal)
	grep -q ":$3" "/proc/net/$2" && return
	echo "$1: nobody listens there"
	exit 1
}
bound 'SIP, UDP port 5060' udp '13C4 00000000:0000'
bound 'SIP from inside, UDP port 5070' udp '13CE 00000000:0000'
bound 'ARI, TCP port 8088' tcp '1F98 00000000:0000 0A'
