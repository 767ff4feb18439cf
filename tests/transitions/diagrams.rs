//! The diagrams of the README are the tables.

use countersign::handshake::closure::CLOSURE;
use countersign::handshake::machine::to_mermaid;
use countersign::handshake::{CLIENT, SERVER};

const README: &str = include_str!("../../README.md");

#[test]
fn diagrams_in_the_readme_equal_the_tables() {
    for (name, table) in [("client", CLIENT), ("server", SERVER), ("closure", CLOSURE)] {
        let (begin, end) = (format!("<!-- diagram: {name} -->\n"), "<!-- /diagram -->");
        let diagram = format!("```mermaid\n{}```\n", to_mermaid(table));
        let embedded =
            README.split_once(&begin).and_then(|(_, rest)| rest.split_once(end)).map(|(it, _)| it);
        assert_eq!(
            embedded,
            Some(diagram.as_str()),
            "README.md shows another table for {name}; between {begin} and {end} it needs:\n\n{diagram}"
        );
    }
}
