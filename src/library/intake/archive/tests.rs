//! Archives of every hostile kind, and of the usual ones.

use super::super::{Gathered, MAX_FILE, Origin};
use super::*;
use proptest::prelude::*;
use std::io::{Cursor, Write};
use tempfile::tempdir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// An archive of these files, deflated.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    zip_with(files, SimpleFileOptions::default())
}

fn zip_with(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn read(archive: &[u8]) -> Result<Gathered, StudioFault> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("set.zip");
    std::fs::write(&path, archive).unwrap();
    gather(&path)?.finish(Origin::Zip("set.zip".into()), &path)
}

fn names(gathered: &Gathered) -> Vec<(&str, &str)> {
    gathered
        .files
        .iter()
        .map(|file| (file.clip.as_str(), file.parts[0].name.as_str()))
        .collect()
}

/// The one finding, or the refusal, in words.
fn told(archive: &[u8]) -> String {
    match read(archive) {
        Ok(gathered) => {
            assert_eq!(gathered.findings.len(), 1, "{:?}", gathered.findings);
            gathered.findings[0].to_string()
        }
        Err(fault) => fault.to_string(),
    }
}

/// Replaces octets everywhere; both are of one length, so that no offset moves.
fn replaced(mut archive: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut hits = 0;
    for at in 0..=archive.len() - from.len() {
        if archive[at..].starts_with(from) {
            archive[at..at + to.len()].copy_from_slice(to);
            hits += 1;
        }
    }
    assert!(hits > 0, "nothing to replace");
    archive
}

/// Changes octets of every directory header (`PK\x01\x02`) at an offset.
fn in_directory(mut archive: Vec<u8>, offset: usize, to: &[u8]) -> Vec<u8> {
    for at in 0..archive.len() - 46 {
        if archive[at..].starts_with(b"PK\x01\x02") {
            archive[at + offset..at + offset + to.len()].copy_from_slice(to);
        }
    }
    archive
}

#[test]
fn an_archive_is_read_like_its_folder() {
    let gathered = read(&zip(&[
        ("catalogue.toml", b"parent = \"nl\"\n"),
        ("clips/", b""),
        ("clips/goodbye.wav", b"one"),
        ("./you-have.mp3", b"two"),
    ]))
    .unwrap();
    assert_eq!(
        names(&gathered),
        [
            ("goodbye", "clips/goodbye.wav"),
            ("you-have", "you-have.mp3")
        ]
    );
    assert_eq!(gathered.files[0].parts[0].bytes, b"one");
    assert_eq!(gathered.parent.unwrap().to_string(), "nl");
    assert_eq!(gathered.findings, []);
}

#[test]
fn the_one_folder_of_an_archive_and_what_file_managers_leave_are_no_matter() {
    let gathered = read(&zip(&[
        ("My voice/", b""),
        ("My voice/goodbye.wav", b"one"),
        ("My voice/clips/and.wav", b"two"),
        ("My voice/.DS_Store", b"x"),
        ("__MACOSX/My voice/._goodbye.wav", b"x"),
    ]))
    .unwrap();
    assert_eq!(
        names(&gathered),
        [("and", "clips/and.wav"), ("goodbye", "goodbye.wav")]
    );
    assert_eq!(gathered.findings, []);
    let clips_alone = read(&zip(&[("clips/goodbye.wav", b"one")])).unwrap();
    assert_eq!(names(&clips_alone), [("goodbye", "clips/goodbye.wav")]);
}

#[test]
fn names_that_lead_elsewhere_are_refused_with_the_whole_archive() {
    let good = || zip(&[("goodbye.wav", b"one"), ("x/evil.wav!", b"two")]);
    for (name, why) in [
        ("../evil.wav", "leads out of its folder"),
        ("x/../../evl", "leads out of its folder"),
        ("/x/evil.wav", "begins at the root"),
        ("C:/evil.wav", "colon"),
        ("x\\evil.wav!", "backslash"),
        ("..\\evil.wav", "backslash"),
        ("x/evil\0.wav", "control"),
        ("x/\x1b[2Jwav!", "control"),
    ] {
        let padded = format!("{name:!<11}");
        let archive = replaced(good(), b"x/evil.wav!", &padded.as_bytes()[..11]);
        let told = told(&archive);
        assert!(
            told.starts_with("the upload cannot be used: set.zip: the name of"),
            "{told}"
        );
        assert!(told.contains(why), "{name:?}: {told}");
        assert!(!told.contains('\u{1b}') && !told.contains('\0'), "{told:?}");
    }
    let long = "x".repeat(MAX_NAME) + ".wav";
    assert!(told(&zip(&[(&long, b"x")])).contains("too long"));
}

