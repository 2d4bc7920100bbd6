#!/usr/bin/env python3
"""Renders the prompt clips of every language, checks them, or reports on their sound.

In:  prompts/<language>/catalogue.toml (texts) and lexicon.toml (pronunciations).
Out: prompts/<language>/clips/<clip>.flac (16 kHz, mono) and manifest.json (what each was made of).

A clip is rendered again only when its text, its pronunciation, the voice or this script's way of
rendering changed. Rendering needs espeak-ng (or another engine), sox and flac; --check needs none.

  build_prompts.py                         render what changed in every language
  build_prompts.py --language nl --force   render all of Dutch
  build_prompts.py --check                 are texts, manifest and clips in step? lists what is not
  build_prompts.py --report                length, loudness, clipping and silence of every clip
  build_prompts.py --engine command --voice jane --command 'say {text} {out}' --only goodbye
                                           one clip from another engine or a recording; {text},
                                           {id}, {voice} and {out} (a WAV file) are filled in
"""

import argparse
import array
import hashlib
import io
import json
import math
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import tomllib
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "prompts"
# Raise when the sound of a clip would change with everything else the same.
RENDERING = 1
RATE = 16000
ESPEAK = {"nl": ("nl", 150), "en": ("en-gb", 150)}  # language: voice, words a minute
EDGE_MS = 40  # silence kept at both ends
FADE_MS = 5
WINDOW_MS = 10
SILENCE_DB = -40.0  # below the loudest window: silence
GATE_DB = -25.0  # below the loudest window: not counted as speech
LOUDNESS_DB = -20.0  # RMS of the speech, dBFS
PEAK_DB = -1.0  # no sample above


class Trouble(Exception):
    """A fault that ends the run; its text is for the user."""


# Texts and pronunciations


def languages():
    return sorted(p.parent.name for p in ROOT.glob("*/catalogue.toml"))


def catalogue(language):
    """The clips of a language: {id: (text, carrier)}."""
    file = tomllib.loads((ROOT / language / "catalogue.toml").read_text("utf-8"))
    carriers = file.get("carriers", {})
    clips = {clip: (text, None) for clip, text in file["lines"].items()}
    clips |= {f"{line}-brief": (text, None) for line, text in file["brief"].items()}
    for clip, text in file["pieces"].items():
        clips[clip] = (text, carriers.get(clip.split("-")[0]))
    return clips


def lexicon(language):
    """Pronunciations as espeak phonemes, {word: phonemes}, longest word first."""
    path = ROOT / language / "lexicon.toml"
    words = tomllib.loads(path.read_text("utf-8"))["words"] if path.exists() else {}
    return dict(sorted(words.items(), key=lambda item: -len(item[0])))


def spoken(text, carrier, words):
    """What the engine is given: the text in its carrier, odd words as phonemes."""
    said = carrier.replace("{}", text) if carrier else text
    if not words:
        return said
    pattern = r"(?<![\w-])(" + "|".join(re.escape(w) for w in words) + r")(?![\w-])"
    lower = {word.lower(): phonemes for word, phonemes in words.items()}
    return re.sub(pattern, lambda m: f"[[{lower[m[0].lower()]}]]", said, flags=re.IGNORECASE)


def recipe(language, clip, entry):
    """What decides on the sound of a clip; `entry` names engine, voice and speed."""
    text, carrier = clip
    words = lexicon(language) if entry["engine"] == "espeak" else {}
    made_of = {
        "spoken": spoken(text, carrier, words),
        "engine": entry["engine"],
        "voice": entry["voice"],
        "speed": entry["speed"],
        "rendering": RENDERING,
    }
    digest = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
    return made_of["spoken"], digest


def manifest_path(language):
    return ROOT / language / "manifest.json"


def read_manifest(language):
    path = manifest_path(language)
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write_manifest(language, manifest):
    text = json.dumps(dict(sorted(manifest.items())), ensure_ascii=False, indent=1) + "\n"
    manifest_path(language).write_text(text, "utf-8")


def clip_path(language, clip):
    return ROOT / language / "clips" / f"{clip}.flac"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def whole(language, clip, entry):
    """Whether the file is the one that was rendered."""
    path = clip_path(language, clip)
    return path.exists() and sha256(path) == entry["sha256"]


# Sound


