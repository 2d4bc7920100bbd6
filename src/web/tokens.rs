//! Who may use the interface: the token file.
//!
//! In: a file of lines `NAME TOKEN` or `NAME TOKEN TENANT`, blank lines and lines that begin with
//! `#`. Out: whose token it is. Laws: a token is compared by its SHA-256, with all tokens, in the
//! same time whichever fits; a file that changed is read anew before the next question; a file that
//! cannot be read lets nobody in; the log has names, never tokens.
//! Specs: RFC 6750 section 2.1 (the form of a token).

use crate::base::TenantId;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tracing::{error, info, warn};

/// The shortest token, in characters: 128 bits where they are hexadecimal.
pub const TOKEN_MIN: usize = 32;

/// The longest token, in characters.
const TOKEN_MAX: usize = 512;

/// The longest name of an operator, in characters.
const NAME_MAX: usize = 40;

/// The most tokens of a file.
const TOKENS_MAX: usize = 1_000;

/// The most octets of a file.
const FILE_MAX: u64 = 1_000_000;

/// Somebody with a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Operator {
    /// The name, for the log and the notes of versions.
    pub(super) name: String,
    /// Whose sets only; `None` is all sets.
    pub(super) tenant: Option<TenantId>,
}

/// Why a token file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// It cannot be read.
    #[error("the token file {} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A line of it is wrong.
    #[error("line {line} of the token file {}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: LineFault,
    },
}

/// What is wrong with a line of a token file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// Too few or too many words.
    #[error("wanted NAME TOKEN, or NAME TOKEN TENANT")]
    Words,
    /// The name.
    #[error("a name has 1 to {NAME_MAX} letters, figures, hyphens, dots or @")]
    Name,
    /// The token.
    #[error(
        "a token has {TOKEN_MIN} to {TOKEN_MAX} letters, figures or - . _ ~ + / =; \
         openssl rand -hex 32 makes one"
    )]
    Token,
    /// The tenant.
    #[error("a tenant is named by small letters, figures and hyphens")]
    Tenant,
    /// A token that stands there already.
    #[error("the token of another line")]
    Again,
    /// One line too many.
    #[error("more than {TOKENS_MAX} tokens")]
    TooMany,
}

/// The tokens of one file.
pub(super) struct Tokens {
    path: PathBuf,
    loaded: Mutex<Loaded>,
}

/// What was read, and what the file looked like then.
struct Loaded {
    stamp: Option<Stamp>,
    entries: Vec<Entry>,
}

/// By what a changed file is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    octets: u64,
    changed: (i64, i64),
    modified: (i64, i64),
}

struct Entry {
    digest: [u8; 32],
    operator: Operator,
}

impl Tokens {
    /// Reads the file. A line that is wrong is a fault now; later, when the server runs, it is
    /// logged and the others count.
    pub(super) fn open(path: PathBuf) -> Result<Tokens, TokenFault> {
        let read = read(&path).map_err(|error| TokenFault::Unreadable {
            path: path.clone(),
            error,
        });
        let (text, stamp) = read?;
        let (entries, faults) = parse(&text);
        if let Some(&(line, what)) = faults.first() {
            return Err(TokenFault::Line { path, line, what });
        }
        let stamp = Some(stamp);
        let loaded = Mutex::new(Loaded { stamp, entries });
        Ok(Tokens { path, loaded })
    }

