//! Breaks words into lines of a width.
//!
//! A line may end after a space, between two Chinese, Japanese or Korean
//! characters and after what was spelled out by its number. A word that is wider
//! than a line, such as an address, is broken where it has a sign, or anywhere.

use super::face::{Face, Run, is_combining, is_east_asian, printable, shape};

/// A colour, as red, green and blue.
pub(super) type Ink = (u8, u8, u8);

/// The colours of a paper. Each can be read in black and white, too.
pub(super) const DARK: Ink = (0x1d, 0x21, 0x26);
pub(super) const SOFT: Ink = (0x59, 0x61, 0x6b);
pub(super) const ALARM: Ink = (0xa8, 0x32, 0x0a);
pub(super) const GOOD: Ink = (0x1d, 0x6b, 0x3c);
pub(super) const LINK: Ink = (0x1a, 0x5f, 0xb4);

/// How words look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Style {
    pub(super) face: Face,
    pub(super) size: f32,
    pub(super) ink: Ink,
}

impl Style {
    pub(super) const BODY: Self = Self::new(Face::Regular, 9.5, DARK);
    pub(super) const STRONG: Self = Self::new(Face::Bold, 9.5, DARK);
    pub(super) const LABEL: Self = Self::new(Face::Regular, 9.5, SOFT);
    pub(super) const SMALL: Self = Self::new(Face::Regular, 8.0, SOFT);
    pub(super) const CODE: Self = Self::new(Face::Mono, 8.0, DARK);

    pub(super) const fn new(face: Face, size: f32, ink: Ink) -> Self {
        Self { face, size, ink }
    }

    pub(super) const fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    pub(super) const fn size(self, size: f32) -> Self {
        Self { size, ..self }
    }

    /// How far below each other lines of it stand.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.4
    }
}

/// Words in one style.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) words: String,
    pub(super) style: Style,
}

impl Span {
    pub(super) fn new(words: impl Into<String>, style: Style) -> Self {
        Self {
            words: words.into(),
            style,
        }
    }
}

/// A part of a line, in its place.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) x: f32,
    pub(super) run: Run,
    pub(super) style: Style,
}

/// A line of words.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) pieces: Vec<Piece>,
    pub(super) width: f32,
    pub(super) leading: f32,
}

/// What isn't broken, with the space after it.
struct Atom {
    words: String,
    space: String,
}

/// Breaks words into lines; each line of what was written begins one.
pub(super) fn lines(spans: &[Span], width: f32) -> Vec<Line> {
    let mut breaker = Breaker {
        width,
        done: Vec::new(),
        open: Line::default(),
        space: None,
    };
    for span in spans {
        for (n, line) in printable(&span.words).split('\n').enumerate() {
            if n > 0 {
                breaker.end_line();
            }
            breaker.open.leading = breaker.open.leading.max(span.style.leading());
            for atom in atoms(line) {
                breaker.take(&atom, span.style);
            }
        }
    }
    breaker.end_line();
    breaker.done
}

/// So many characters of a line are looked at, at most.
const LONGEST_LINE: usize = 400;

/// Returns words on one line, cut with an ellipsis where they are too wide.
pub(super) fn one_line(words: &str, style: Style, width: f32) -> Line {
    // No letter is so narrow that more of them would fit.
    let shown: String = words.chars().take(LONGEST_LINE).collect();
    let shown = printable(&shown).replace('\n', " ");
    let of = |words: &str| {
        let mut line = Line {
            leading: style.leading(),
            ..Line::default()
        };
        line.push(shape(words, style.face), style);
        line
    };
    let whole = of(&shown);
    if whole.width <= width {
        return whole;
    }
    // The most that fits, found by halving.
    let cut = |n: usize| {
        let kept: String = shown.chars().take(n).collect();
        of(&format!("{}…", kept.trim_end()))
    };
    let (mut fits, mut most) = (0, shown.chars().count());
    while fits < most {
        let middle = (fits + most).div_ceil(2);
        if cut(middle).width <= width {
            fits = middle;
        } else {
            most = middle - 1;
        }
    }
    cut(fits)
}

impl Line {
    fn push(&mut self, runs: Vec<Run>, style: Style) {
        for run in runs {
            let width = run.width * style.size;
            match self.pieces.last_mut() {
                Some(last) if last.style == style && last.run.face == run.face => {
                    last.run.append(run);
                }
                Some(_) | None => self.pieces.push(Piece {
                    x: self.width,
                    run,
                    style,
                }),
            }
            self.width += width;
        }
    }
}

struct Breaker {
    width: f32,
    done: Vec<Line>,
    open: Line,
    /// The space after the last word: it only counts if another follows.
    space: Option<(String, Style)>,
}

impl Breaker {
    fn end_line(&mut self) {
        self.space = None;
        let leading = self.open.leading;
        self.done.push(std::mem::take(&mut self.open));
        self.open.leading = leading;
    }

    fn take(&mut self, atom: &Atom, style: Style) {
        let runs = shape(&atom.words, style.face);
        let width = width_of(&runs, style);
        let space = self.space.take();
        let gap = space
            .as_ref()
            .map(|(space, style)| (shape(space, style.face), *style));
        let gap_width = gap
            .as_ref()
            .map_or(0.0, |(runs, style)| width_of(runs, *style));
        if self.open.width + gap_width + width <= self.width {
            if let Some((runs, style)) = gap {
                self.open.push(runs, style);
            }
            self.open.push(runs, style);
        } else {
            if !self.open.pieces.is_empty() {
                self.end_line();
            }
            self.open.leading = self.open.leading.max(style.leading());
            if width <= self.width {
                self.open.push(runs, style);
            } else {
                self.take_in_parts(&atom.words, style);
            }
        }
        if !atom.space.is_empty() {
            self.space = Some((atom.space.clone(), style));
        }
    }

