use std::fmt::{self, Formatter};

use super::phrases::{json, name, pattern};
use crate::condition::{ConditionPart, Holds};

/// Writes a condition, a line for each part, with what was found below each other.
pub(super) fn write(
    f: &mut Formatter<'_>,
    condition: Option<&ConditionPart>,
    indent: usize,
) -> fmt::Result {
    let mut lines = Vec::new();
    match condition {
        None => {}
        // Its answer is the rule's, and is told there.
        Some(root) if is_plain(root) => {
            for part in root.parts() {
                gather(part, 0, &mut lines);
            }
        }
        Some(root) => gather(root, 0, &mut lines),
    }
    let marks = lines.iter().map(|line| line.mark.len());
    let mark_width = marks.max().unwrap_or_default().max(MARK_WIDTH);
    let widths = lines.iter().filter(|line| !line.found.is_empty());
    let widths = widths.map(Line::width).filter(|width| *width <= MOST_WIDTH);
    let width = widths.max().unwrap_or_default();
    for line in &lines {
        let Line {
            depth, mark, text, ..
        } = line;
        let begin = indent + depth * 2;
        write!(f, "{:begin$}{mark:<mark_width$}  {text}", "")?;
        if !line.found.is_empty() {
            let gap = width.saturating_sub(line.width()) + 3;
            write!(f, "{:gap$}{}", "", line.found)?;
        }
        writeln!(f)?;
    }
    Ok(())
}

struct Line {
    depth: usize,
    mark: &'static str,
    text: String,
    /// What was found, and what else there is to know.
    found: String,
}

impl Line {
    /// Where the text ends, but for what all lines have in front.
    fn width(&self) -> usize {
        self.depth * 2 + self.text.chars().count()
    }
}

fn gather(part: &ConditionPart, depth: usize, lines: &mut Vec<Line>) {
    let found = part.found().map(|found| {
        if found.is_null() {
            "found nothing".to_owned()
        } else {
            format!("found {}", json(found))
        }
    });
    let skipped = part.holds() == Holds::Malformed && !part.is_reached();
    let note = part.note().map(|note| format!("({note})"));
    let skipped = skipped.then(|| "(not reached)".to_owned());
    let found: Vec<String> = [found, note, skipped].into_iter().flatten().collect();
    lines.push(Line {
        depth,
        mark: part.holds().as_str(),
        text: text(part),
        found: found.join(" "),
    });
    for inner in part.parts() {
        gather(inner, depth + 1, lines);
    }
}

fn text(part: &ConditionPart) -> String {
    let operator = match part.operator() {
        "$and" => "all of",
        "$or" => "any of",
        "$nor" => "none of",
        "$not" if part.path().is_none() => "not",
        "$savedGroup" => {
            let id = part.operand().and_then(|id| id.as_str());
            let by = part.path().map(|path| format!(", by {}", name(path)));
            return format!(
                "in group {}{}",
                name(id.unwrap_or_default()),
                by.unwrap_or_default()
            );
        }
        operator => operator,
    };
    let path = part.path().map(|path| format!("{} ", name(path)));
    let is_pattern = matches!(operator, "$regex" | "$regexi" | "$notRegex" | "$notRegexi");
    let operand = part.operand().map(|operand| match operand.as_str() {
        Some(text) if is_pattern => format!(" {}", pattern(text)),
        _ => format!(" {}", json(operand)),
    });
    format!(
        "{}{operator}{}",
        path.unwrap_or_default(),
        operand.unwrap_or_default()
    )
}

/// Whether a condition is tests side by side, with an answer that follows from theirs.
fn is_plain(root: &ConditionPart) -> bool {
    root.operator() == "$and"
        && !root.parts().is_empty()
        && matches!(root.holds(), Holds::No | Holds::Yes)
}

const MARK_WIDTH: usize = 3;

/// Lines that are longer do not push the others' second column to the right.
const MOST_WIDTH: usize = 48;