    /// Whose token this is.
    pub(super) fn whose(&self, token: &str) -> Option<Operator> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        self.renew(&mut loaded);
        find(&loaded.entries, token).cloned()
    }

    /// Reads the file again where it changed.
    fn renew(&self, loaded: &mut Loaded) {
        let seen = fs::metadata(&self.path).map(|m| Stamp::of(&m)).ok();
        if seen.is_some() && seen == loaded.stamp {
            return;
        }
        let told = loaded.stamp.is_none();
        let path = self.path.display();
        match read(&self.path) {
            Ok((text, stamp)) => {
                let (entries, faults) = parse(&text);
                for (line, what) in faults {
                    error!(%path, line, "a token is not used: {what}");
                }
                info!(%path, tokens = entries.len(), "the token file is read");
                let stamp = Some(stamp);
                *loaded = Loaded { stamp, entries };
            }
            Err(error) => {
                if !told {
                    error!(%path, %error, "the token file cannot be read; nobody gets in");
                }
                loaded.stamp = None;
                loaded.entries.clear();
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            inode: metadata.ino(),
            octets: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

fn read(path: &Path) -> io::Result<(String, Stamp)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.mode() & 0o077 != 0 {
        let path = path.display();
        warn!(%path, "others on this machine may read the token file; chmod 600 keeps them out");
    }
    if metadata.len() > FILE_MAX {
        return Err(io::Error::other(format!("larger than {FILE_MAX} octets")));
    }
    let mut text = String::new();
    file.take(FILE_MAX).read_to_string(&mut text)?;
    Ok((text, Stamp::of(&metadata)))
}

/// The tokens of a file, and its faults by line.
fn parse(text: &str) -> (Vec<Entry>, Vec<(usize, LineFault)>) {
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    let mut faults = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match entry(text) {
            Ok(_) if entries.len() == TOKENS_MAX => {
                faults.push((line, LineFault::TooMany));
                break;
            }
            Ok(entry) if seen.insert(entry.digest) => entries.push(entry),
            Ok(_) => faults.push((line, LineFault::Again)),
            Err(fault) => faults.push((line, fault)),
        }
    }
    (entries, faults)
}

fn entry(line: &str) -> Result<Entry, LineFault> {
    let mut words = line.split_ascii_whitespace();
    let (Some(name), Some(token)) = (words.next(), words.next()) else {
        return Err(LineFault::Words);
    };
    let tenant = words.next().map(TenantId::parse).transpose();
    if words.next().is_some() {
        return Err(LineFault::Words);
    }
    let of_name = |b: u8| b.is_ascii_alphanumeric() || b"-._@".contains(&b);
    if name.len() > NAME_MAX || !name.bytes().all(of_name) {
        return Err(LineFault::Name);
    }
    if !(TOKEN_MIN..=TOKEN_MAX).contains(&token.len()) || !is_token(token) {
        return Err(LineFault::Token);
    }
    Ok(Entry {
        digest: Sha256::digest(token.as_bytes()).into(),
        operator: Operator {
            name: name.to_owned(),
            tenant: tenant.map_err(|_| LineFault::Tenant)?,
        },
    })
}

/// Whether this is a `b64token`.
fn is_token(text: &str) -> bool {
    let of_token = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    text.bytes().all(of_token)
}

/// Looks at every token, so that the time says nothing of which one fits.
fn find<'a>(entries: &'a [Entry], token: &str) -> Option<&'a Operator> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let mut found = None;
    for entry in entries {
        let differing = entry.digest.iter().zip(digest).map(|(a, b)| a ^ b);
        if differing.fold(0, |all, bits| all | bits) == 0 {
            found = Some(&entry.operator);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_token_says_who_and_for_which_tenant() {
        let (_folder, path) = file(&format!("# comment\n\nanna {A}\nben {B} acme\n"));
        let tokens = Tokens::open(path).unwrap();
        let anna = tokens.whose(A).unwrap();
        assert_eq!((anna.name.as_str(), anna.tenant), ("anna", None));
        let ben = tokens.whose(B).unwrap();
        assert_eq!(ben.tenant, Some(TenantId::parse("acme").unwrap()));
        for wrong in ["", "a", &A[1..], &format!("{A}a"), "# comment"] {
            assert_eq!(tokens.whose(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_changed_file_counts_at_the_next_question() {
        let (_folder, path) = file(&format!("anna {A}\n"));
        let tokens = Tokens::open(path.clone()).unwrap();
        assert!(tokens.whose(A).is_some());
        let new = path.with_extension("new");
        fs::write(&new, format!("anna {B}\n")).unwrap();
        fs::rename(&new, &path).unwrap();
        assert_eq!(tokens.whose(A), None);
        assert!(tokens.whose(B).is_some());
    }

    #[test]
    fn a_file_that_is_gone_lets_nobody_in_until_it_is_back() {
        let text = format!("anna {A}\n");
        let (_folder, path) = file(&text);
        let tokens = Tokens::open(path.clone()).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(tokens.whose(A), None);
        fs::write(&path, text).unwrap();
        assert!(tokens.whose(A).is_some());
    }

    #[test]
    fn a_wrong_line_is_named_and_its_token_never_shown() {
        let cases = [
            ("anna", LineFault::Words),
            (&format!("anna {A} acme more"), LineFault::Words),
            ("anna short", LineFault::Token),
            (&format!("anna {}\u{e9}", &A[2..]), LineFault::Token),
            (&format!("an:na {A}"), LineFault::Name),
            (&format!("anna {A} Acme"), LineFault::Tenant),
            (&format!("ben {B}"), LineFault::Again),
        ];
        for (line, wanted) in cases {
            let (_folder, path) = file(&format!("anna {B}\n{line}\n"));
            let fault = Tokens::open(path).unwrap_err();
            assert!(!fault.to_string().contains(&A[2..]), "{fault}");
            let TokenFault::Line { line: at, what, .. } = fault else {
                panic!("{fault}");
            };
            assert_eq!((at, what), (2, wanted), "{line}");
        }
    }

    #[test]
    fn a_wrong_line_that_comes_later_costs_the_others_nothing() {
        let (_folder, path) = file(&format!("anna {A}\n"));
        let tokens = Tokens::open(path.clone()).unwrap();
        fs::write(&path, format!("ben short\nanna {A}\n")).unwrap();
        assert!(tokens.whose(A).is_some());
    }

    #[test]
    fn there_is_a_most_of_tokens() {
        let lines: String = (0..=TOKENS_MAX).map(|n| format!("n {n:032}\n")).collect();
        let (_folder, path) = file(&lines);
        let fault = Tokens::open(path).unwrap_err();
        assert!(fault.to_string().contains("line 1001"), "{fault}");
    }
}