def run(command, **options):
    try:
        return subprocess.run(command, check=True, capture_output=True, timeout=60, **options)
    except FileNotFoundError as missing:
        raise Trouble(f"{missing.filename} is not installed") from missing
    except subprocess.CalledProcessError as failed:
        raise Trouble(f"{command[0]} failed: {failed.stderr.decode(errors='replace')}") from failed


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
        file.writeframes(array.array("h", samples).tobytes())
    return out.getvalue()


def window_levels(samples):
    """The RMS of each window, as a share of full scale."""
    size = RATE * WINDOW_MS // 1000
    levels = []
    for start in range(0, len(samples), size):
        window = samples[start : start + size]
        levels.append(math.sqrt(sum(s * s for s in window) / len(window)) / 32768)
    return levels


def decibels(level):
    return 20 * math.log10(level) if level > 0 else -120.0


def speech_level(levels):
    """The RMS over the windows that hold speech."""
    gate = max(levels) * 10 ** (GATE_DB / 20)
    loud = [level * level for level in levels if level >= gate]
    return math.sqrt(sum(loud) / len(loud))


def trimmed(samples, levels):
    limit = max(levels) * 10 ** (SILENCE_DB / 20)
    loud = [i for i, level in enumerate(levels) if level > limit]
    size, edge = RATE * WINDOW_MS // 1000, RATE * EDGE_MS // 1000
    start, end = loud[0] * size - edge, (loud[-1] + 1) * size + edge
    before, after = max(0, -start), max(0, end - len(samples))
    return [0] * before + list(samples[max(0, start) : end]) + [0] * after


def finished(samples):
    """Trimmed, at one loudness, without a click at either end."""
    levels = window_levels(samples)
    if not levels or max(levels) < 0.001:
        raise Trouble("the engine made silence")
    samples = trimmed(samples, levels)
    gain = 10 ** (LOUDNESS_DB / 20) / speech_level(levels)
    peak = max(abs(s) for s in samples) / 32768
    gain = min(gain, 10 ** (PEAK_DB / 20) / peak)
    fade = RATE * FADE_MS // 1000
    last = len(samples) - 1
    return [round(s * gain * min(1, i / fade, (last - i) / fade)) for i, s in enumerate(samples)]


def synthesise(options, clip, said, entry, folder):
    out = Path(folder) / "raw.wav"
    if entry["engine"] == "espeak":
        voice, speed = entry["voice"], str(entry["speed"])
        run(["espeak-ng", "-v", voice, "-s", speed, "-w", str(out), "--", said])
    else:
        values = {"text": said, "id": clip, "voice": entry["voice"], "out": str(out)}
        run([part.format(**values) for part in shlex.split(options.command)])
    resampled = Path(folder) / "16k.wav"
    form = ["-r", str(RATE), "-b", "16", "-c", "1", "-e", "signed-integer"]
    run(["sox", "-D", "-v", "0.9", str(out), *form, str(resampled)])
    return samples_of(resampled.read_bytes())


def decoded(path):
    return samples_of(run(["flac", "--decode", "--silent", "--stdout", str(path)]).stdout)


# The three commands


def stale(language, clips, manifest, options):
    """The clips to render: {id: manifest entry to be}."""
    voice, speed = ESPEAK.get(language, (language, 150))
    if options.engine == "command":
        speed = 0
    made_by = {
        "engine": options.engine,
        "voice": options.voice or voice,
        "speed": options.speed or speed,
    }
    wanted = {}
    for clip in options.only or clips:
        if clip not in clips:
            raise Trouble(f"{language}: there is no clip {clip}")
        before = manifest.get(clip, {})
        # A clip from another engine stays until its text changes or it is named.
        keeps_engine = before.get("engine", "espeak") != "espeak" and not options.only
        _, kept = recipe(language, clips[clip], before if keeps_engine else made_by)
        if before.get("recipe") == kept and whole(language, clip, before) and not options.force:
            continue
        said, digest = recipe(language, clips[clip], made_by)
        wanted[clip] = {"text": clips[clip][0], "spoken": said, **made_by, "recipe": digest}
    return wanted


def render(language, options):
    clips, manifest = catalogue(language), read_manifest(language)
    wanted = stale(language, clips, manifest, options)
    (ROOT / language / "clips").mkdir(exist_ok=True)
    for number, (clip, entry) in enumerate(wanted.items(), 1):
        show(f"{language}: {number} of {len(wanted)}  {clip}", last=number == len(wanted))
        with tempfile.TemporaryDirectory() as folder:
            try:
                samples = finished(synthesise(options, clip, entry["spoken"], entry, folder))
            except Trouble as trouble:
                raise Trouble(f"{language}: {clip}: {trouble}") from trouble
        path = clip_path(language, clip)
        flac = ["flac", "--best", "--silent", "--force", "--no-padding", "--no-seektable"]
        run([*flac, "-o", str(path), "-"], input=wav_of(samples))
        entry["ms"] = len(samples) * 1000 // RATE
        entry["sha256"] = sha256(path)
        manifest[clip] = entry
        if number % 20 == 0:
            write_manifest(language, manifest)
    remove_strays(language, clips, manifest)
    write_manifest(language, manifest)
    print(f"{language}: {len(wanted)} rendered, {len(clips) - len(wanted)} kept")


