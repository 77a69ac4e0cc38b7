//! Asks at a terminal, and doesn't show a secret while it is typed.

use std::fmt;
use std::io::{self, BufRead, IsTerminal as _, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Whoever sits there.
pub(super) struct Terminal {
    answers: Box<dyn BufRead + Send>,
    questions: Box<dyn Write + Send>,
    /// Whether what is typed shows, and may be hidden.
    is_shown: bool,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

/// Hides what is typed, until it is dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _as_well_as_can_be = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
    }
}

impl Terminal {
    /// Whoever started this process.
    pub(super) fn of_process() -> Self {
        Self {
            is_shown: io::stdin().is_terminal(),
            answers: Box::new(io::BufReader::new(io::stdin())),
            questions: Box::new(io::stderr()),
        }
    }

    pub(super) fn say(&mut self, line: &str) {
        // Who doesn't read us has nothing to answer either.
        let _unheard = writeln!(self.questions, "{line}");
    }

    /// Returns an answer, or nothing if it was empty.
    pub(super) fn ask(&mut self, question: &str, is_secret: bool) -> io::Result<Option<String>> {
        write!(self.questions, "{question}: ")?;
        self.questions.flush()?;
        let hidden = (is_secret && self.is_shown).then(Hidden::begin).flatten();
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        if hidden.is_some() || !self.is_shown {
            // The end of the line didn't show either.
            writeln!(self.questions)?;
        }
        drop(hidden);
        read?;
        let answer = line.trim();
        Ok((!answer.is_empty()).then(|| answer.to_owned()))
    }
}