#[test]
fn links_are_told_and_not_read() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer
        .add_symlink("goodbye.wav", "/etc/passwd", options)
        .unwrap();
    let archive = writer.finish().unwrap().into_inner();
    assert_eq!(
        told(&archive),
        "fault: goodbye: goodbye.wav: it is a link, and links are not followed; \
         pack the file itself"
    );
    // A pipe, a socket, devices.
    for kind in [0o010_000_u32, 0o140_000, 0o020_000, 0o060_000] {
        let mode = ((kind | 0o644) << 16).to_le_bytes();
        let archive = in_directory(zip(&[("goodbye.wav", b"one")]), 38, &mode);
        assert!(told(&archive).contains("no plain file"), "{kind:o}");
    }
}

#[test]
fn encrypted_and_strangely_packed_entries_are_told_and_not_read() {
    let archive = in_directory(zip(&[("goodbye.wav", b"one")]), 8, &[1, 0]);
    assert_eq!(
        told(&archive),
        "fault: goodbye: goodbye.wav: it is encrypted; pack it without a password"
    );
    for method in [1_u16, 9, 12, 14, 93, 95, 98, 99, 0x7777] {
        let archive = in_directory(zip(&[("goodbye.wav", b"one")]), 10, &method.to_le_bytes());
        assert!(told(&archive).contains("packed in a way"), "{method}");
    }
    // Of what nobody would hear only a note is made.
    let archive = in_directory(
        zip(&[("catalogue.toml", b"x"), ("notes.txt", b"one")]),
        8,
        &[1, 0],
    );
    let findings = read(&archive).unwrap().findings;
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn a_bomb_is_refused_while_it_unpacks() {
    let zeros = vec![0; 8 << 20];
    let archive = zip(&[("goodbye.wav", &zeros)]);
    assert!(archive.len() < 20_000);
    let told = told(&archive);
    assert!(told.contains("more than 100 times its size"), "{told}");
    // Nor does it help to lie about the size: the reader stops at what was declared.
    let archive = in_directory(archive, 24, &100_u32.to_le_bytes());
    let findings = read(&archive).unwrap().findings;
    assert!(findings[0].what.contains("damaged"), "{findings:?}");
}

#[test]
fn silence_within_the_free_size_is_no_bomb() {
    let quiet = vec![0; FREE as usize];
    assert_eq!(
        read(&zip(&[("goodbye.wav", &quiet)])).unwrap().files.len(),
        1
    );
}

#[test]
fn a_file_beyond_the_bound_is_a_fault_and_the_others_are_read() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let long = vec![7; MAX_FILE as usize + 1];
    let archive = zip_with(&[("goodbye.wav", &long), ("and.wav", b"one")], stored);
    let gathered = read(&archive).unwrap();
    assert_eq!(names(&gathered), [("and", "and.wav")]);
    assert!(gathered.findings[0].what.contains("more than 32 MiB"));
}

#[test]
fn an_archive_that_is_too_large_itself_is_refused() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("set.zip");
    File::create(&path).unwrap().set_len(MAX_TOTAL + 1).unwrap();
    let told = gather(&path).unwrap_err().to_string();
    assert!(told.contains("more than 400 MiB"), "{told}");
}

#[test]
fn an_archive_of_too_many_entries_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..=MAX_ENTRIES {
        writer
            .start_file(format!("{n}.txt"), SimpleFileOptions::default())
            .unwrap();
    }
    let told = told(&writer.finish().unwrap().into_inner());
    assert!(told.contains("more than 5000 files"), "{told}");
}

#[test]
fn a_directory_beyond_its_budget_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..30_000 {
        let name = format!("{n:0>150}.txt");
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
    }
    let told = told(&writer.finish().unwrap().into_inner());
    assert!(told.contains("directory is too large"), "{told}");
}

