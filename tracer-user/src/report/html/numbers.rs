//! Numbers and names as pictures need them.

/// A length in a picture; what is no number is 0.
pub fn px(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    match text.trim_end_matches('0').trim_end_matches('.') {
        "" | "-0" => "0".to_owned(),
        short => short.to_owned(),
    }
}

/// `part` of `whole` in percent, 0 to 100.
pub fn percent_of(part: f64, whole: f64) -> String {
    let share = 100.0 * part / whole;
    px(if share.is_finite() {
        share.clamp(0.0, 100.0)
    } else {
        0.0
    })
}

/// The beginning of a text of more than so many characters.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_numbers_always() {
        let texts = [1.0, 0.125, -0.0, f64::NAN, f64::INFINITY, 1e-9].map(px);
        assert_eq!(texts, ["1", "0.12", "0", "0", "0", "0"]);
        assert_eq!(percent_of(1.0, 0.0), "0");
        assert_eq!(percent_of(3.0, 2.0), "100");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüß", 3), "äöü...");
    }
}
