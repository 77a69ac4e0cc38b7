//! A paper: what stands below each other on pages of A4, with a footer on each,
//! written as PDF/A.
//!
//! It is laid out first, so that each page can say how many there are, and then
//! written. The same content makes the same bytes; the only time inside is the one
//! that it is given.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime as PdfDateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};

use super::face::{Face, printable};
use super::line::{ALARM, DARK, GOOD, Ink, LINK, Line, SOFT, Span, Style, lines, one_line};
use super::{Imprint, PageFault};

/// A4, in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const LEFT: f32 = 54.0;
const RIGHT: f32 = 541.0;
const TOP: f32 = 56.0;
/// Where the words end and the footer begins.
const BOTTOM: f32 = 772.0;
/// How wide the column of words is.
pub(super) const COLUMN: f32 = RIGHT - LEFT;
/// How wide the labels beside values are.
const LABELS: f32 = 138.0;
/// The space between two columns.
const GAP: f32 = 10.0;
/// The space above and below the words of a row.
const PAD: f32 = 3.0;
/// How far the ground of a table stands out beyond its words.
const HANG: f32 = 4.0;
/// How much of a page a row may leave empty rather than be broken.
const WASTE: f32 = 160.0;

const HAIRLINE: Ink = (0xd9, 0xdd, 0xe2);
const HEAD: Ink = (0xf1, 0xf3, 0xf6);
const CALM: Ink = (0xf4, 0xf6, 0xf8);
const WARM: Ink = (0xfc, 0xef, 0xe8);
const FRESH: Ink = (0xe9, 0xf5, 0xed);

/// How a remark in a box is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It informs.
    Calm,
    /// Something isn't as it should be.
    Alarm,
    /// All is as it should be.
    Good,
}

/// What is drawn on a page.
enum Mark {
    Words {
        x: f32,
        y: f32,
        line: Line,
    },
    Box {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        ink: Ink,
    },
    Link {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        address: String,
    },
}

