"""Makes log-mel.json, against which test/media/log-mel.test.ts holds src/media/log-mel.ts. Needs numpy and scipy only:

    python3 test/vectors/log-mel.py > test/vectors/log-mel.json

It is what WhisperFeatureExtractor(chunk_length=8) of Hugging Face's transformers does with do_normalize=True to the last
8 s of a sound, padded in front as the inference code of pipecat-ai/smart-turn pads it, written with scipy's window and
numpy's transform, and the mel filters of librosa.filters.mel's definition (Slaney's scale and norm). The sounds are made
of whole numbers, so that the test makes the very same.
"""

import json
import sys

import numpy as np
from scipy.signal import get_window

RATE = 16000
SAMPLES = 8 * RATE


def noise(seed, count):
    """Park and Miller's generator: whole numbers from 1 to 2^31 - 2."""
    numbers = []
    for _ in range(count):
        seed = seed * 16807 % 2147483647
        numbers.append(seed)
    return np.array(numbers, dtype=np.int64)


def buzz(count):
    """A voice of sorts: pulses of 125 Hz that die away, louder and softer, with a little noise."""
    at = np.arange(count)
    loudness = 4000 + 2000 * (at // 2400 % 4)
    return loudness * (127 - 2 * (at % 128)) // 127 + noise(7, count) % 201 - 100


SOUNDS = {
    "noise in steps, 8 s": (noise(1, SAMPLES) % 20001 - 10000) >> (np.arange(SAMPLES) // 4800 % 8),
    "a buzz of 1.7 s": buzz(27200),
    "a buzz of 10.3 s": buzz(164800),
    "a click in silence": np.where(np.arange(SAMPLES) == 100_037, 32767, 0),
    "80 samples": np.full(80, -20000),
    "silence": np.zeros(SAMPLES, dtype=np.int64),
    "nothing": np.zeros(0, dtype=np.int64),
}


def mel_filters():
    scale_hz = np.concatenate([[0.0], 1000.0 * np.exp(np.arange(0, 60) * np.log(6.4) / 27)])
    scale_mel = np.concatenate([[0.0], 15.0 + np.arange(0, 60)])

    def to_mel(hz):
        return hz / (200 / 3) if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)

    def to_hz(mel):
        return mel * 200 / 3 if mel < 15 else 1000 * 6.4 ** ((mel - 15) / 27)

    assert np.allclose([to_mel(hz) for hz in scale_hz], scale_mel)
    edges = np.array([to_hz(mel) for mel in np.linspace(0, to_mel(RATE / 2), 82)])
    bins = np.fft.rfftfreq(400, 1 / RATE)
    ramps = edges[:, None] - bins[None, :]
    widths = np.diff(edges)[:, None]
    triangles = np.maximum(0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]))
    return triangles * (2 / (edges[2:] - edges[:-2]))[:, None]


def features(sound):
    sound = sound[-SAMPLES:] / 32768
    sound = np.pad(sound, (SAMPLES - len(sound), 0))
    sound = (sound - sound.mean()) / np.sqrt(sound.var() + 1e-7)
    sound = np.pad(sound, 200, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(sound, 400)[::160][:800]
    power = np.abs(np.fft.rfft(windows * get_window("hann", 400), axis=1)) ** 2
    decades = np.log10(np.maximum(mel_filters() @ power.T, 1e-10))
    return (np.maximum(decades, decades.max() - 8) + 4) / 4


def vectors(name, sound):
    values = features(sound)
    assert values.shape == (80, 800)
    places = noise(2026, 120) % 64000
    # Half of the places where something happens, which is at the end.
    places[::2] = places[::2] // 800 * 800 + 799 - places[::2] % 160
    return {
        "sound": name,
        "sum": int(np.abs(sound).sum()),
        "mean": round(float(values.mean()), 6),
        "bandMeans": [round(float(mean), 6) for mean in values.mean(axis=1)],
        "values": [[int(place), round(float(values.flat[place]), 6)] for place in places],
    }


json.dump([vectors(name, sound) for name, sound in SOUNDS.items()], sys.stdout, separators=(",", ":"))
print()
