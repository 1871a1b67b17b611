//! docs/QUERIES.md: the recipes as they are printed there.

use std::collections::BTreeMap;

/// Recipes by their headings.
pub type Recipes = BTreeMap<String, String>;

/// All recipes of the page: of each section the statement in it.
pub fn recipes() -> Recipes {
    let page = include_str!("../../docs/QUERIES.md");
    let sections = page.split("\n## ").skip(1);
    let recipe = |section: &str| {
        let (heading, text) = section.split_once('\n')?;
        let (_, rest) = text.split_once("```sql\n")?;
        let (statement, _) = rest.split_once("\n```")?;
        Some((heading.to_owned(), statement.to_owned()))
    };
    sections.filter_map(recipe).collect()
}

/// A recipe without the limit on its rows, so that what it says can be summed.
pub fn unlimited(statement: &str) -> String {
    match statement.rsplit_once(" LIMIT ") {
        Some((whole, rows))
            if rows
                .trim_end_matches(';')
                .bytes()
                .all(|c| c.is_ascii_digit()) =>
        {
            whole.to_owned()
        }
        _ => statement.to_owned(),
    }
}

/// A recipe that no figure vouches for is none.
pub fn every_recipe_is_held_against_a_report() {
    let written: Vec<String> = recipes().into_keys().collect();
    let mut checked: Vec<String> = super::recipes::CHECKS
        .iter()
        .map(|check| check.recipe.to_owned())
        .collect();
    checked.sort();
    checked.dedup();
    assert!(written.len() >= 12, "{written:?}");
    assert_eq!(written, checked);
}