/// Who has a column of a table: its heading, and its share of the width.
pub(super) type Head = (&'static str, f32);

/// A cell of a table or the value of a row.
pub(super) type Cell = Vec<Span>;

/// A paper that is being laid out.
pub(super) struct Paper {
    title: String,
    /// What the footer calls it.
    name: String,
    pages: Vec<Vec<Mark>>,
    y: f32,
}

impl Paper {
    /// Begins a paper: what it is, and of what.
    pub(super) fn new(kind: &str, title: &str, subtitle: &str) -> Self {
        let mut paper = Self {
            title: printable(&format!("{title}: {kind}")).replace('\n', " "),
            name: match title.split_once(':') {
                Some((number, _)) => format!("{number} · {kind}"),
                None => title.to_owned(),
            },
            pages: vec![Vec::new()],
            y: TOP,
        };
        let kicker = Style::new(Face::Bold, 8.5, LINK);
        paper.words(&[Span::new(kind.to_uppercase(), kicker)]);
        paper.y += 2.0;
        paper.words(&[Span::new(title, Style::new(Face::Bold, 19.0, DARK))]);
        paper.y += 1.0;
        paper.words(&[Span::new(subtitle, Style::new(Face::Regular, 10.5, SOFT))]);
        paper.y += 8.0;
        paper
    }

    fn draw(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    fn turn(&mut self) {
        self.pages.push(Vec::new());
        self.y = TOP;
    }

    /// Begins a new page unless so much is left of this one.
    fn leave_room(&mut self, height: f32) {
        if self.y + height > BOTTOM && self.y > TOP {
            self.turn();
        }
    }

    /// Sets a line where the paper has come to.
    fn set(&mut self, x: f32, line: Line) {
        let leading = line.leading;
        let y = self.y;
        self.draw(Mark::Words { x, y, line });
        self.y += leading;
    }

    fn words(&mut self, spans: &[Span]) {
        for line in lines(spans, COLUMN) {
            self.leave_room(line.leading);
            self.set(LEFT, line);
        }
    }

    /// A heading, which stays with what follows.
    pub(super) fn section(&mut self, heading: &str) {
        if self.y > TOP {
            self.y += 14.0;
        }
        self.leave_room(64.0);
        self.words(&[Span::new(heading, Style::new(Face::Bold, 12.0, DARK))]);
        self.y += 3.0;
        self.rule(1.0, DARK);
        self.y += 2.0;
    }

    /// Words across the whole width.
    pub(super) fn paragraph(&mut self, spans: &[Span]) {
        self.y += 2.0;
        self.words(spans);
        self.y += 4.0;
    }

    /// Small words that explain what stands above or below.
    pub(super) fn remark(&mut self, words: &str) {
        self.paragraph(&[Span::new(words, Style::SMALL)]);
    }

    /// An item of a list.
    pub(super) fn item(&mut self, spans: &[Span]) {
        let indent = 12.0;
        let mut first = true;
        for line in lines(spans, COLUMN - indent) {
            self.leave_room(line.leading);
            if std::mem::take(&mut first) {
                let y = self.y;
                let line = one_line("•", Style::LABEL, indent);
                self.draw(Mark::Words {
                    x: LEFT + 2.0,
                    y,
                    line,
                });
            }
            self.set(LEFT + indent, line);
        }
        self.y += 2.0;
    }

    fn rule(&mut self, height: f32, ink: Ink) {
        let y = self.y;
        self.draw(Mark::Box {
            x: LEFT,
            y,
            width: COLUMN,
            height,
            ink,
        });
        self.y += height;
    }

    /// A heading within a section, which stays with what follows.
    pub(super) fn subheading(&mut self, spans: &[Span]) {
        self.y += 6.0;
        self.leave_room(56.0);
        self.words(spans);
        self.y += 3.0;
    }

    /// Words in a box, to be seen first.
    pub(super) fn boxed(&mut self, tone: Tone, spans: &[Span]) {
        let (ground, edge) = match tone {
            Tone::Calm => (CALM, SOFT),
            Tone::Alarm => (WARM, ALARM),
            Tone::Good => (FRESH, GOOD),
        };
        let inset = 10.0;
        self.y += 4.0;
        // A long one goes on in another box on the next page.
        let mut rest = lines(spans, COLUMN - 2.0 * inset);
        self.leave_room((total(&rest) + 12.0).min(WASTE));
        while !rest.is_empty() {
            let room = BOTTOM - self.y - 12.0;
            let mut height = 0.0;
            let n = rest.iter().take_while(|line| {
                height += line.leading;
                height <= room
            });
            let n = n.count().max(1);
            let later = rest.split_off(n.min(rest.len()));
            let (y, height) = (self.y, total(&rest) + 12.0);
            self.draw(Mark::Box {
                x: LEFT,
                y,
                width: COLUMN,
                height,
                ink: ground,
            });
            self.draw(Mark::Box {
                x: LEFT,
                y,
                width: 2.5,
                height,
                ink: edge,
            });
            self.y += 5.0;
            for line in rest {
                self.set(LEFT + inset, line);
            }
            self.y += 7.0;
            rest = later;
            if !rest.is_empty() {
                self.turn();
            }
        }
        self.y += 4.0;
    }

    /// A label and what stands for it.
    pub(super) fn row(&mut self, label: &str, value: &[Span]) {
        let label = lines(&[Span::new(label, Style::LABEL)], LABELS);
        let value = lines(value, COLUMN - LABELS - GAP);
        self.cells(&[(LEFT, label), (LEFT + LABELS + GAP, value)], None);
        self.rule(0.5, HAIRLINE);
    }

    /// A table. Its heading stands anew on each page.
    pub(super) fn table(&mut self, heads: &[Head], rows: &[Vec<Cell>]) {
        let shares: f32 = heads.iter().map(|(_, share)| share).sum();
        #[expect(clippy::cast_precision_loss, reason = "a table has few columns")]
        let room = COLUMN - GAP * heads.len().saturating_sub(1) as f32;
        let mut x = LEFT;
        let columns: Vec<(f32, f32)> = heads
            .iter()
            .map(|(_, share)| {
                let column = (x, room * share / shares);
                x += column.1 + GAP;
                column
            })
            .collect();
        let style = Style::new(Face::Bold, 8.0, SOFT);
        let head: Vec<(f32, Vec<Line>)> = heads
            .iter()
            .zip(&columns)
            .map(|((label, _), (x, width))| (*x, lines(&[Span::new(*label, style)], *width)))
            .collect();
        self.y += 2.0;
        self.leave_room(60.0);
        self.head(&head);
        for row in rows {
            let cells: Vec<(f32, Vec<Line>)> = row
                .iter()
                .zip(&columns)
                .map(|(cell, (x, width))| (*x, lines(&smaller(cell), *width)))
                .collect();
            self.cells(&cells, Some(&head));
            let y = self.y;
            let (x, width) = (LEFT - HANG, COLUMN + 2.0 * HANG);
            self.draw(Mark::Box {
                x,
                y,
                width,
                height: 0.5,
                ink: HAIRLINE,
            });
        }
        self.y += 4.0;
    }

    fn head(&mut self, head: &[(f32, Vec<Line>)]) {
        let height = head
            .iter()
            .map(|(_, lines)| total(lines))
            .fold(0.0, f32::max)
            + 2.0 * PAD;
        let (x, y) = (LEFT - HANG, self.y);
        let width = COLUMN + 2.0 * HANG;
        self.draw(Mark::Box {
            x,
            y,
            width,
            height,
            ink: HEAD,
        });
        self.cells(head, None);
    }

    /// Sets cells beside each other, over as many pages as they need.
    fn cells(&mut self, cells: &[(f32, Vec<Line>)], head: Option<&[(f32, Vec<Line>)]>) {
        let height = cells
            .iter()
            .map(|(_, lines)| total(lines))
            .fold(0.0, f32::max);
        let turn = |paper: &mut Self| {
            paper.turn();
            if let Some(head) = head {
                paper.head(head);
            }
        };
        if self.y + height + 2.0 * PAD > BOTTOM && height < WASTE && self.y > TOP {
            turn(self);
        }
        self.y += PAD;
        let mut rests: Vec<(f32, std::slice::Iter<'_, Line>)> =
            cells.iter().map(|(x, lines)| (*x, lines.iter())).collect();
        loop {
            let from = self.y;
            let mut lowest = from;
            for (x, rest) in &mut rests {
                self.y = from;
                while let Some(line) = rest.as_slice().first() {
                    if self.y + line.leading > BOTTOM && self.y > TOP {
                        break;
                    }
                    self.set(*x, line.clone());
                    rest.next();
                }
                lowest = lowest.max(self.y);
            }
            self.y = lowest;
            if rests.iter().all(|(_, rest)| rest.as_slice().is_empty()) {
                break;
            }
            turn(self);
            self.y += PAD;
        }
        self.y += PAD;
    }

    /// A label and an address, which can be followed.
    pub(super) fn link(&mut self, label: &str, address: &str) {
        let from = (self.pages.len(), self.y);
        self.row(label, &[Span::new(address, Style::BODY.ink(LINK))]);
        let is_address = ["https://", "http://"]
            .iter()
            .any(|one| address.starts_with(one))
            && address.bytes().all(|byte| byte.is_ascii_graphic());
        if is_address && self.pages.len() == from.0 {
            let (x, y) = (LEFT + LABELS + GAP, from.1);
            let (width, height) = (COLUMN - LABELS - GAP, self.y - from.1);
            let address = address.to_owned();
            self.draw(Mark::Link {
                x,
                y,
                width,
                height,
                address,
            });
        }
    }

    /// Returns what stands on each page, line by line.
    #[cfg(test)]
    pub(super) fn words_by_page(&self) -> Vec<Vec<String>> {
        let line = |mark: &Mark| match mark {
            Mark::Words { line, .. } => Some(
                line.pieces
                    .iter()
                    .map(|piece| piece.run.text.as_str())
                    .collect(),
            ),
            Mark::Box { .. } | Mark::Link { .. } => None,
        };
        let page = |marks: &Vec<Mark>| marks.iter().filter_map(line).collect();
        self.pages.iter().map(page).collect()
    }

    /// Writes the paper.
    pub(super) fn write(self, imprint: &Imprint) -> Result<Vec<u8>, PageFault> {
        let configuration = ConfigurationBuilder::new()
            .with_archival_validator(Archival::A2_U)
            .finish()
            .map_err(|_| PageFault::Archival("the writer knows no PDF/A-2".to_owned()))?;
        let mut document = Document::new_with(SerializeSettings {
            configuration,
            ..SerializeSettings::default()
        });
        let name = format!("{} {} {}", self.title, imprint.part_of, imprint.bound_to);
        document.set_metadata(
            Metadata::new()
                .title(self.title.clone())
                .creator("Breakglass".to_owned())
                .language("en".to_owned())
                .document_id(name)
                .creation_date(pdf_date(imprint.at)),
        );
        let n_pages = self.pages.len();
        for (n, marks) in (1..).zip(self.pages) {
            let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(PageFault::Size)?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            let mut links = Vec::new();
            for mark in marks
                .into_iter()
                .chain(footer(imprint, &self.name, n, n_pages))
            {
                match mark {
                    Mark::Words { x, y, line } => write_line(&mut surface, x, y, line)?,
                    Mark::Box {
                        x,
                        y,
                        width,
                        height,
                        ink,
                    } => {
                        write_box(&mut surface, x, y, width, height, ink)?;
                    }
                    Mark::Link {
                        x,
                        y,
                        width,
                        height,
                        address,
                    } => {
                        let place = Rect::from_xywh(x, y, width, height).ok_or(PageFault::Size)?;
                        links.push((place, address));
                    }
                }
            }
            surface.finish();
            for (place, address) in links {
                let target = Target::Action(Action::Link(LinkAction::new(address)));
                let link = LinkAnnotation::new(place, target);
                page.add_annotation(Annotation::new_link(link, None));
            }
            page.finish();
        }
        document
            .finish()
            .map_err(|error| PageFault::Archival(format!("{error:?}")))
    }
}

/// The words of a table: smaller, so that an instant fits a column.
fn smaller(cell: &[Span]) -> Cell {
    let of = |span: &Span| Span {
        words: span.words.clone(),
        style: span.style.size(span.style.size.min(Style::BODY.size) * 0.9),
    };
    cell.iter().map(of).collect()
}

fn total(lines: &[Line]) -> f32 {
    lines.iter().map(|line| line.leading).sum()
}

fn fill(ink: Ink) -> Fill {
    Fill {
        paint: rgb::Color::new(ink.0, ink.1, ink.2).into(),
        ..Fill::default()
    }
}

fn write_line(surface: &mut Surface<'_>, x: f32, y: f32, line: Line) -> Result<(), PageFault> {
    // Lines of one height have one baseline, whatever stands on them.
    let baseline = y + line.leading * 0.76;
    for piece in line.pieces {
        let font = piece.run.face.font().ok_or(PageFault::Font)?;
        surface.set_fill(Some(fill(piece.style.ink)));
        surface.draw_glyphs(
            Point::from_xy(x + piece.x, baseline),
            &piece.run.glyphs,
            font,
            &piece.run.text,
            piece.style.size,
            false,
        );
    }
    Ok(())
}

fn write_box(
    surface: &mut Surface<'_>,
    x: f32,
    y: f32,
    width: f32,
    height: f32,
    ink: Ink,
) -> Result<(), PageFault> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(x, y, width, height).ok_or(PageFault::Size)?);
    let path = path.finish().ok_or(PageFault::Size)?;
    surface.set_fill(Some(fill(ink)));
    surface.draw_path(&path);
    Ok(())
}

/// What stands below each page: of what it is a part, what it was made from, how
/// the log stood then, and which page it is.
fn footer(imprint: &Imprint, name: &str, n: usize, n_pages: usize) -> Vec<Mark> {
    let small = Style::SMALL.size(7.5);
    let pages = one_line(&format!("Page {n} of {n_pages}"), small, 90.0);
    let room = COLUMN - 100.0;
    let at = |y: f32, words: &str, style: Style, width: f32| Mark::Words {
        x: LEFT,
        y,
        line: one_line(words, style, width),
    };
    vec![
        Mark::Box {
            x: LEFT,
            y: 784.0,
            width: COLUMN,
            height: 0.5,
            ink: HAIRLINE,
        },
        at(789.0, &format!("{name} · {}", imprint.part_of), small, room),
        Mark::Words {
            x: RIGHT - pages.width,
            y: 789.0,
            line: pages,
        },
        at(800.0, &imprint.bound_to, small, COLUMN),
        at(811.0, &imprint.checkpoint, small, COLUMN),
    ]
}

fn pdf_date(at: DateTime<Utc>) -> PdfDateTime {
    let small = |n: u32| u8::try_from(n).unwrap_or_default();
    PdfDateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}
