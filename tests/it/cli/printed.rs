//! What can be read in a file of a pack, whatever it is pressed in: a word that was
//! taken out is sought where a reader would find it.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// Returns the words of a file: of a workbook, which is a zip, all its parts, of a paper what its glyphs
/// stand for, of everything else what it is.
pub(super) fn words(bytes: &[u8]) -> String {
    if bytes.starts_with(b"%PDF-") {
        return paper(bytes);
    }
    if bytes.starts_with(b"PK") {
        let parts = super::evidence::files(bytes);
        let parts: Vec<_> = parts
            .values()
            .map(|part| String::from_utf8_lossy(part))
            .collect();
        return parts.join("\n");
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// Each page is read by each of the paper's fonts: by the wrong one it is nonsense.
fn paper(bytes: &[u8]) -> String {
    let streams = streams(bytes);
    let fonts: Vec<BTreeMap<u16, String>> = streams.iter().filter_map(|one| letters(one)).collect();
    assert!(!fonts.is_empty(), "a paper without letters");
    let mut words = String::new();
    for shown in streams.iter().map(|one| shown(one)) {
        for font in &fonts {
            let letters = shown.chunks_exact(2).map(|code| {
                let code = u16::from_be_bytes([code[0], code[1]]);
                font.get(&code).map_or("\u{FFFD}", String::as_str)
            });
            words.extend(letters);
            words.push('\n');
        }
    }
    words
}

/// The unpressed streams of a paper.
fn streams(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (begin, end) = (&b"stream\n"[..], &b"endstream"[..]);
    let place = |of: &[u8], from: usize| {
        let mut windows = bytes[from..].windows(of.len());
        windows.position(|window| window == of).map(|at| from + at)
    };
    let (mut streams, mut from) = (Vec::new(), 0);
    while let Some(at) = place(begin, from) {
        let at = at + begin.len();
        from = place(end, at).unwrap() + end.len();
        let mut stream = Vec::new();
        if ZlibDecoder::new(&bytes[at..from])
            .read_to_end(&mut stream)
            .is_ok()
        {
            streams.push(stream);
        }
    }
    streams
}

/// What a font's codes stand for, if this is its table of that.
fn letters(stream: &[u8]) -> Option<BTreeMap<u16, String>> {
    let table = std::str::from_utf8(stream).ok()?;
    table.contains("begincmap").then_some(())?;
    let mut letters = BTreeMap::new();
    for block in table.split("beginbfchar").skip(1) {
        let block = block.split("endbfchar").next()?;
        let mut codes = block
            .split(['<', '>'])
            .filter(|one| !one.trim().is_empty())
            .map(|one| hex::decode(one).unwrap());
        while let (Some(code), Some(stands_for)) = (codes.next(), codes.next()) {
            let units: Vec<u16> = stands_for
                .chunks_exact(2)
                .map(|unit| u16::from_be_bytes([unit[0], unit[1]]))
                .collect();
            letters.insert(
                u16::from_be_bytes([code[0], code[1]]),
                String::from_utf16(&units).unwrap(),
            );
        }
    }
    assert!(!table.contains("beginbfrange"), "a table of another form");
    Some(letters)
}

/// The strings that a page shows, one after the other.
fn shown(stream: &[u8]) -> Vec<u8> {
    let mut shown = Vec::new();
    let mut rest = stream.iter().copied().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            b'(' => literal(&mut rest, &mut shown),
            // Two of them open a dictionary.
            b'<' if rest.next_if_eq(&b'<').is_none() => {
                let digits: Vec<u8> = rest.by_ref().take_while(|sign| *sign != b'>').collect();
                shown.extend(hex::decode(digits).unwrap_or_default());
            }
            _ => {}
        }
    }
    shown
}

fn literal(rest: &mut std::iter::Peekable<impl Iterator<Item = u8>>, shown: &mut Vec<u8>) {
    let mut depth = 1;
    while let Some(sign) = rest.next() {
        match sign {
            b'\\' => shown.push(match rest.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'b') => 8,
                Some(b'f') => 12,
                Some(digit @ b'0'..=b'7') => {
                    let mut code = digit - b'0';
                    for _ in 0..2 {
                        if let Some(digit) = rest.next_if(|one| (b'0'..=b'7').contains(one)) {
                            code = code.wrapping_mul(8).wrapping_add(digit - b'0');
                        }
                    }
                    code
                }
                Some(sign) => sign,
                None => return,
            }),
            b')' if depth == 1 => return,
            b'(' => {
                depth += 1;
                shown.push(sign);
            }
            b')' => {
                depth -= 1;
                shown.push(sign);
            }
            sign => shown.push(sign),
        }
    }
}
