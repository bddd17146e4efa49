//! Text that the application lays out itself.

use super::Resolver;
use crate::engine::protocol::file;
use crate::engine::protocol::layout::{Layout, Markdown, StyleWanted};

const STYLE_HINT: &str = "words: bold, dim, italic, underline, strike, inverse (! before one: not), fg= and bg= with default, any, 0-255, #rrggbb";

impl Resolver<'_> {
    pub(super) fn layout(&mut self, form: &file::Response) -> Option<Layout> {
        if form.prompt_echo.is_none() && form.composer.is_none() {
            self.layout_without_place(form);
            return None;
        }
        if form.blocks.is_some() && form.marker.is_none() {
            self.at("blocks", |r| r.error("`blocks` needs `marker`", ""));
        }
        if form.wrap_width.is_some() && !form.unwrap {
            self.at("wrap_width", |r| {
                r.error("`wrap_width` needs `unwrap = true`", "")
            });
        }
        Some(Layout {
            prompt_echo: self.optional_pattern("prompt_echo", form.prompt_echo.as_deref()),
            composer: self.optional_pattern("composer", form.composer.as_deref()),
            header: self.optional_pattern("header", form.header.as_deref()),
            footer: self.patterns("footer", &form.footer),
            marker: self.optional_pattern("marker", form.marker.as_deref()),
            indent: form.indent.unwrap_or(0).into(),
            last_block: form.blocks == Some(file::Blocks::Last),
            right_edge: self.optional_pattern("right_edge", form.right_edge.as_deref()),
            unwrap: form.unwrap,
            wrap_width: form.wrap_width.map(usize::from),
            markdown: form
                .markdown
                .as_ref()
                .map(|form| self.at("markdown", |r| r.markdown(form))),
        })
    }

    /// Keys that say how the rows are read are of no use before it is known which rows.
    fn layout_without_place(&mut self, form: &file::Response) {
        let given = [
            ("header", form.header.is_some()),
            ("footer", !form.footer.is_empty()),
            ("marker", form.marker.is_some()),
            ("indent", form.indent.is_some()),
            ("blocks", form.blocks.is_some()),
            ("right_edge", form.right_edge.is_some()),
            ("unwrap", form.unwrap),
            ("wrap_width", form.wrap_width.is_some()),
            ("markdown", form.markdown.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            let hint = "say where the reply starts and ends on the screen";
            self.at(key, |r| {
                r.error(format!("`{key}` needs `prompt_echo` or `composer`"), hint)
            });
        }
    }

    fn markdown(&mut self, form: &file::Markdown) -> Markdown {
        Markdown {
            heading: self.styles("heading", &form.heading),
            bold: self.optional_style("bold", form.bold.as_deref()),
            italic: self.optional_style("italic", form.italic.as_deref()),
            strike: self.optional_style("strike", form.strike.as_deref()),
            code: self.optional_style("code", form.code.as_deref()),
            code_block: self.styles("code_block", &form.code_block),
            line_numbers: self.optional_style("line_numbers", form.line_numbers.as_deref()),
            link: self.optional_style("link", form.link.as_deref()),
            bullets: form.bullets.chars().collect(),
            quote: self.optional_pattern("quote", form.quote.as_deref()),
            tables: form.tables.unwrap_or(true),
        }
    }

    fn styles(&mut self, key: &str, sources: &[String]) -> Vec<StyleWanted> {
        let sources = sources.iter().enumerate();
        self.at(key, |r| {
            sources.filter_map(|(i, s)| r.nth(i, |r| r.style(s))).collect()
        })
    }

    fn optional_style(&mut self, key: &str, source: Option<&str>) -> Option<StyleWanted> {
        source.and_then(|source| self.at(key, |r| r.style(source)))
    }

    fn style(&mut self, source: &str) -> Option<StyleWanted> {
        StyleWanted::parse(source)
            .map_err(|why| self.error(why, STYLE_HINT))
            .ok()
    }
}