    /// Breaks what is wider than a line, after a sign if one stands near its end.
    fn take_in_parts(&mut self, words: &str, style: Style) {
        let mut rest = words;
        while !rest.is_empty() {
            let mut fits = 0;
            let mut after_sign = None;
            let mut width = 0.0;
            for (at, letter) in rest.char_indices() {
                let end = at + letter.len_utf8();
                let letter_width = rest
                    .get(at..end)
                    .map_or(0.0, |one| width_of(&shape(one, style.face), style));
                if at > 0 && !is_combining(letter) && width + letter_width > self.width {
                    break;
                }
                width += letter_width;
                fits = end;
                if width > self.width * 0.6 && "/?&=-_.:,;+⟩".contains(letter) {
                    after_sign = Some(end);
                }
            }
            let end = if fits == rest.len() {
                fits
            } else {
                after_sign.unwrap_or(fits)
            };
            let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            self.open.push(shape(part, style.face), style);
            rest = after;
            if !rest.is_empty() {
                self.end_line();
                self.open.leading = style.leading();
            }
        }
    }
}

fn width_of(runs: &[Run], style: Style) -> f32 {
    runs.iter().map(|run| run.width).sum::<f32>() * style.size
}

/// Cuts a line into what may not be broken.
fn atoms(line: &str) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    let mut open = Atom {
        words: String::new(),
        space: String::new(),
    };
    let mut last: Option<char> = None;
    for letter in line.chars() {
        let begins = last.is_some_and(|last| may_break(last, letter));
        if begins && !(open.words.is_empty() && open.space.is_empty()) {
            atoms.push(std::mem::replace(
                &mut open,
                Atom {
                    words: String::new(),
                    space: String::new(),
                },
            ));
        }
        // Space at the beginning of a line is kept: it indents.
        if letter == ' ' && !(atoms.is_empty() && open.words.trim().is_empty()) {
            open.space.push(letter);
        } else {
            open.words.push(letter);
        }
        last = Some(letter);
    }
    atoms.push(open);
    atoms
}

/// Whether a line may end between two characters.
fn may_break(before: char, after: char) -> bool {
    if after == ' ' || is_combining(after) {
        return false;
    }
    // What closes a sentence doesn't begin a line.
    if "、。，．！？：；）」』】〉》".contains(after) || "（「『【〈《".contains(before)
    {
        return before == ' ';
    }
    before == ' ' || is_east_asian(before) || is_east_asian(after) || before == '⟩' || before == '—'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(words: &str, width: f32) -> Vec<String> {
        let lines = lines(&[Span::new(words, Style::BODY)], width);
        for line in &lines {
            assert!(line.width <= width + 0.01, "{line:?}");
        }
        let text = |line: &Line| {
            let pieces = line.pieces.iter().map(|piece| piece.run.text.as_str());
            pieces.collect::<String>()
        };
        lines.iter().map(text).collect()
    }

    #[test]
    fn a_line_ends_between_words() {
        assert_eq!(
            broken("Validated rule blocks attack pattern", 90.0),
            ["Validated rule", "blocks attack", "pattern"]
        );
    }

    #[test]
    fn nothing_that_was_written_is_lost_however_narrow_the_column_is() {
        for words in [
            "https://example.com/a/very/long/address?with=many&parts=of-it#and_no_space_at_all",
            "注入攻撃を遮断する規則を配備した。偽陽性はない。",
            "e\u{301}\u{302}\u{303}".repeat(30).as_str(),
            "🔥🔥🔥 and שלום",
            "  indented  twice",
            "a\n\nb",
        ] {
            for width in [30.0, 60.0, 120.0, 500.0] {
                let squeezed = |words: &str| words.replace([' ', '\n'], "");
                let shown = broken(words, width).concat();
                assert_eq!(squeezed(&shown), squeezed(&printable(words)));
            }
        }
    }

    #[test]
    fn each_line_that_was_written_begins_one_and_an_empty_one_stays() {
        assert_eq!(broken("a\n\n  b", 500.0), ["a", "", "  b"]);
    }

    #[test]
    fn chinese_and_japanese_are_broken_anywhere_but_before_a_full_stop() {
        let lines = broken("注入攻撃を遮断する。注入攻撃を遮断する。", 40.0);
        assert!(lines.len() > 3, "{lines:?}");
        assert!(
            lines.iter().all(|line| !line.starts_with('。')),
            "{lines:?}"
        );
    }

    #[test]
    fn an_address_breaks_after_a_sign() {
        let lines = broken("https://example.com/incidents/2026/auth-outage", 110.0);
        assert!(lines.len() > 1);
        let broken_after = |line: &String| line.ends_with(['/', '-', '.', ':']);
        assert!(lines.iter().rev().skip(1).all(broken_after), "{lines:?}");
    }

    #[test]
    fn what_is_cut_to_one_line_says_so() {
        let line = one_line(&"words ".repeat(50), Style::SMALL, 100.0);
        assert!(line.width <= 100.0);
        assert!(line.pieces[0].run.text.ends_with('…'));
    }
}
