//! Private values: numbers, names and keys that must not reach a log by accident.

use std::fmt;

/// A value that prints as `(private)` unless taken out on purpose with [`Pii::reveal`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Marks a value private.
    pub fn new(value: T) -> Pii<T> {
        Pii(value)
    }

    /// The value itself. Every use is a place that may show it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_value_does_not_print() {
        assert_eq!(
            format!("{0} {0:?}", Pii::new("4321")),
            "(private) (private)"
        );
    }
}
