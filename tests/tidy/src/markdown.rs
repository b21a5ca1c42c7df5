//! Documentation that leads somewhere and whose examples somebody tries.

use std::path::Path;

use crate::fault::Fault;
use crate::repository::{File, Repository};

/// One fenced block of YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlBlock {
    /// The file, from the repository's root.
    pub file: String,
    /// The line of its fence, from 1.
    pub line: usize,
    /// What stands in it.
    pub text: String,
}

/// The blocks that open with ```` ```yaml ```` in a file.
///
/// # Panics
/// When the file cannot be read.
#[must_use]
pub fn yaml_blocks(path: &Path) -> Vec<YamlBlock> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let root = Repository::root();
    let name = path.strip_prefix(&root).unwrap_or(path).to_string_lossy().into_owned();
    blocks(&File::new(&name, Some(text)))
        .into_iter()
        .filter(|(words, _)| words == "yaml")
        .map(|(_, block)| block)
        .collect()
}

/// The blocks of YAML in every Markdown file of the repository; each of them has to work.
#[must_use]
pub fn all_yaml_blocks(repository: &Repository) -> Vec<YamlBlock> {
    repository
        .ending(".md")
        .flat_map(blocks)
        .filter(|(words, _)| words == "yaml")
        .map(|(_, block)| block)
        .collect()
}

/// Every YAML file of `envoy/`, from the repository's root; each of them is a configuration that has to load.
#[must_use]
pub fn envoy_files(repository: &Repository) -> Vec<String> {
    let files = repository.ending(".yaml").filter(|file| file.path.starts_with("envoy/"));
    files.map(|file| file.path.clone()).collect()
}

/// Every fenced block with the words behind its fence.
fn blocks(file: &File) -> Vec<(String, YamlBlock)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String, YamlBlock)> = None;
    for (line, text) in file.lines() {
        let trimmed = text.trim_start();
        let ticks = trimmed.len() - trimmed.trim_start_matches('`').len();
        match &mut open {
            None if ticks >= 3 => {
                let block = YamlBlock { file: file.path.clone(), line, text: String::new() };
                let indent = text[..text.len() - trimmed.len()].to_owned();
                open = Some((indent, trimmed[ticks..].trim().to_owned(), block));
            }
            None => {}
            Some((_, words, block)) if trimmed.trim_end() == "```" => {
                found.push((std::mem::take(words), block.clone()));
                open = None;
            }
            Some((indent, _, block)) => {
                block.text.push_str(text.strip_prefix(indent.as_str()).unwrap_or(text));
                block.text.push('\n');
            }
        }
    }
    found
}

/// A block of YAML is an example that a test loads: its fence says `yaml` and nothing else.
#[must_use]
pub fn no_example_is_skipped(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.ending(".md") {
        let fences = file.lines().filter(|(_, line)| line.trim_start().starts_with("```")).count();
        if fences % 2 == 1 {
            faults.push(Fault::new(&file.path, 1, "has a code block without end: close it"));
        }
        for (words, block) in blocks(file) {
            let lower = words.to_lowercase();
            let message =
                if (lower.starts_with("yaml") || lower.starts_with("yml")) && words != "yaml" {
                    format!("`{words}` hides an example from its test: write `yaml` alone")
                } else if words.is_empty() {
                    "has no language: write `text` where there is none".to_owned()
                } else {
                    continue;
                };
            faults.push(Fault::new(&file.path, block.line, message));
        }
    }
    faults
}

/// Relative links lead to files and headings that are there.
#[must_use]
pub fn links_lead_somewhere(repository: &Repository) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.ending(".md") {
        for (number, target) in links(file) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((&target, ""));
            let path =
                if path.is_empty() { Some(file.path.clone()) } else { join(&file.path, path) };
            let there = path.as_deref().is_some_and(|path| repository.has(path));
            if !there {
                let message = format!("`{target}` leads nowhere: correct or remove the link");
                faults.push(Fault::new(&file.path, number, message));
                continue;
            }
            let text = repository.text(path.as_deref().unwrap_or_default());
            if !heading.is_empty() && !slugs(text).iter().any(|slug| slug == heading) {
                let message = format!("`{target}`: there is no such heading; correct the link");
                faults.push(Fault::new(&file.path, number, message));
            }
        }
    }
    faults
}

/// The lines outside of fenced blocks.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Targets of `[text](target)` and `[name]: target`, code spans left out.
fn links(file: &File) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in prose(file.text()) {
        // Outside of backticks: every second piece.
        let plain: Vec<&str> = line.split('`').step_by(2).collect();
        let line = plain.join("");
        for (place, _) in line.match_indices("](") {
            let target = line[place + 2..].split([')', ' ']).next().unwrap_or_default();
            found.push((number, target.to_owned()));
        }
        let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        found.extend(reference.map(|(_, target)| (number, target.trim().to_owned())));
    }
    found
}

/// A path relative to the folder of `file`; `None` where it leaves the repository.
fn join(file: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The headings of a text as the anchors that they become.
fn slugs(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|(_, line)| line.starts_with('#'));
    headings
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let readme =
            "[a](b/c.md) [b](b/) [c](#my-title-2)\n\n## My `title` 2!\n[x]: b/c.md#other\n";
        let other = "## Other\n[up](../README.md#my-title-2)\n`[code](x)`\n```text\n[y](z)\n```\n";
        let repository = |more: &str| {
            Repository::of(&[("README.md", &format!("{readme}{more}")), ("b/c.md", other)])
        };
        assert_eq!(links_lead_somewhere(&repository("")), []);
        for link in ["[a](b/d.md)", "[a](../x)", "[a](#my)", "[a](b/c.md#my-title)", "[r]: nowhere"]
        {
            let faults = links_lead_somewhere(&repository(link));
            assert_eq!(faults.len(), 1, "{link}");
            assert_eq!(faults[0].line, 5, "{link}");
        }
        assert_eq!(links_lead_somewhere(&repository("[a](https://example.com/x)")), []);
    }

    #[test]
    fn an_example_that_is_skipped_is_found() {
        for fence in ["yaml,skip", "yaml ignore", "YAML", "yml", "yaml norun", ""] {
            let text = format!("\n```{fence}\na: 1\n```\n");
            let faults = no_example_is_skipped(&Repository::of(&[("a.md", &text)]));
            assert_eq!(faults.len(), 1, "{fence}");
            assert_eq!(faults[0].line, 2, "{fence}");
        }
        let text = "```yaml\na: 1\n```\n```sh\nx\n```\n";
        assert_eq!(no_example_is_skipped(&Repository::of(&[("a.md", text)])), []);
        assert_eq!(no_example_is_skipped(&Repository::of(&[("a.md", "```yaml\na: 1\n")])).len(), 1);
    }

    #[test]
    fn blocks_are_given_with_their_lines_and_without_their_indent() {
        let text =
            "# a\n```yaml\nb:\n  c: 1\n```\n- x\n  ```yaml\n  d: 2\n  ```\n```json\n{}\n```\n";
        let found = all_yaml_blocks(&Repository::of(&[("a.md", text)]));
        let found: Vec<_> = found.iter().map(|block| (block.line, block.text.as_str())).collect();
        assert_eq!(found, [(2, "b:\n  c: 1\n"), (7, "d: 2\n")]);
    }
}
