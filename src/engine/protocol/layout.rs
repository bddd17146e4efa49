//! What a file says about text that the application lays out itself, validated.

use super::spec::Pattern;

/// Where the reply stands on the screen, and how its rows become text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// Over the row where the tool repeats the prompt: the reply starts below it.
    pub prompt_echo: Option<Pattern>,
    /// Over a row and those below it: the reply ends above the lowest row where it matches from the start.
    pub composer: Option<Pattern>,
    /// Over the alternate screen's rows from the first on: rows that stand still.
    pub header: Option<Pattern>,
    /// Rows directly above the composer that are not the reply.
    pub footer: Vec<Pattern>,
    /// At the start of the row where a reply starts; cut.
    pub marker: Option<Pattern>,
    /// Blanks cut from the start of the other rows.
    pub indent: usize,
    /// Only what follows the last marker.
    pub last_block: bool,
    /// Cut from the end of every row.
    pub right_edge: Option<Pattern>,
    /// Join rows that the tool has wrapped.
    pub unwrap: bool,
    /// Column at which it wraps; `None`: learnt from the rows.
    pub wrap_width: Option<usize>,
    pub markdown: Option<Markdown>,
}

/// How the tool paints Markdown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Markdown {
    /// Of level 1, 2, and so on.
    pub heading: Vec<StyleWanted>,
    pub bold: Option<StyleWanted>,
    pub italic: Option<StyleWanted>,
    pub strike: Option<StyleWanted>,
    pub code: Option<StyleWanted>,
    /// One of them in a paragraph makes it a block of code.
    pub code_block: Vec<StyleWanted>,
    pub line_numbers: Option<StyleWanted>,
    pub link: Option<StyleWanted>,
    pub bullets: Vec<char>,
    pub quote: Option<Pattern>,
    pub tables: bool,
}

/// What the look of a piece of text must be; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyleWanted {
    /// As written, for `protocol show`.
    pub source: String,
    /// Attributes that must be on or off.
    pub attributes: Vec<(Attribute, bool)>,
    pub foreground: Option<ColorWanted>,
    pub background: Option<ColorWanted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    Bold,
    Dim,
    Italic,
    Underline,
    Strike,
    Inverse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColorWanted {
    Default,
    /// Any but the default.
    Any,
    Indexed(u8),
    Rgb(u8, u8, u8),
}

impl StyleWanted {
    /// The style that `source` spells out.
    ///
    /// # Errors
    ///
    /// The word that nothing is known by.
    pub fn parse(source: &str) -> Result<StyleWanted, String> {
        let mut wanted = StyleWanted {
            source: source.to_owned(),
            ..StyleWanted::default()
        };
        for word in source.split_whitespace() {
            if let Some(color) = word.strip_prefix("fg=") {
                wanted.foreground = Some(color_of(color)?);
            } else if let Some(color) = word.strip_prefix("bg=") {
                wanted.background = Some(color_of(color)?);
            } else {
                let name = word.strip_prefix('!').unwrap_or(word);
                wanted
                    .attributes
                    .push((attribute_of(name)?, name.len() == word.len()));
            }
        }
        if wanted.attributes.is_empty() && wanted.foreground.is_none() && wanted.background.is_none() {
            return Err("a style without a word".to_owned());
        }
        Ok(wanted)
    }
}

fn attribute_of(name: &str) -> Result<Attribute, String> {
    Ok(match name {
        "bold" => Attribute::Bold,
        "dim" => Attribute::Dim,
        "italic" => Attribute::Italic,
        "underline" => Attribute::Underline,
        "strike" => Attribute::Strike,
        "inverse" => Attribute::Inverse,
        _ => return Err(format!("unknown style `{name}`")),
    })
}

fn color_of(word: &str) -> Result<ColorWanted, String> {
    let unknown = || format!("unknown colour `{word}`");
    if let Some(hex) = word.strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).map_err(|_| unknown())?;
        let [_, r, g, b] = value.to_be_bytes();
        return if hex.len() == 6 {
            Ok(ColorWanted::Rgb(r, g, b))
        } else {
            Err(unknown())
        };
    }
    match word {
        "default" => Ok(ColorWanted::Default),
        "any" => Ok(ColorWanted::Any),
        _ => word.parse().map(ColorWanted::Indexed).map_err(|_| unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_words() {
        let style = StyleWanted::parse("bold !italic fg=#b1b9f9 bg=any").expect("known words");
        assert_eq!(
            style.attributes,
            [(Attribute::Bold, true), (Attribute::Italic, false)]
        );
        assert_eq!(style.foreground, Some(ColorWanted::Rgb(0xb1, 0xb9, 0xf9)));
        assert_eq!(style.background, Some(ColorWanted::Any));
        for wrong in ["", "bald", "fg=red", "fg=#12345", "fg=256"] {
            assert!(StyleWanted::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
