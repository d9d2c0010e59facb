//! The page: one HTML file with inline figures and style, no scripts, nothing loaded from anywhere.
//!
//! First screen: verdict, key numbers, the margin histogram, accuracy and what limits it. Parts without data are left out.

mod cycle;
mod sections;
mod tables;

use super::error::ReportError;
use super::figures::Figure;
use super::render;
use crate::results::run::RunResult;

const STYLE: &str = include_str!("style.css");

/// Text safe inside HTML elements and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// The whole page.
///
/// # Errors
/// If a figure cannot be drawn.
pub fn page(result: &RunResult, figures: &[Figure]) -> Result<String, ReportError> {
    let title = sections::title(result);
    let find = |name: &str| figures.iter().find(|figure| figure.name == name);
    let optional = |name: &str| find(name).map_or_else(|| Ok(String::new()), figure_html);
    let first = ["margin_histogram", "accuracy", "virtual_chips"];
    let later: Vec<&Figure> = figures
        .iter()
        .filter(|figure| !first.contains(&figure.name.as_str()))
        .collect();
    let mut body = sections::header(result);
    body += &sections::tiles(result);
    body += "<div class=\"grid\">";
    body += &optional(first[0])?;
    let (accuracy, chips) = (optional(first[1])?, optional(first[2])?);
    // Without accuracies the limits stand alone and take the whole width.
    let class = match (accuracy.as_str(), chips.as_str()) {
        ("", "") => "column wide",
        _ => "column",
    };
    body += &accuracy;
    body += &format!(
        "<div class=\"{class}\">{}{chips}</div></div>",
        sections::limits(result)
    );
    body += &sections::warnings(result);
    if !later.is_empty() {
        body += "<h2>Figures</h2><div class=\"grid\">";
        for figure in later {
            body += &figure_html(figure)?;
        }
        body += "</div>";
    }
    body += &tables::layers(&result.layers);
    body += &tables::mapping(&result.layers);
    body += &result
        .cycle
        .as_ref()
        .map_or_else(String::new, cycle::tables);
    body += &tables::hardware(&result.arch);
    body += &sections::reproduction(result);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escape(&title)
    ))
}

fn figure_html(figure: &Figure) -> Result<String, ReportError> {
    let class = if figure.is_wide() { "wide" } else { "half" };
    Ok(format!(
        "<figure class=\"{class}\" id=\"{}\">\n{}<figcaption>{}</figcaption></figure>\n",
        escape(&figure.name),
        render::inline_svg(&figure.picture, &figure.title)?,
        escape(&figure.caption),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_is_text() {
        assert_eq!(
            escape("<a href='x'>&\"\u{7}"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot; "
        );
    }
}
