//! Diagnostics: each mistake with its place, a message and a suggestion.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};

use super::codes::Code;

/// The maximum number of mistakes that are reported at once.
pub(crate) const MOST_REPORTED: usize = 100;

/// A part of a file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A mistake in a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code; see [`explain`](super::explain).
    pub code: Code,
    /// The mistake, in one sentence.
    pub message: String,
    /// The file's name as it was given.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// The bytes that the caret underlines.
    pub span: Span,
    /// A suggestion, if there is one.
    pub help: Option<String>,
}

/// A mistake before it has a file, a line and a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// Puts the finding into its file.
    pub(crate) fn locate(self, file: &str, text: &str) -> Diagnostic {
        let span = inside(self.span, text);
        let before = &text[..span.start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Diagnostic {
            code: self.code,
            message: self.message,
            file: file.to_owned(),
            line: count(before.matches('\n').count() + 1),
            column: count(before[line_start..].chars().count() + 1),
            span,
            help: self.help,
        }
    }
}

/// Puts findings into their file; not more than are reported at once.
pub(crate) fn locate(findings: Vec<Finding>, file: &str, text: &str) -> Vec<Diagnostic> {
    findings
        .into_iter()
        .take(MOST_REPORTED)
        .map(|finding| finding.locate(file, text))
        .collect()
}

/// The span cut back to whole characters of the text.
fn inside(span: Span, text: &str) -> Span {
    let start = text.floor_char_boundary(span.start);
    Span {
        start,
        end: text.ceil_char_boundary(span.end).max(start),
    }
}

/// Diagnostics as text for people: each with its code, place, line, caret and help.
///
/// `text` is the file they are about. With `color`, ANSI escapes set off the parts.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], text: &str, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut rendered = String::new();
    for diagnostic in diagnostics {
        rendered.push_str(&render_one(diagnostic, text, &renderer));
        rendered.push_str("\n\n");
    }
    rendered
}

fn render_one(diagnostic: &Diagnostic, text: &str, renderer: &Renderer) -> String {
    // Only the line in question is handed over: the cost is that of the mistake, not of the file.
    let span = inside(diagnostic.span, text);
    let from = text[..span.start]
        .rfind('\n')
        .map_or(0, |newline| newline + 1);
    let to = text[span.start..]
        .find('\n')
        .map_or(text.len(), |newline| span.start + newline);
    let caret = span.start - from..span.end.clamp(span.start, to) - from;

    let snippet = Snippet::source(&text[from..to])
        .line_start(usize::try_from(diagnostic.line).unwrap_or(usize::MAX))
        .path(normalize_untrusted_str(&diagnostic.file))
        .annotation(AnnotationKind::Primary.span(caret));
    let mut group = Level::ERROR
        .primary_title(normalize_untrusted_str(&diagnostic.message))
        .id(diagnostic.code.as_str())
        .element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(normalize_untrusted_str(help)));
    }
    renderer.render(&[group])
}
