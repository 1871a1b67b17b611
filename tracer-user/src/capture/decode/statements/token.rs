//! Tokens of a statement, put together to its text.

/// One token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// A blank stands before it.
    blank: bool,
    pub(super) kind: Kind,
}

/// Blanks make no difference.
impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A constant, or several in a list.
    Constant,
    /// A word or a quoted name.
    Name(String),
    /// Anything else, one byte.
    Sign(u8),
}

/// Constants that are words.
const LITERALS: [&str; 3] = ["null", "true", "false"];

/// A sign after one of these words belongs to the number behind it.
const BEFORE_A_VALUE: [&str; 20] = [
    "select",
    "then",
    "else",
    "when",
    "case",
    "limit",
    "offset",
    "values",
    "return",
    "returning",
    "in",
    "and",
    "or",
    "not",
    "between",
    "by",
    "like",
    "where",
    "on",
    "having",
];

/// The tokens so far; lists of constants are one, and groups alike that follow one another are one.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    list: Vec<Token>,
    blank: bool,
}

impl Tokens {
    /// A blank comes next.
    pub(super) fn blank(&mut self) {
        self.blank = true;
    }

    /// The last one is a name, and nothing stands behind it.
    pub(super) fn ends_with_name(&self) -> bool {
        !self.blank && matches!(self.kind(1), Some(Kind::Name(_)))
    }

    /// Adds one.
    pub(super) fn push(&mut self, mut kind: Kind) {
        if self.is_literal(&kind) {
            kind = Kind::Constant;
        }
        let mut blank = std::mem::take(&mut self.blank);
        if kind == Kind::Constant {
            if let Some(signed) = self.drop_signs() {
                blank = signed;
            }
            match (self.kind(2), self.kind(1)) {
                (Some(Kind::Constant), Some(Kind::Sign(b','))) => {
                    self.list.pop();
                    return;
                }
                (_, Some(Kind::Constant)) => return,
                _ => {}
            }
        }
        let closes = kind == Kind::Sign(b')');
        self.list.push(Token { blank, kind });
        if closes {
            self.drop_repeated_group(false);
        }
    }

    /// `NULL`, `TRUE` or `FALSE` where a value stands: it changes from one run of a statement to the next.
    fn is_literal(&self, kind: &Kind) -> bool {
        let Kind::Name(name) = kind else {
            return false;
        };
        matches!(self.kind(1), Some(Kind::Sign(b',' | b'(' | b'=')))
            && LITERALS.iter().any(|word| word.eq_ignore_ascii_case(name))
    }

    /// The kind of the token so far from the end, 1 the last.
    fn kind(&self, from_end: usize) -> Option<&Kind> {
        let at = self.list.len().checked_sub(from_end)?;
        Some(&self.list.get(at)?.kind)
    }

    /// Drops signs that belong to the number to come; whether a blank stood before the first.
    fn drop_signs(&mut self) -> Option<bool> {
        let mut blank = None;
        while matches!(self.kind(1), Some(Kind::Sign(b'-' | b'+'))) && !self.is_value(2) {
            blank = self.list.pop().map(|token| token.blank);
        }
        blank
    }

    /// The token so far from the end is, or ends, something that can be added to.
    fn is_value(&self, from_end: usize) -> bool {
        match self.kind(from_end) {
            Some(Kind::Name(name)) => !BEFORE_A_VALUE
                .iter()
                .any(|word| word.eq_ignore_ascii_case(name)),
            Some(Kind::Constant | Kind::Sign(b')' | b']')) => true,
            Some(Kind::Sign(_)) | None => false,
        }
    }

    /// Of `(...), (...)` alike drops the second. With `cut` the second is one that is not complete.
    fn drop_repeated_group(&mut self, cut: bool) {
        let Some(second) = self.opening(self.list.len(), usize::from(cut)) else {
            return;
        };
        let ends_first = |at: usize, kind: &Kind| {
            second
                .checked_sub(at)
                .and_then(|at| self.list.get(at))
                .is_some_and(|token| token.kind == *kind)
        };
        if !ends_first(1, &Kind::Sign(b',')) || !ends_first(2, &Kind::Sign(b')')) {
            return;
        }
        let Some(first) = self.opening(second - 1, 0) else {
            return;
        };
        let (first, later) = (&self.list[first..second - 1], &self.list[second..]);
        if first == later || cut && first.starts_with(later) {
            self.list.truncate(second - 1);
        }
    }

    /// Where the bracket opens that the token before `end` closes; with `open` one the last of which nothing closes.
    fn opening(&self, end: usize, open: usize) -> Option<usize> {
        let mut depth = open;
        for at in (0..end).rev() {
            match self.list.get(at)?.kind {
                Kind::Sign(b')') => depth += 1,
                Kind::Sign(b'(') => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                _ if depth == 0 => return None,
                _ => {}
            }
        }
        None
    }

    /// The text; of one that is not `whole` without what hangs at its end.
    pub(super) fn into_text(mut self, whole: bool) -> String {
        let hangs = |kind: Option<&Kind>| match kind {
            Some(Kind::Sign(b';')) => true,
            Some(Kind::Sign(b',')) => !whole,
            _ => false,
        };
        while hangs(self.kind(1)) {
            self.list.pop();
        }
        if !whole {
            self.drop_repeated_group(true);
        }
        let mut text = String::new();
        for token in &self.list {
            if token.blank && !text.is_empty() {
                text.push(' ');
            }
            match &token.kind {
                Kind::Constant => text.push('?'),
                Kind::Name(name) => text.push_str(name),
                Kind::Sign(byte) => text.push(char::from(*byte)),
            }
        }
        text
    }
}
