//! The user's own words on what an item is and what stage a peer or file belongs to, checked before anything starts.

use crate::work::StageName;

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not one of the forms of an item.
    #[error(
        "is no rule for an item; say write:PEER, exchange:PEER, fsync:PATH, read:PATH or call:NAME (for example exchange:127.0.0.1:8123)"
    )]
    NoItem,
    /// Not one of the forms of a stage.
    #[error(
        "is no rule for a stage; say STAGE:PEER or STAGE:PATH with fetch, transform, write or other (for example write:127.0.0.1:8123)"
    )]
    NoStage,
}

/// Checks the form of `--item`.
///
/// # Errors
/// [`RuleError::NoItem`].
pub fn item(text: &str) -> Result<String, RuleError> {
    match text.split_once(':') {
        Some(("write" | "exchange" | "fsync" | "read" | "call", of)) if !of.is_empty() => {
            Ok(text.to_owned())
        }
        _ => Err(RuleError::NoItem),
    }
}

/// Checks the form of `--stage`.
///
/// # Errors
/// [`RuleError::NoStage`].
pub fn stage(text: &str) -> Result<String, RuleError> {
    match text.split_once(':') {
        Some((stage, of)) if StageName::called(stage).is_some() && !of.is_empty() => {
            Ok(text.to_owned())
        }
        _ => Err(RuleError::NoStage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert!(item("exchange:127.0.0.1:8123").is_ok());
        assert!(item("fsync:/data/a:b").is_ok());
        for wrong in ["", "write", "write:", "uprobe:x:y", "Write:x"] {
            assert_eq!(item(wrong), Err(RuleError::NoItem), "{wrong}");
        }
        assert!(item("read:/data/in").is_ok());
        for right in ["write:/data/x=y", "fetch:127.0.0.1:8080", "other:[::1]:80"] {
            assert!(stage(right).is_ok(), "{right}");
            // The analysis reads the same form.
            assert!(right.parse::<crate::work::UserRule>().is_ok(), "{right}");
        }
        for wrong in ["", "write", "write:", "save:x", "write=/data/x"] {
            assert_eq!(stage(wrong), Err(RuleError::NoStage), "{wrong}");
            assert!(wrong.parse::<crate::work::UserRule>().is_err(), "{wrong}");
        }
    }
}
