//! The letters of the papers: which face shows a character, and where its glyphs
//! go. What no face shows is spelled out by its number.

use std::io::Read as _;
use std::sync::{Arc, Mutex, OnceLock};

use flate2::read::GzDecoder;
use harfrust::{
    Direction, Feature, Script, ShapeOptions, ShapePlan, Shaper, ShaperData, Tag, UnicodeBuffer,
};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::{FontRef, MetadataProvider as _};

/// The letters, under the licenses beside them.
const REGULAR: &[u8] = include_bytes!("fonts/Inter-Regular.otf");
const BOLD: &[u8] = include_bytes!("fonts/Inter-SemiBold.otf");
const MONO: &[u8] = include_bytes!("fonts/NotoSansMono.ttf");
const SIGNS: &[u8] = include_bytes!("fonts/NotoSansMath.ttf");
const CJK: &[u8] = include_bytes!("fonts/DroidSansFallback.ttf.gz");

/// The size that the large font has when it is unpacked, and a little more.
const MOST_UNPACKED: u64 = 4 * 1024 * 1024;

/// A set of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Latin, Greek, Cyrillic.
    Regular,
    /// The same, stronger.
    Bold,
    /// All as wide as each other: hashes and identifiers.
    Mono,
    /// Arrows and signs.
    Signs,
    /// Chinese, Japanese, Korean.
    Cjk,
}

/// A face, ready to be used.
struct Loaded {
    bytes: &'static [u8],
    shaper: ShaperData,
    font: Font,
    per_em: f32,
    /// How words of a script are placed: costly to find out, and the same each time.
    plans: Mutex<Vec<(Script, Arc<ShapePlan>)>>,
}

impl Loaded {
    fn new(bytes: &'static [u8]) -> Option<Self> {
        let reference = FontRef::new(bytes).ok()?;
        let font = Font::new(bytes.into(), 0)?;
        Some(Self {
            bytes,
            shaper: ShaperData::new(&reference),
            per_em: font.units_per_em(),
            font,
            plans: Mutex::default(),
        })
    }

    /// Returns how words of a script are placed.
    fn plan(&self, shaper: &Shaper<'_>, script: Script, features: &[Feature]) -> Arc<ShapePlan> {
        let mut plans = match self.plans.lock() {
            Ok(plans) => plans,
            // Whoever died with it had only looked, or added a whole one.
            Err(poisoned) => poisoned.into_inner(),
        };
        if let Some((_, plan)) = plans.iter().find(|(of, _)| *of == script) {
            return Arc::clone(plan);
        }
        let direction = Direction::LeftToRight;
        let plan = Arc::new(ShapePlan::new(
            shaper,
            direction,
            Some(script),
            None,
            features,
        ));
        plans.push((script, Arc::clone(&plan)));
        plan
    }

    fn shows(&self, letter: char) -> bool {
        FontRef::new(self.bytes).is_ok_and(|font| font.charmap().map(letter).is_some())
    }
}

impl Face {
    /// Which faces are asked for a character that this one doesn't show.
    const fn others(self) -> [Self; 4] {
        match self {
            Self::Bold => [Self::Bold, Self::Signs, Self::Mono, Self::Cjk],
            Self::Mono => [Self::Mono, Self::Regular, Self::Signs, Self::Cjk],
            Self::Regular | Self::Signs | Self::Cjk => {
                [Self::Regular, Self::Signs, Self::Mono, Self::Cjk]
            }
        }
    }

