//! The change log: a workbook, of which just what our writer makes is taken. It is read as
//! it streams by, for it may have a million rows. May not know what its rows mean.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Seek};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::BOOK;
use super::flaw::Flaw;
use super::layout::Layout;

/// What every workbook of ours has beside its sheets.
const OURS: [&str; 8] = [
    "[Content_Types].xml",
    "_rels/.rels",
    "docProps/app.xml",
    "docProps/core.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/theme/theme1.xml",
    "xl/workbook.xml",
];

const HEAD: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<";

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
}

/// A row by the headings of its columns. What is nothing is an empty cell.
pub(super) struct Row<'r> {
    headings: &'r BTreeMap<String, String>,
    cells: &'r BTreeMap<String, Option<Cell>>,
}

impl Row<'_> {
    /// Returns the cell of a column, which has to be there.
    pub(super) fn cell(&self, heading: &str) -> Result<Option<&Cell>, Flaw> {
        let column = self.headings.get(heading).ok_or_else(odd)?;
        Ok(self.cells.get(column).and_then(Option::as_ref))
    }

    /// Returns the text of a column; nothing if its cell is empty.
    pub(super) fn text(&self, heading: &str) -> Result<Option<&str>, Flaw> {
        match self.cell(heading)? {
            Some(Cell::Text(text)) => Ok(Some(text)),
            Some(Cell::Number(_)) => Err(odd()),
            None => Ok(None),
        }
    }
}

/// That the workbook isn't as our writer makes it.
pub(super) fn odd() -> Flaw {
    Flaw::form(BOOK)
}

type Given = BTreeMap<String, String>;

fn given(tag: &BytesStart<'_>) -> Result<Given, Flaw> {
    let mut given = Given::new();
    for one in tag.attributes() {
        let one = one.map_err(|_| odd())?;
        let value = one
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|_| odd())?;
        given.insert(one.key.as_ref().to_owned(), value.into_owned());
    }
    Ok(given)
}

/// What is told of an XML file as it is read.
trait Listener {
    fn begin(&mut self, tag: &str, given: Given) -> Result<(), Flaw>;
    fn words(&mut self, words: &str);
    fn end(&mut self, tag: &str) -> Result<(), Flaw>;
}

/// Reads a file, refusing what our writer has no use for.
fn parse(mut file: impl BufRead, listener: &mut impl Listener) -> Result<(), Flaw> {
    let mut head = [0; HEAD.len()];
    file.read_exact(&mut head).map_err(|_| odd())?;
    if head != HEAD {
        return Err(odd());
    }
    // Its last character begins the first element.
    let mut reader = Reader::from_reader(b"<".as_slice().chain(file));
    reader.config_mut().expand_empty_elements = true;
    let mut buffer = Vec::new();
    let mut depth = 0_usize;
    let mut is_over = false;
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|_| odd())? {
            Event::Start(tag) => {
                if is_over {
                    return Err(odd());
                }
                depth += 1;
                listener.begin(tag.name().as_ref(), given(&tag)?)?;
            }
            Event::End(tag) => {
                depth = depth.checked_sub(1).ok_or_else(odd)?;
                is_over = depth == 0;
                listener.end(tag.name().as_ref())?;
            }
            Event::Text(words) => {
                let words = words.xml_content(XmlVersion::Implicit1_0);
                if is_over && !words.trim().is_empty() {
                    return Err(odd());
                }
                listener.words(&words);
            }
            Event::GeneralRef(one) => {
                let letter = one.resolve_char_ref().map_err(|_| odd())?;
                let letter = letter.or(match one.as_ref() {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                });
                listener.words(letter.ok_or_else(odd)?.encode_utf8(&mut [0; 4]));
            }
            Event::Eof if is_over => return Ok(()),
            Event::Eof
            | Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => return Err(odd()),
        }
    }
}

/// Collects what elements of one name are given.
struct Collected {
    wanted: &'static str,
    found: Vec<Given>,
}

impl Listener for Collected {
    fn begin(&mut self, tag: &str, given: Given) -> Result<(), Flaw> {
        if tag == self.wanted {
            self.found.push(given);
        }
        Ok(())
    }

    fn words(&mut self, _: &str) {}

    fn end(&mut self, _: &str) -> Result<(), Flaw> {
        Ok(())
    }
}