def show(progress, last):
    """One line that changes, on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{progress:60}", end="\n" if last else "", file=sys.stderr, flush=True)


def remove_strays(language, clips, manifest):
    for clip in [c for c in manifest if c not in clips]:
        del manifest[clip]
    for path in (ROOT / language / "clips").glob("*.flac"):
        if path.stem not in clips:
            path.unlink()


def check(language):
    """Everything that is not in step, as sentences."""
    clips, manifest = catalogue(language), read_manifest(language)
    for clip, text in clips.items():
        entry, path = manifest.get(clip), clip_path(language, clip)
        if entry is None:
            yield f"{clip} was never rendered"
        elif recipe(language, text, entry)[1] != entry["recipe"]:
            yield f"{clip} has another text or pronunciation now"
        elif not path.exists():
            yield f"{clip} has no file"
        elif not whole(language, clip, entry):
            yield f"{clip} is not the file that was rendered"
    yield from (f"{clip} is in the manifest only" for clip in manifest if clip not in clips)
    files = {path.stem for path in (ROOT / language / "clips").glob("*.flac")}
    yield from (f"{clip}.flac belongs to no clip" for clip in sorted(files - set(clips)))


def report(language):
    """Prints a line a clip; returns how many need a listener."""
    rows = []
    for clip, (text, _) in sorted(catalogue(language).items()):
        samples = decoded(clip_path(language, clip))
        levels = window_levels(samples)
        letters = max(4, sum(c.isalnum() for c in text))
        rows.append((clip, len(samples) * 1000 / RATE, letters, samples, levels))
    usual = statistics.median(ms / letters for _, ms, letters, _, _ in rows)
    doubtful = 0
    print(f"{language}: clip, ms, loudness dBFS, peak dBFS, remarks")
    for clip, ms, letters, samples, levels in rows:
        remarks = []
        loudness = decibels(speech_level(levels)) if max(levels) > 0 else -120.0
        peak = decibels(max(abs(s) for s in samples) / 32768)
        pace = ms / letters / usual
        if loudness < LOUDNESS_DB - 6:
            remarks.append("SILENT" if loudness < -60 else "quiet")
        if sum(abs(s) >= 32767 for s in samples) > 2:
            remarks.append("CLIPPED")
        if not 0.4 < pace < 2.5:
            remarks.append(f"LENGTH {pace:.1f} times the usual")
        doubtful += any(remark.isupper() or "LENGTH" in remark for remark in remarks)
        print(f"  {clip:24} {ms:6.0f} {loudness:7.1f} {peak:6.1f}  {', '.join(remarks)}")
    total = sum(ms for _, ms, _, _, _ in rows) / 1000
    print(f"{language}: {len(rows)} clips, {total:.0f} s, {doubtful} to be listened to")
    return doubtful


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", action="append", choices=languages(), help="default: all")
    parser.add_argument("--only", action="append", metavar="CLIP", help="only this clip")
    parser.add_argument("--engine", choices=["espeak", "command"], default="espeak")
    parser.add_argument("--command", help="the command line of the engine `command`")
    parser.add_argument("--voice", help="the voice, as the engine names it")
    parser.add_argument("--speed", type=int, help="words a minute (espeak)")
    parser.add_argument("--force", action="store_true", help="render what has not changed, too")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="compare, change nothing")
    what.add_argument("--report", action="store_true", help="measure every clip")
    options = parser.parse_args()
    if options.engine == "command" and not options.command:
        parser.error("--engine command needs --command")
    return options


def main():
    options = arguments()
    wanted = options.language or languages()
    if options.check:
        faults = [f"{language}: {fault}" for language in wanted for fault in check(language)]
        print("\n".join(faults) or f"prompts are in step: {', '.join(wanted)}")
        return bool(faults)
    if options.report:
        return sum([report(language) for language in wanted]) > 0
    for language in wanted:
        render(language, options)
    return False


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(f"\n{trouble}")
