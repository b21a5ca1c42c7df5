//! A control's README says what the control does: its sections, and tables that equal what the code says.

use crate::controls::controls;
use crate::fault::Fault;
use crate::markdown::prose;
use crate::repository::Repository;

/// What each control's README has to say, as words of its headings; one of each line.
const SECTIONS: [(&[&str], &str); 6] = [
    (&["configuration"], "Smallest configuration"),
    (&["fields"], "Fields"),
    (&["refusals", "reasons"], "Refusals"),
    (&["failures", "fails"], "Failures"),
    (&["limits", "bounds"], "Bounds"),
    (&["bypasses"], "Known bypasses"),
];

/// What the contract crate reads for every control; `filters/README.md` explains these.
pub const RESERVED: [&str; 7] =
    ["mode", "client_ip", "ambiguous_path", "body_hold", "refusals", "routes", "consumers"];

/// A table of a Markdown file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The header's cells, in lower case.
    pub header: Vec<String>,
    /// The rows with their lines.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    /// The place of a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|cell| cell == name)
    }
}

/// One reason for a refusal, as code or README say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The label.
    pub label: String,
    /// The status.
    pub status: u16,
    /// What the client reads.
    pub message: String,
}

/// Every table of a text.
#[must_use]
pub fn tables(text: &str) -> Vec<Table> {
    let mut found: Vec<Table> = Vec::new();
    let mut last = 0;
    for (number, line) in prose(text).filter(|(_, line)| line.trim_start().starts_with('|')) {
        let cells = cells(line);
        if number != last + 1 {
            let header = cells.iter().map(|cell| cell.to_lowercase().replace('`', "")).collect();
            found.push(Table { header, rows: Vec::new() });
        } else if let Some(table) = found.last_mut() {
            let rule = cells.iter().all(|cell| cell.bytes().all(|byte| b"-: ".contains(&byte)));
            if !rule {
                table.rows.push((number, cells));
            }
        }
        last = number;
    }
    found
}

/// The cells of a row; `\|` is a bar within one.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner).replace("\\|", "\u{0}");
    inner.split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn path(control: &str) -> String {
    format!("filters/{control}/README.md")
}

/// Each README has its title, its purpose and its sections.
#[must_use]
pub fn readmes_are_whole(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for name in controls(repository) {
        let path = path(&name);
        let Some(file) = repository.file(&path) else { continue };
        let lines: Vec<&str> = prose(file.text()).map(|(_, line)| line).collect();
        if lines.first().is_none_or(|line| !line.starts_with("# ") || !line.contains(&name)) {
            faults.push(Fault::new(&path, 1, format!("does not start with `# {name}`: name it")));
        }
        let purpose = lines.iter().skip(1).take_while(|line| !line.starts_with('#'));
        if purpose.into_iter().all(|line| line.trim().is_empty()) {
            faults.push(Fault::new(
                &path,
                1,
                "does not say its purpose: put a sentence below the title",
            ));
        }
        let headings: Vec<String> = lines
            .iter()
            .filter(|line| line.starts_with("## "))
            .map(|line| line.to_lowercase())
            .collect();
        for (words, title) in SECTIONS {
            let is_it = |heading: &String| {
                words
                    .iter()
                    .any(|word| heading.split(|c: char| !c.is_alphanumeric()).any(|x| x == *word))
            };
            if !headings.iter().any(is_it) {
                let message = format!("has no section `## {title}`: write it");
                faults.push(Fault::new(&path, 1, message));
            }
        }
    }
    faults
}

/// The README's table of refusals equals the control's closed list.
#[must_use]
pub fn reasons_are_documented(repository: &Repository, control: &str, code: &[Row]) -> Vec<Fault> {
    let path = path(control);
    let mut faults = Vec::new();
    let mut documented = Vec::new();
    for table in tables(repository.text(&path)) {
        let columns = ["reason", "status", "message"].map(|name| table.column(name));
        let [Some(reason), Some(status), Some(message)] = columns else { continue };
        for (line, cells) in &table.rows {
            let cell = |column: usize| cells.get(column).map_or("", String::as_str);
            let row = Row {
                label: cell(reason).trim_matches('`').to_owned(),
                status: cell(status).trim_matches('`').parse().unwrap_or_default(),
                message: cell(message).trim_matches('`').to_owned(),
            };
            if !code.contains(&row) {
                let said = code.iter().find(|other| other.label == row.label).map_or_else(
                    || "the code has no such reason; remove the row".to_owned(),
                    |other| {
                        format!("the code says {} `{}`; write that", other.status, other.message)
                    },
                );
                faults.push(Fault::new(&path, *line, format!("`{}`: {said}", row.label)));
            }
            documented.push(row.label);
        }
    }
    for row in code.iter().filter(|row| !documented.contains(&row.label)) {
        let message = format!(
            "does not document `{}` ({}, `{}`): add it to a table with the columns reason, status, message",
            row.label, row.status, row.message
        );
        faults.push(Fault::new(&path, 1, message));
    }
    faults
}