    fn loaded(self) -> Option<&'static Loaded> {
        static LOADED: [OnceLock<Option<Loaded>>; 5] = [const { OnceLock::new() }; 5];
        let (place, bytes) = match self {
            Self::Regular => (0, REGULAR),
            Self::Bold => (1, BOLD),
            Self::Mono => (2, MONO),
            Self::Signs => (3, SIGNS),
            Self::Cjk => (4, CJK),
        };
        let load = || match self {
            Self::Cjk => Loaded::new(unpacked(bytes)?),
            Self::Regular | Self::Bold | Self::Mono | Self::Signs => Loaded::new(bytes),
        };
        LOADED.get(place)?.get_or_init(load).as_ref()
    }

    /// Returns the face as the writer of papers knows it.
    pub(super) fn font(self) -> Option<Font> {
        Some(self.loaded()?.font.clone())
    }

    /// Returns the face that shows a character where this one is wanted.
    fn showing(self, letter: char) -> Option<Self> {
        let mut faces = self.others().into_iter();
        faces.find(|face| {
            // The large one is only unpacked for what may be in it.
            (*face != Self::Cjk || is_east_asian(letter))
                && face.loaded().is_some_and(|loaded| loaded.shows(letter))
        })
    }
}

/// Unpacks the large font, once for the life of the program.
fn unpacked(packed: &'static [u8]) -> Option<&'static [u8]> {
    static UNPACKED: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    let unpack = || {
        let mut bytes = Vec::new();
        let mut reader = GzDecoder::new(packed).take(MOST_UNPACKED);
        reader.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    UNPACKED.get_or_init(unpack).as_deref()
}

/// Whether a character may be in the large font: Chinese, Japanese, Korean, and
/// the signs that go with them. Between any two of them a line may end.
pub(super) const fn is_east_asian(letter: char) -> bool {
    matches!(letter, '\u{2E80}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FFEF}')
}

/// Whether a character stands on the one before it and can't begin a line.
pub(super) const fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{1AB0}'..='\u{1AFF}'
        | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}')
}

/// Whether a character has no shape of its own but changes how others look: it is
/// shown by its number, so that nobody is deceived by what they can't see.
pub(in crate::evidence) const fn is_hidden(letter: char) -> bool {
    matches!(letter, '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}'
        | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E000}'..='\u{F8FF}'
        | '\u{E0000}'..='\u{10FFFF}')
}

/// Returns words as the letters can show them: what they can't is spelled out as
/// ⟨U+1F525⟩. Lines stay lines.
pub(super) fn printable(words: &str) -> String {
    let mut shown = String::with_capacity(words.len());
    let lines = words.replace("\r\n", "\n").replace('\r', "\n");
    for letter in lines.chars() {
        match letter {
            '\n' => shown.push('\n'),
            '\t' => shown.push_str("    "),
            letter if !is_hidden(letter) && Face::Regular.showing(letter).is_some() => {
                shown.push(letter);
            }
            letter => shown.push_str(&spelled_out(letter)),
        }
    }
    shown
}

/// A character's number, in brackets.
fn spelled_out(letter: char) -> String {
    format!("⟨U+{:04X}⟩", u32::from(letter))
}

/// A piece of a line in one face.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) face: Face,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// How wide it is at size 1.
    pub(super) width: f32,
}

impl Run {
    /// Takes in what follows in the same face.
    pub(super) fn append(&mut self, next: Self) {
        let offset = self.text.len();
        self.text.push_str(&next.text);
        self.width += next.width;
        self.glyphs.extend(next.glyphs.into_iter().map(|mut glyph| {
            glyph.text_range.start += offset;
            glyph.text_range.end += offset;
            glyph
        }));
    }
}