/// Which elements may stand within one of a sheet; nothing: it isn't looked at.
fn within(tag: &str) -> Option<&'static [&'static str]> {
    Some(match tag {
        "" => &["worksheet"],
        "worksheet" => &[
            "sheetPr",
            "dimension",
            "sheetViews",
            "sheetFormatPr",
            "cols",
            "sheetData",
            "autoFilter",
            "pageMargins",
            "pageSetup",
            "headerFooter",
        ],
        "sheetData" => &["row"],
        "row" => &["c"],
        "c" => &["is", "v"],
        "is" => &["t"],
        "v" | "t" => &[],
        _ => return None,
    })
}

/// Shows each row of a sheet.
struct Sheet<S> {
    see: S,
    path: Vec<String>,
    n_rows: u64,
    column: String,
    is_text: bool,
    text: Option<String>,
    headings: BTreeMap<String, String>,
    cells: BTreeMap<String, Option<Cell>>,
}

impl<S: FnMut(&Row<'_>) -> Result<(), Flaw>> Sheet<S> {
    fn new(see: S) -> Self {
        Self {
            see,
            path: vec![String::new()],
            n_rows: 0,
            column: String::new(),
            is_text: false,
            text: None,
            headings: BTreeMap::new(),
            cells: BTreeMap::new(),
        }
    }

    fn row(&mut self) -> Result<(), Flaw> {
        if self.n_rows > 1 {
            return (self.see)(&Row {
                headings: &self.headings,
                cells: &self.cells,
            });
        }
        for (column, cell) in &self.cells {
            let heading = match cell {
                Some(Cell::Text(text)) => text.clone(),
                other => format!("{other:?}"),
            };
            if self.headings.insert(heading, column.clone()).is_some() {
                return Err(odd());
            }
        }
        Ok(())
    }
}

/// Whether something is so low, or so narrow, that it isn't seen.
fn is_hidden(given: &Given) -> Result<bool, Flaw> {
    for (name, least) in [("ht", 9.0), ("width", 5.0)] {
        if let Some(size) = given.get(name) {
            let size: f64 = size.parse().map_err(|_| odd())?;
            if size
                .partial_cmp(&least)
                .is_none_or(std::cmp::Ordering::is_lt)
            {
                return Ok(true);
            }
        }
    }
    Ok(given.contains_key("hidden") || given.contains_key("zeroHeight"))
}

impl<S: FnMut(&Row<'_>) -> Result<(), Flaw>> Listener for Sheet<S> {
    fn begin(&mut self, tag: &str, given: Given) -> Result<(), Flaw> {
        let allowed = within(self.path.last().map_or("", String::as_str));
        self.path.push(tag.to_owned());
        if is_hidden(&given)? {
            return Err(odd());
        }
        let Some(allowed) = allowed else {
            return Ok(());
        };
        if !allowed.contains(&tag) {
            return Err(odd());
        }
        let ours: Option<&[&str]> = match tag {
            "row" => Some(&["r", "ht", "customHeight", "spans", "s", "customFormat"]),
            "c" => Some(&["r", "s", "t"]),
            _ => None,
        };
        if let Some(ours) = ours
            && !given.keys().all(|name| ours.contains(&name.as_str()))
        {
            return Err(odd());
        }
        match tag {
            "row" => {
                self.n_rows += 1;
                self.cells.clear();
                if given.get("r") != Some(&self.n_rows.to_string()) {
                    return Err(odd());
                }
            }
            "c" => {
                let column = given.get("r").ok_or_else(odd)?;
                let column = column.strip_suffix(&self.n_rows.to_string());
                let column = column.filter(|column| {
                    !column.is_empty() && column.bytes().all(|one| one.is_ascii_uppercase())
                });
                column.ok_or_else(odd)?.clone_into(&mut self.column);
                self.is_text = match given.get("t").map(String::as_str) {
                    None => false,
                    Some("inlineStr") => true,
                    Some(_) => return Err(odd()),
                };
                self.text = None;
                if self.cells.insert(self.column.clone(), None).is_some() {
                    return Err(odd());
                }
            }
            "v" | "t" => {
                if self.text.is_some() || self.is_text != (tag == "t") {
                    return Err(odd());
                }
                self.text = Some(String::new());
            }
            _ => {}
        }
        Ok(())
    }

    fn words(&mut self, words: &str) {
        let is_cell = matches!(self.path.last().map(String::as_str), Some("v" | "t"));
        if let Some(text) = self.text.as_mut().filter(|_| is_cell) {
            text.push_str(words);
        }
    }

    fn end(&mut self, tag: &str) -> Result<(), Flaw> {
        self.path.pop();
        let above = self.path.last().map(String::as_str);
        match (tag, above) {
            ("c", Some("row")) => {
                let Some(text) = self.text.take() else {
                    return Ok(());
                };
                let cell = if self.is_text {
                    Cell::Text(unescaped(&text))
                } else {
                    Cell::Number(number(&text).ok_or_else(odd)?)
                };
                self.cells.insert(self.column.clone(), Some(cell));
                Ok(())
            }
            ("row", Some("sheetData")) => self.row(),
            _ => Ok(()),
        }
    }
}

