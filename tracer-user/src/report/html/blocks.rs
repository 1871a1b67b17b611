//! Parts of sections as HTML.

use maud::{Markup, html};

use super::super::page::{Block, Phrase, Tone};

/// A block.
pub fn block(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Fields(fields) => {
                dl.fields {
                    @for (name, value) in fields {
                        div { dt { (name) } dd { (span(value)) } }
                    }
                }
            }
            Block::Table { head, rows, numbers } => {
                div.scroll tabindex="0" role="region" aria-label="table" {
                    table.numbers[*numbers] {
                        @if head.iter().any(|title| !title.is_empty()) {
                            thead { tr { @for title in head { th scope="col" { (title) } } } }
                        }
                        tbody {
                            @for row in rows {
                                tr { @for cell in row { td { (span(cell)) } } }
                            }
                        }
                    }
                }
            }
            Block::Prose(phrase) => { p { (span(phrase)) } }
            Block::Points(points) => {
                @if !points.is_empty() {
                    ul { @for point in points { li { (span(point)) } } }
                }
            }
            Block::Change { language, before, after } => {
                div.change {
                    (code("Before", language, before, false))
                    (code("After", language, after, true))
                }
            }
        }
    }
}

/// Code, which can be copied where it is to be used.
fn code(title: &str, language: &Phrase, lines: &[Phrase], copies: bool) -> Markup {
    html! {
        @if !lines.is_empty() {
            figure.code.after[copies] {
                figcaption {
                    span { (title) @if !language.text().is_empty() { " " small { (language.text()) } } }
                    @if copies { button type="button" data-copy hidden { "Copy" } }
                }
                pre tabindex="0" {
                    code { @for line in lines { (line.text()) "\n" } }
                }
            }
        }
    }
}

fn span(phrase: &Phrase) -> Markup {
    let text = phrase.text();
    html! {
        @match phrase.meant() {
            Tone::Plain | Tone::Good | Tone::Minor => (text),
            Tone::Faint => { span.faint { (text) } }
            Tone::Strong | Tone::Warning => { strong { (text) } }
            Tone::Critical => { strong.accent { (text) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_sections() {
        let change = Block::Change {
            language: "python".into(),
            before: vec!["a < b".into()],
            after: vec!["b".into()],
        };
        let table = Block::Table {
            head: vec!["Step", "Avg"],
            rows: vec![vec!["Fetch".into(), Phrase::new("1 ms").tone(Tone::Strong)]],
            numbers: true,
        };
        let fields = Block::Fields(vec![("Rate", Phrase::new("4/s").tone(Tone::Critical))]);
        let all = [change, table, fields].map(|of| block(&of).into_string());
        insta::assert_snapshot!(all.join("\n").replace("><", ">\n<"), @r#"
<div class="change">
<figure class="code">
<figcaption>
<span>Before <small>python</small>
</span>
</figcaption>
<pre tabindex="0">
<code>a &lt; b
</code>
</pre>
</figure>
<figure class="code after">
<figcaption>
<span>After <small>python</small>
</span>
<button type="button" data-copy hidden>Copy</button>
</figcaption>
<pre tabindex="0">
<code>b
</code>
</pre>
</figure>
</div>
<div class="scroll" tabindex="0" role="region" aria-label="table">
<table class="numbers">
<thead>
<tr>
<th scope="col">Step</th>
<th scope="col">Avg</th>
</tr>
</thead>
<tbody>
<tr>
<td>Fetch</td>
<td>
<strong>1 ms</strong>
</td>
</tr>
</tbody>
</table>
</div>
<dl class="fields">
<div>
<dt>Rate</dt>
<dd>
<strong class="accent">4/s</strong>
</dd>
</div>
</dl>
"#);
    }
}