/// Places the glyphs of words that are printable.
pub(super) fn shape(words: &str, wanted: Face) -> Vec<Run> {
    let mut pieces: Vec<(Face, String)> = Vec::new();
    for letter in words.chars() {
        let last = pieces.last_mut();
        // A mark stays with the letter that it stands on, if that face has it.
        let face = match &last {
            Some((face, _)) if is_combining(letter) => {
                let has_it = face.loaded().is_some_and(|loaded| loaded.shows(letter));
                has_it.then_some(*face).or_else(|| wanted.showing(letter))
            }
            Some(_) | None => wanted.showing(letter),
        };
        let Some(face) = face else { continue };
        match last {
            Some((of, piece)) if *of == face => piece.push(letter),
            Some(_) | None => pieces.push((face, letter.to_string())),
        }
    }
    pieces
        .into_iter()
        .filter_map(|(face, text)| shape_piece(face, text))
        .collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a glyph's measures are small whole numbers"
)]
fn shape_piece(face: Face, text: String) -> Option<Run> {
    let loaded = face.loaded()?;
    let reference = FontRef::new(loaded.bytes).ok()?;
    let shaper = loaded.shaper.shaper(&reference).build();
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(&text);
    buffer.set_direction(Direction::LeftToRight);
    buffer.guess_segment_properties();
    buffer.set_script(buffer.script());
    // Digits of one width, so that instants and figures stand below each other.
    let features = [Feature::new(Tag::new(b"tnum"), 1, ..)];
    let plan = loaded.plan(&shaper, buffer.script(), &features);
    let options = ShapeOptions::new().plan(Some(&plan)).features(&features);
    let placed = shaper.shape(buffer, options);
    let infos = placed.glyph_infos();
    let mut width = 0.0;
    let mut glyphs = Vec::with_capacity(infos.len());
    for (n, (info, place)) in infos.iter().zip(placed.glyph_positions()).enumerate() {
        let start = info.cluster as usize;
        let later = infos.iter().skip(n).map(|one| one.cluster as usize);
        let end = later.into_iter().find(|at| *at > start);
        let advance = place.x_advance as f32 / loaded.per_em;
        width += advance;
        glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            advance,
            place.x_offset as f32 / loaded.per_em,
            place.y_offset as f32 / loaded.per_em,
            0.0,
            start..end.unwrap_or(text.len()),
            None,
        ));
    }
    Some(Run {
        face,
        text,
        glyphs,
        width,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_scripts_and_three_more_are_shown_as_they_are() {
        for words in [
            "Überprüft: naïve façade, Łódź, Tiếng Việt",
            "Ελληνικά, Кириллица, Ѣ",
            "注入攻撃を遮断 阻止注入攻击 차단했습니다 かな カナ 全角！",
            "a → b ≤ c ⟨U+0000⟩ └── ├──",
            "e\u{301}x\u{323}\u{302}",
        ] {
            assert_eq!(printable(words), words);
        }
    }

    #[test]
    fn what_the_letters_lack_is_spelled_out_by_its_number() {
        for (words, shown) in [
            ("🔥", "⟨U+1F525⟩"),
            ("a\u{202E}b", "a⟨U+202E⟩b"),
            ("\0\u{7}", "⟨U+0000⟩⟨U+0007⟩"),
            ("שלום", "⟨U+05E9⟩⟨U+05DC⟩⟨U+05D5⟩⟨U+05DD⟩"),
            ("a\u{200B}b\u{FEFF}", "a⟨U+200B⟩b⟨U+FEFF⟩"),
            ("\u{E000}\u{10FFFF}", "⟨U+E000⟩⟨U+10FFFF⟩"),
            ("a\tb\r\nc\rd", "a    b\nc\nd"),
        ] {
            assert_eq!(printable(words), shown, "{words:?}");
        }
    }

    #[test]
    fn every_glyph_stands_for_its_letters_and_none_is_missing() {
        for words in ["Tiếng Việt", "注入 a → b", "e\u{301}x\u{323}\u{302}"] {
            for face in [Face::Regular, Face::Bold, Face::Mono] {
                let runs = shape(words, face);
                let text: String = runs.iter().map(|run| run.text.as_str()).collect();
                assert_eq!(text, words);
                for run in runs {
                    assert!(run.width >= 0.0);
                    for glyph in &run.glyphs {
                        assert!(run.text.get(glyph.text_range.clone()).is_some());
                        assert_ne!(glyph.glyph_id.to_u32(), 0, "{words} in {face:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn an_arrow_that_was_typed_in_two_signs_stays_two_signs() {
        let runs = shape("->", Face::Regular);
        assert_eq!(runs.iter().map(|run| run.glyphs.len()).sum::<usize>(), 2);
    }

    #[test]
    fn figures_are_as_wide_as_each_other() {
        let width = |words| {
            shape(words, Face::Regular)
                .iter()
                .map(|run| run.width)
                .sum::<f32>()
        };
        assert!((width("1111") - width("0000")).abs() < 0.001);
    }
}
