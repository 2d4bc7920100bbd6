#!/usr/bin/env python3
"""The laws of the prompt scripts, as tests. Needs Python alone: no engine, model or audio tool."""

import math
import sys
import unittest
from unittest import mock

sys.dont_write_bytecode = True

import build_prompts
import prompt_report
import prompt_sound as sound
import prompt_voice as voice

LEXICON = {
    "voice": {"kokoro": "x", "kokoro-speed": 1.0, "espeak": "nl", "espeak-speed": 150},
    "words": {"voicemail": "vɔ͡ɪsmeːl", "één": "eːn"},
    "sounds": {"ɔ͡ɪ": "Y", "m(.)": "\\1m"},
}


def tone(frequency, seconds, level=0.25):
    turn = 2 * math.pi * frequency / sound.RATE
    return [round(32767 * level * math.sin(turn * i)) for i in range(int(seconds * sound.RATE))]


def silence(seconds):
    return [0] * int(seconds * sound.RATE)


def recipe(text, lexicon=LEXICON, carrier="{}"):
    maker = build_prompts.made_by("kokoro", lexicon, "nl")
    return build_prompts.recipe((text, carrier), maker, lexicon)


class Sound(unittest.TestCase):
    def test_a_finished_clip_has_little_silence_at_its_ends(self):
        made = sound.finished(silence(0.5) + tone(800, 1) + silence(0.7))
        self.assertAlmostEqual(len(made) / sound.RATE, 1.08, delta=0.02)

    def test_a_clip_begins_and_ends_without_a_click(self):
        hum = tone(50, 0.5, 0.0005)
        made = sound.finished([s + 30 for s in hum + tone(800, 1) + hum])
        self.assertEqual((made[0], made[-1]), (0, 0))

    def test_quiet_and_loud_speech_become_equally_loud(self):
        for level in (0.02, 0.2, 0.9):
            made = sound.finished(tone(800, 1, level))
            self.assertAlmostEqual(sound.loudness(made), sound.LOUDNESS_DB, delta=0.3)

    def test_what_a_line_does_not_carry_does_not_count_as_loud(self):
        carried, lost = sound.finished(tone(800, 1)), sound.finished(tone(120, 1))
        self.assertGreater(max(lost), 2 * max(carried))

    def test_no_sample_is_above_the_peak_however_sharp_the_sound(self):
        sharp = [s + 30000 * (i % 4000 == 0) for i, s in enumerate(tone(800, 1, 0.02))]
        made = sound.finished(sharp)
        self.assertLessEqual(max(map(abs, made)), 32768 * 10 ** (sound.PEAK_DB / 20) + 1)

    def test_a_tick_long_after_the_speech_is_left_out_and_a_consonant_is_not(self):
        speech, tick = tone(800, 1), tone(800, 0.02, 0.05)
        ticked = sound.finished(speech + silence(0.3) + tick + silence(0.1))
        self.assertAlmostEqual(len(ticked) / sound.RATE, 1.08, delta=0.02)
        consonant = sound.finished(speech + silence(0.08) + tick + silence(0.1))
        self.assertAlmostEqual(len(consonant) / sound.RATE, 1.18, delta=0.02)

    def test_silence_is_no_clip(self):
        with self.assertRaisesRegex(sound.Trouble, "silence"):
            sound.finished(silence(1))


class Voice(unittest.TestCase):
    def phonemes(self, text):
        with mock.patch.object(voice, "espeak_ipa", lambda words, _: f"<{words}>"):
            return voice.phonemes(text, LEXICON)

    def test_words_of_the_lexicon_go_in_between_what_espeak_says(self):
        self.assertEqual(self.phonemes("uw Voicemail is vol"), "<uw> vYsemːl <is vol>")

    def test_a_word_inside_another_is_not_replaced(self):
        self.assertEqual(self.phonemes("voicemailbox"), "<voiceamilbox>")
        self.assertEqual(self.phonemes("mijnvoicemail"), "<imjnvoiceamil>")

    def test_marks_stay_where_they_are(self):
        self.assertEqual(self.phonemes("één, twee."), "eːn, <twee>.")


class Recipes(unittest.TestCase):
    def test_a_word_of_the_lexicon_concerns_the_clips_that_say_it(self):
        other = LEXICON | {"words": LEXICON["words"] | {"voicemail": "other"}}
        self.assertEqual(recipe("één"), recipe("één", other))
        self.assertNotEqual(recipe("Voicemail."), recipe("Voicemail.", other))
        self.assertNotEqual(recipe("één", carrier="{}."), recipe("één"))

    def test_a_clip_is_kept_while_its_phonemes_and_its_voice_are_the_same(self):
        before = {"spoken": "eːn", "engine": "kokoro", "voice": "x", "recipe": "old"}
        self.assertTrue(build_prompts.sounds_alike(before | {"recipe": "new"}, before))
        for change in ({"spoken": "en"}, {"voice": "y"}, {"speed": 2}, {"rendering": 9}):
            self.assertFalse(build_prompts.sounds_alike(before | change, before), change)

    def test_a_text_without_a_mark_keeps_the_voice_up(self):
        self.assertEqual(build_prompts.carrier_of("U heeft"), "{},")
        self.assertEqual(build_prompts.carrier_of("Tot ziens."), "{}")


class Report(unittest.TestCase):
    def found(self, samples, ms, spoken="abcdefgh"):
        usual = lambda count: 100.0 * count
        return list(prompt_report.remarks({"spoken": spoken, "ms": ms}, samples, usual))

    def test_a_good_clip_has_no_remark(self):
        self.assertEqual(self.found(sound.finished(tone(800, 0.8)), 800), [])

    def test_silence_clipping_and_a_clip_cut_short_are_found(self):
        self.assertEqual(self.found(silence(0.8), 800), ["SILENT"])
        self.assertIn("QUIET", self.found(tone(800, 0.8, 0.01), 800))
        self.assertIn("CLIPPED", self.found([32767, -32767, 0] * 4000, 800))
        self.assertIn("LENGTH", self.found(tone(800, 0.4), 400)[-1])

    def test_a_mishearing_counts_letters_and_not_marks(self):
        self.assertEqual(prompt_report.misheard("Tot ziens.", "tot ziens"), 0)
        self.assertAlmostEqual(prompt_report.misheard("negen", "zegen"), 0.2)
        self.assertEqual(prompt_report.misheard("acht", ""), 1)

    def test_clips_heard_in_a_row_are_judged_one_by_one(self):
        clips = {name: (name, ()) for name in ("zeven", "acht", "negen")}
        found = prompt_report.compared(clips, "zeven, nacht. Regen")
        self.assertEqual([heard for _, heard in found.values()], ["zevenn", "acht", "regen"])
        self.assertEqual([round(5 * error) for error, _ in found.values()], [1, 0, 1])

    def test_a_row_of_clips_fits_into_one_hearing(self):
        clips = {str(n): ("x", silence(10)) for n in range(5)}
        rows = [list(row) for row in prompt_report.batches(clips)]
        self.assertEqual(rows, [["0", "1"], ["2", "3"], ["4"]])


if __name__ == "__main__":
    unittest.main()