fn number(text: &str) -> Option<f64> {
    let is_plain = |one| matches!(one, b'-' | b'.' | b'0'..=b'9');
    let is_number = text.len() < 100 && text.bytes().all(is_plain);
    text.parse().ok().filter(|_| is_number)
}

/// What XML can't have is written by its number: `_x0008_`.
fn unescaped(text: &str) -> String {
    let mut rest = text;
    let mut whole = String::with_capacity(text.len());
    while let Some(at) = rest.find("_x") {
        let (before, here) = rest.split_at(at);
        whole.push_str(before);
        let coded = here.get(2..6).filter(|_| here.get(6..7) == Some("_"));
        let is_coded = |coded: &&str| {
            let mut letters = coded.bytes();
            letters.all(|one| matches!(one, b'0'..=b'9' | b'A'..=b'F'))
        };
        let letter = coded
            .filter(is_coded)
            .and_then(|coded| u32::from_str_radix(coded, 16).ok())
            .and_then(char::from_u32);
        if let Some(letter) = letter {
            whole.push(letter);
            rest = here.get(7..).unwrap_or_default();
        } else {
            whole.push_str("_x");
            rest = here.get(2..).unwrap_or_default();
        }
    }
    whole.push_str(rest);
    whole
}

/// Shows the rows of all sheets of the change log, without their headings.
pub(super) fn rows<R: Read + Seek>(
    mut file: R,
    see: &mut dyn FnMut(&Row<'_>) -> Result<(), Flaw>,
) -> Result<(), Flaw> {
    let layout = Layout::of(&mut file).map_err(|_| odd())?;
    layout.is_of_files(&mut file).map_err(|_| odd())?;
    if layout.doubled().is_some() {
        return Err(odd());
    }
    let mut zip = ZipArchive::new(file).map_err(|_| odd())?;
    let names: Result<BTreeSet<String>, _> = zip
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect();
    let names = names.map_err(|_| odd())?;
    let sheets = collected(&mut zip, "xl/workbook.xml", "sheet")?;
    let related = collected(&mut zip, "xl/_rels/workbook.xml.rels", "Relationship")?;
    let page = |n: usize| format!("xl/worksheets/sheet{n}.xml");
    let due = (1..=sheets.len()).map(page);
    let due: BTreeSet<String> = due.chain(OURS.map(str::to_owned)).collect();
    if names != due {
        return Err(odd());
    }
    for (n, sheet) in (1..).zip(&sheets) {
        let id = sheet.get("r:id").ok_or_else(odd)?;
        let mut targets = related.iter().filter(|one| one.get("Id") == Some(id));
        let target = targets.next().and_then(|one| one.get("Target"));
        let is_page = target.is_some_and(|target| page(n) == format!("xl/{target}"));
        if sheet.contains_key("state") || !is_page || targets.next().is_some() {
            return Err(odd());
        }
    }
    for (n, sheet) in (1..).zip(&sheets) {
        let name = sheet.get("name").ok_or_else(odd)?;
        let due = match n {
            1 => "Change Log".to_owned(),
            n => format!("Change Log ({n})"),
        };
        if *name == due {
            let file = zip.by_name(&page(n)).map_err(|_| odd())?;
            parse(BufReader::new(file), &mut Sheet::new(&mut *see))?;
        } else if n == 1 || name.starts_with("Change Log") {
            return Err(odd());
        }
    }
    Ok(())
}

fn collected<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    name: &str,
    wanted: &'static str,
) -> Result<Vec<Given>, Flaw> {
    let mut all = Collected {
        wanted,
        found: Vec::new(),
    };
    let file = zip.by_name(name).map_err(|_| odd())?;
    parse(BufReader::new(file), &mut all)?;
    Ok(all.found)
}
