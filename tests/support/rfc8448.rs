//! Reads the traces of RFC 8448; `vectors/README.md` describes their form.

use std::fs;
use std::path::Path;

/// A trace: named values in the order of the RFC.
pub(crate) struct Trace {
    name: String,
    values: Vec<(String, Vec<u8>)>,
}

impl Trace {
    /// The trace in `vectors/rfc8448/{name}.txt`.
    pub(crate) fn load(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/rfc8448");
        let text = fs::read_to_string(path.join(name).with_extension("txt"))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let values = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .map(|line| {
                let (name, hex) = line.split_once(" =").unwrap_or_else(|| panic!("{line}"));
                (name.to_owned(), bytes(hex.trim_start()))
            })
            .collect();
        Self { name: name.to_owned(), values }
    }

    /// The name it was loaded by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Every name and value, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// The only value of this name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.iter().filter(|(other, _)| *other == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{}: {name} comes twice", self.name);
        value
    }

    /// The only value of this name.
    pub(crate) fn get(&self, name: &str) -> &[u8] {
        self.find(name).unwrap_or_else(|| panic!("{}: no {name}", self.name))
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "half a byte: {hex}");
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}