/// Names in the column `column` of the README's tables equal those of the code; `name` takes them out of a cell's word.
fn names_are_documented(
    repository: &Repository,
    control: &str,
    column: &str,
    code: &[String],
    name: impl Fn(&str) -> String,
    optional: &[&str],
) -> Vec<Fault> {
    let path = path(control);
    let mut faults = Vec::new();
    let mut documented = Vec::new();
    for table in tables(repository.text(&path)) {
        let Some(place) = table.column(column) else { continue };
        for (line, cells) in &table.rows {
            for word in quoted(cells.get(place).map_or("", String::as_str)) {
                let name = name(word);
                if !code.contains(&name) && !optional.contains(&name.as_str()) {
                    let message =
                        format!("the code has no {column} `{name}`: remove or correct the row");
                    faults.push(Fault::new(&path, *line, message));
                }
                documented.push(name);
            }
        }
    }
    let missing = code.iter().filter(|name| !documented.contains(name));
    for name in missing.filter(|name| !optional.contains(&name.as_str())) {
        let message = format!(
            "does not document the {column} `{name}`: add it to a table with the column {column}"
        );
        faults.push(Fault::new(&path, 1, message));
    }
    faults
}

/// The README's tables of counters equal the control's closed list.
#[must_use]
pub fn counters_are_documented(
    repository: &Repository,
    control: &str,
    code: &[String],
) -> Vec<Fault> {
    names_are_documented(repository, control, "counter", code, str::to_owned, &[])
}

/// Every field that the control takes is documented, and every documented one is taken. `accepted` are the names on
/// the top level; `issuers[].keys` is documented by `issuers`.
#[must_use]
pub fn fields_are_documented(
    repository: &Repository,
    control: &str,
    accepted: &[String],
) -> Vec<Fault> {
    let top = |word: &str| word.split(['.', '[', ':']).next().unwrap_or_default().trim().to_owned();
    names_are_documented(repository, control, "field", accepted, top, &RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# a: does it\n\nWhy.\n\n## Smallest configuration\n## Fields\n| field | what |\n|---|---|\n| `x`, `y.z` | \\| |\n| `mode` | |\n## Refusals\n| Status | Reason | Message |\n|---|---|---|\n| 401 | `no` | Say no |\n## Counters\n| counter | when |\n|---|---|\n| `seen` | |\n## Failures\n## Bounds\n## Known bypasses\n";

    fn repository(readme: &str) -> Repository {
        Repository::of(&[("filters/a/README.md", readme), ("filters/a/module/Cargo.toml", "")])
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_readme_that_lacks_a_part_is_found() {
        assert_eq!(readmes_are_whole(&repository(README)), []);
        for part in [
            "# a: does it",
            "Why.",
            "## Smallest configuration",
            "## Fields",
            "## Refusals",
            "## Failures",
            "## Bounds",
            "## Known bypasses",
        ] {
            let faults = readmes_are_whole(&repository(&README.replacen(part, "", 1)));
            assert!(!faults.is_empty(), "{part}");
        }
    }

    #[test]
    fn a_reason_that_differs_is_found() {
        let row = |label: &str, status, message: &str| Row {
            label: label.into(),
            status,
            message: message.into(),
        };
        let faults = |code: &[Row]| reasons_are_documented(&repository(README), "a", code).len();
        assert_eq!(faults(&[row("no", 401, "Say no")]), 0);
        assert_eq!(faults(&[row("no", 403, "Say no")]), 1);
        assert_eq!(faults(&[row("no", 401, "No")]), 1);
        assert_eq!(faults(&[]), 1);
        assert_eq!(faults(&[row("no", 401, "Say no"), row("other", 400, "x")]), 1);
    }

    #[test]
    fn a_counter_or_field_that_differs_is_found() {
        let counters =
            |code: &[&str]| counters_are_documented(&repository(README), "a", &names(code)).len();
        assert_eq!([counters(&["seen"]), counters(&[]), counters(&["seen", "b"])], [0, 1, 1]);
        let fields =
            |code: &[&str]| fields_are_documented(&repository(README), "a", &names(code)).len();
        let found =
            [fields(&["x", "y", "mode", "routes"]), fields(&["x"]), fields(&["x", "y", "z"])];
        assert_eq!(found, [0, 1, 1]);
    }
}
