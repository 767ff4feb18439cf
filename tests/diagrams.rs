//! The diagrams in the documents are the tables.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::handshake::closure::CLOSURE;
use countersign::handshake::machine::{Edge, to_mermaid};
use countersign::handshake::{CLIENT, SERVER};

const TABLES: &[(&str, &[Edge])] = &[("client", CLIENT), ("server", SERVER), ("closure", CLOSURE)];

const END: &str = "<!-- /diagram -->";

/// What stands between the markers of a table.
fn diagram(table: &[Edge]) -> String {
    format!("\n```mermaid\n{}```\n", to_mermaid(table))
}

/// Every Markdown file of the root and of `docs/`.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directories = [root.to_path_buf(), root.join("docs")];
    let entries = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The diagrams in a text, by the name of their table.
fn embedded(text: &str) -> Vec<(&str, &str)> {
    let parts = text.split("<!-- diagram: ").skip(1);
    let ends = parts.map(|part| part.split_once(END).expect("the end of a diagram").0);
    ends.map(|part| part.split_once(" -->").expect("the name of a table")).collect()
}

#[test]
fn every_diagram_in_a_document_is_its_table() {
    for document in documents() {
        for (name, found) in embedded(&fs::read_to_string(&document).unwrap()) {
            let table = TABLES.iter().find(|(table, _)| *table == name);
            let (_, table) = table.unwrap_or_else(|| panic!("no table is called {name}"));
            let wanted = diagram(table);
            assert!(
                found == wanted,
                "{} shows another {name}; it should be:\n{wanted}",
                document.display()
            );
        }
    }
}

#[test]
fn readme_and_architecture_show_every_table() {
    for text in [include_str!("../README.md"), include_str!("../docs/architecture.md")] {
        let names: Vec<&str> = embedded(text).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, TABLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }
}