#[test]
fn two_entries_of_one_name_are_refused_and_two_files_of_one_clip_told() {
    let archive = zip(&[("goodbye.wav", b"one"), ("goodbye.wbv", b"two")]);
    let archive = replaced(archive, b"goodbye.wbv", b"goodbye.wav");
    assert!(told(&archive).contains("two of its entries have the same name"));
    let archive = zip(&[("goodbye.wav", b"one"), ("./goodbye.mp3", b"two")]);
    assert!(told(&archive).contains("is a file for this clip too"));
}

#[test]
fn entries_that_share_octets_are_refused() {
    // The second entry of the directory is pointed at the octets of the first.
    let mut archive = zip(&[
        ("number-1.wav", b"one one one"),
        ("number-2.wav", b"two two"),
    ]);
    let second = archive
        .windows(4)
        .rposition(|window| window == b"PK\x01\x02")
        .unwrap();
    archive[second + 42..second + 46].copy_from_slice(&[0; 4]);
    let told = told(&archive);
    assert!(told.contains("share octets"), "{told}");
}

#[test]
fn a_zip64_archive_is_refused() {
    let mut archive = zip(&[("goodbye.wav", b"one")]);
    let end = archive.len() - 22;
    let locator = [b"PK\x06\x07".as_slice(), &[0; 16]].concat();
    archive.splice(end..end, locator);
    assert!(told(&archive).contains("Zip64"));
}

#[test]
fn a_damaged_entry_is_told_and_the_others_are_read() {
    let text: Vec<u8> = (0..4_000_u32).flat_map(u32::to_le_bytes).collect();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut archive = zip_with(&[("goodbye.wav", &text), ("and.wav", b"two")], stored);
    archive[1_000] ^= 1;
    let gathered = read(&archive).unwrap();
    assert_eq!(names(&gathered), [("and", "and.wav")]);
    assert!(gathered.findings[0].what.contains("damaged in the archive"));
}

#[test]
fn what_is_no_archive_is_refused_with_a_sentence() {
    let zeros = vec![0; 100_000];
    for bytes in [&b""[..], b"PK", b"RIFF....WAVE", &zeros] {
        let told = told(bytes);
        assert!(told.contains("set.zip: it is no zip archive"), "{told}");
    }
    let folder = tempdir().unwrap();
    let told = gather(folder.path()).err().unwrap().to_string();
    assert!(told.contains("not a plain file"), "{told}");
    let told = gather(&folder.path().join("none"))
        .err()
        .unwrap()
        .to_string();
    assert!(told.contains("No such file"), "{told}");
}

/// What was taken keeps within every bound.
fn check(archive: &[u8]) {
    let Ok(gathered) = read(archive) else { return };
    assert!(gathered.files.len() + gathered.findings.len() <= 2 * MAX_ENTRIES);
    let octets: usize = gathered
        .files
        .iter()
        .flat_map(|file| &file.parts)
        .map(|part| part.bytes.len())
        .sum();
    assert!(octets as u64 <= MAX_TOTAL);
}

/// A small archive of several kinds of entries.
fn sample() -> Vec<u8> {
    zip(&[
        ("set/catalogue.toml", b"parent = \"nl\"\n"),
        ("set/clips/", b""),
        ("set/clips/goodbye.wav", &[5; 300]),
        ("set/clips/and.flac", b"fLaC"),
        ("set/readme.txt", b"hello"),
    ])
}

proptest! {
    #[test]
    fn random_octets_harm_nothing(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check(&bytes);
        check(&[sample().as_slice(), &bytes].concat());
        check(&[bytes.as_slice(), &sample()].concat());
    }

    #[test]
    fn changed_archives_harm_nothing(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut archive = sample();
        for (at, octet) in changes {
            let at = at.index(archive.len());
            archive[at] = octet;
        }
        if !whole {
            archive.truncate(cut.index(archive.len()));
        }
        check(&archive);
    }

    #[test]
    fn sizes_and_offsets_that_lie_harm_nothing(
        field in prop::sample::select(vec![(20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4)]),
        value in any::<u32>(),
    ) {
        let octets = value.to_le_bytes();
        check(&in_directory(sample(), field.0, &octets[..field.1]));
    }
}
