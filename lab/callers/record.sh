#!/bin/bash
# Makes the synthetic callers' recordings anew: lab/callers/<voice>/<name>.wav (8 kHz mono mu-law), and some
# for calls in wideband: lab/callers/<voice>-wideband/<name>.wav (16 kHz mono, 16 bit). With WIDEBAND=folder every
# sentence in wideband instead, into <folder>/<voice>/ (an absolute path; test/bench/stt.bench.ts can hear them).
# Needs Debian's festival, festvox-kdlpc16k, espeak-ng, sox, libsox-fmt-base.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
only=${1:-}

# Telephone: band-limited to 300-3400 Hz as an old handset is, -3 dB of headroom, G.711.
telephone() { # in.wav out.wav
  sox "$1" -r 8000 -c 1 -e mu-law -b 8 "$2" gain -n -6 rate -h 8000 highpass 200 pad 0.1 0.2
}

wideband() { # in.wav out.wav
  sox -D "$1" -r 16000 -c 1 -e signed -b 16 "$2" gain -n -6 rate -h 16000 highpass 80 pad 0.1 0.2
}
# What the cloud number's demonstration and tests say.
wide="kay:d-hours kay:d-price-checkup kay:d-price-whitening kay:d-address kay:d-thanks-bye kay:d-transfer
  ked:g-hours ked:g-price-oil ked:g-hours-saturday ked:g-brakes ked:g-bye"

# Festival's ked (US, male), and the same with a shorter vocal tract and higher pitch ("kay"): synthesised
# slower and lower, then played 1.19 times as fast, which moves the formants up as a woman's are.
ked() { # text out stretch pitch speed
  cat > "$work/say.scm" <<SCM
(voice_ked_diphone)
(Parameter.set 'Duration_Stretch $3)
(set! int_lr_params '((target_f0_mean $4) (target_f0_std $5) (model_f0_mean 170) (model_f0_std 34)))
(set! u (Utterance Text "$1"))
(utt.synth u)
(utt.save.wave u "$work/raw.wav" 'riff)
SCM
  festival --batch "$work/say.scm"
  sox "$work/raw.wav" "$2" speed "$6"
}

say() { # voice text out
  case $1 in
    ked) ked "$2" "$3" 1.05 108 14 1.0 ;;
    kay) ked "$2" "$3" 1.22 158 24 1.19 ;;
    ned) espeak-ng -v en-gb -s 150 -p 40 -w "$3" "$2" ;;
    eve) espeak-ng -v en-us+f3 -s 145 -p 62 -w "$3" "$2" ;;
  esac
}

# shellcheck disable=SC2034 # columns that aren't needed here
grep -v '^#' sentences.tsv | while IFS=$'\t' read -r name agent kind text; do
  for voice in ked kay ned eve; do
    [ -z "$only" ] || [ "$voice" = "$only" ] || continue
    mkdir -p "$voice"
    say "$voice" "$text" "$work/said.wav"
    if [ -n "${WIDEBAND:-}" ]; then
      mkdir -p "$WIDEBAND/$voice"
      wideband "$work/said.wav" "$WIDEBAND/$voice/$name.wav"
      continue
    fi
    telephone "$work/said.wav" "$voice/$name.wav"
    if grep -qw -- "$voice:$name" <<<"$wide"; then
      mkdir -p "$voice-wideband"
      wideband "$work/said.wav" "$voice-wideband/$name.wav"
    fi
  done
done
