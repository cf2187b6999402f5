#!/bin/sh
# Runs once before Asterisk starts, in a container of its own: makes passwords where there are none yet, and
# writes what is particular to this Asterisk (site-files.sh). Both lie in volumes that Asterisk only reads;
# the agent reads its one password and nothing else.
#
#   VOICE_AGENT_HOST   the address at which phones find this machine (default 127.0.0.1)
#   SIP_PORT           the published port
#   HTTP_ADDRESS       of ARI, in the agent's network (default: that of the name asterisk-inside)
#   SIP_PROXY          brings the calls, in a fleet
#   RTP_START, RTP_END the media ports that are published
set -eu
: "${VOICE_AGENT_HOST:=127.0.0.1}"

is_ipv4() ( # four numbers up to 255, without zeros before them
	case $1 in *[!0-9.]* | *. | 0.0.0.0) exit 1 ;; esac
	IFS=.
	# shellcheck disable=SC2086 # it is to be split
	set -- $1
	[ $# -eq 4 ] || exit 1
	for number; do
		case $number in '' | 0?* | ????*) exit 1 ;; esac
		[ "$number" -le 255 ] || exit 1
	done
)
if ! is_ipv4 "$VOICE_AGENT_HOST"; then
	echo "VOICE_AGENT_HOST=$VOICE_AGENT_HOST is no IPv4 address: phones are told it as the place to send their sound to." >&2
	exit 1
fi

passwords=/run/lab-passwords
umask 027
for name in softphone1 softphone2; do
	[ -s "$passwords/$name" ] || od -An -N12 -tx1 /dev/urandom | tr -d ' \n' >"$passwords/$name"
done
[ -s /run/agent-password/ari ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >/run/agent-password/ari

ARI_PASSWORD=$(cat /run/agent-password/ari)
SOFTPHONE1_PASSWORD=$(cat "$passwords/softphone1")
SOFTPHONE2_PASSWORD=$(cat "$passwords/softphone2")
export ARI_PASSWORD SOFTPHONE1_PASSWORD SOFTPHONE2_PASSWORD
# The port that phones see is the published one; inside it is always the same. ARI listens in the agent's network
# only: the name has an address in no other one.
export EXTERNAL_ADDRESS="$VOICE_AGENT_HOST" EXTERNAL_SIP_PORT="${SIP_PORT:-5060}" INSIDE_SIP_PORT=5070
export SIP_ADDRESS=0.0.0.0 SIP_PORT=5060 HTTP_ADDRESS="${HTTP_ADDRESS:-asterisk-inside}" HTTP_PORT=8088 MEDIA_ADDRESS=''
sh /usr/local/lib/voice-agent/site-files.sh /etc/asterisk/site
echo "Asterisk is set up for phones that find it at $VOICE_AGENT_HOST."
