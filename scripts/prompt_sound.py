#!/usr/bin/env python3
"""The sound of one clip: its levels, its edges, its loudness, its file. Used by build_prompts.py.

In:  samples, 16 bit mono at 16 kHz, from an engine or a FLAC file.
Out: samples of a finished clip, and the measures that --report prints.

Laws: a finished clip has 40 ms of silence at each end, one loudness in the band of a telephone
line, and no sample above the peak. The same samples give the same clip on every machine: only
plain floating-point arithmetic of the standard library.
"""

import array
import io
import math
import subprocess
import sys
import wave

RATE = 16000
EDGE_MS = 40  # silence kept at both ends
FADE_MS = 5
WINDOW_MS = 10
TICK_MS = 30  # a noise no longer than this,
TICK_REST_MS = 120  # with more silence before it than any consonant has, is no speech
SILENCE_DB = -40.0  # below the loudest window: silence
GATE_DB = -25.0  # below the loudest window: not counted as speech
LOUDNESS_DB = -22.0  # RMS of the speech in the band of a telephone line, dBFS
PEAK_DB = -1.0  # no sample above
LINE_HZ = (300.0, 3400.0)  # the band that a telephone line carries (ITU-T G.712)


class Trouble(Exception):
    """A fault that ends the run; its text is for the user."""


def run(command, **options):
    """What a program printed; Trouble with its own words when it fails."""
    try:
        return subprocess.run(command, check=True, capture_output=True, timeout=600, **options)
    except FileNotFoundError as missing:
        raise Trouble(f"{missing.filename} is not installed") from missing
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode("utf-8", "replace").strip()
        raise Trouble(f"{command[0]} failed: {said}") from failed


# Files


def samples_of(wav_bytes):
    with wave.open(io.BytesIO(wav_bytes)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, RATE):
            raise Trouble("a WAV file is not 16 bit mono at 16 kHz")
        samples = array.array("h")
        samples.frombytes(file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def wav_of(samples):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        frames = array.array("h", samples)
        if sys.byteorder == "big":
            frames.byteswap()
        file.writeframes(frames.tobytes())
    return out.getvalue()


def at_16_khz(source, **options):
    """Samples of what sox can read; `source` are sox's words for it. Without dither: repeatable."""
    form = ["-t", "wav", "-r", str(RATE), "-b", "16", "-c", "1", "-e", "signed-integer", "-"]
    return samples_of(run(["sox", "-D", "-v", "0.9", *source, *form], **options).stdout)


def decoded(path):
    return samples_of(run(["flac", "--decode", "--silent", "--stdout", str(path)]).stdout)


def encode(samples, path):
    flac = ["flac", "--best", "--silent", "--force", "--no-padding", "--no-seektable"]
    run([*flac, "-o", str(path), "-"], input=wav_of(samples))


# Levels


def decibels(level):
    return 20 * math.log10(level) if level > 0 else -120.0


def window_levels(samples):
    """The RMS of each window, as a share of full scale."""
    size = RATE * WINDOW_MS // 1000
    levels = []
    for start in range(0, len(samples), size):
        window = samples[start : start + size]
        levels.append(math.sqrt(sum(s * s for s in window) / len(window)) / 32768)
    return levels


def speech_level(levels):
    """The RMS over the windows that hold speech; 0 of silence."""
    gate = max(levels, default=0) * 10 ** (GATE_DB / 20)
    loud = [level * level for level in levels if level >= gate]
    return math.sqrt(sum(loud) / len(loud)) if loud else 0.0


def second_order(samples, frequency, high_pass):
    """A Butterworth filter of the second order (bilinear transform)."""
    turn = math.tan(math.pi * frequency / RATE)
    scale = 1 / (1 + math.sqrt(2) * turn + turn * turn)
    gain = scale if high_pass else turn * turn * scale
    middle = -2 * gain if high_pass else 2 * gain
    back1, back2 = 2 * (turn * turn - 1) * scale, (1 - math.sqrt(2) * turn + turn * turn) * scale
    in1 = in2 = out1 = out2 = 0.0
    filtered = []
    for sample in samples:
        out = gain * sample + middle * in1 + gain * in2 - back1 * out1 - back2 * out2
        in1, in2, out1, out2 = sample, in1, out, out1
        filtered.append(out)
    return filtered


def on_the_line(samples):
    """What of the sound passes a telephone line."""
    low, high = LINE_HZ
    return second_order(second_order(samples, low, high_pass=True), high, high_pass=False)


def loudness(samples):
    """The level of the speech as a telephone plays it, dBFS."""
    return decibels(speech_level(window_levels(on_the_line(samples))))


# Finishing


def trimmed(samples, levels):
    limit = max(levels) * 10 ** (SILENCE_DB / 20)
    loud = without_ticks([i for i, level in enumerate(levels) if level > limit])
    size, edge = RATE * WINDOW_MS // 1000, RATE * EDGE_MS // 1000
    start, end = loud[0] * size - edge, (loud[-1] + 1) * size + edge
    before, after = max(0, -start), max(0, end - len(samples))
    return [0] * before + list(samples[max(0, start) : end]) + [0] * after


def without_ticks(loud):
    """The loud windows less those of a short noise long after the speech."""
    for place in range(len(loud) - 1, 0, -1):
        if (loud[place] - loud[place - 1]) * WINDOW_MS > TICK_REST_MS:
            return loud[:place] if (len(loud) - place) * WINDOW_MS <= TICK_MS else loud
    return loud


def finished(samples):
    """Trimmed, at one loudness, without a click at either end."""
    levels = window_levels(samples)
    if not levels or max(levels) < 0.001:
        raise Trouble("the engine made silence")
    samples = trimmed(samples, levels)
    gain = 10 ** ((LOUDNESS_DB - loudness(samples)) / 20)
    peak = max(abs(s) for s in samples) / 32768
    gain = min(gain, 10 ** (PEAK_DB / 20) / peak)
    fade = RATE * FADE_MS // 1000
    last = len(samples) - 1
    return [round(s * gain * min(1, i / fade, (last - i) / fade)) for i, s in enumerate(samples)]
