//! What every Envoy of this repository says by itself: one text, in each of them.

use crate::fault::Fault;
use crate::markdown::all_yaml_blocks;
use crate::repository::Repository;

/// The full gateway: what stands in it stands in all.
const FULL: &str = "envoy/envoy.yaml";

/// An upstream for trying the gateway on, and no gateway.
const UPSTREAM: &str = "envoy/echo.yaml";

const MANAGER: &str = ".v3.HttpConnectionManager";
const LOCAL: &str = "local_reply_config:";

/// Every connection manager gives what Envoy answers itself the product's form, and names neither a server nor a proxy.
#[must_use]
pub fn envoys_answer_alike(repository: &Repository) -> Vec<Fault> {
    let Some(own) = block(repository.text(FULL), LOCAL) else {
        return vec![Fault::new(FULL, 1, format!("has no `{LOCAL}`: write it"))];
    };
    let files = repository.ending(".yaml").filter(|file| file.path.starts_with("envoy/"));
    let files = files.map(|file| (file.path.clone(), 0, file.text().to_owned()));
    let examples = all_yaml_blocks(repository);
    let examples = examples.into_iter().map(|example| (example.file, example.line, example.text));
    let mut faults = Vec::new();
    for (path, before, text) in files.chain(examples).filter(|(path, ..)| path != UPSTREAM) {
        let managers = text.lines().enumerate().filter(|(_, line)| line.contains(MANAGER));
        for (number, line) in managers {
            let mut fault = |message: String| {
                faults.push(Fault::new(&path, before + number + 1, message));
            };
            let manager = siblings(&text, number, indent(line));
            if block(&manager, LOCAL).as_ref() != Some(&own) {
                fault(format!("has another `{LOCAL}` than {FULL}: copy it from there"));
            }
            if !manager.contains("server_header_transformation: PASS_THROUGH") {
                fault(
                    "names itself `envoy`: set server_header_transformation: PASS_THROUGH".into(),
                );
            }
            if manager.lines().any(|line| line.trim_start().starts_with("via:")) {
                fault("sets `via`, which tells of it: remove it".into());
            }
        }
    }
    faults
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines of an object from one of them on, all of which stand as far to the right.
fn siblings(text: &str, from: usize, by: usize) -> String {
    let inside = |line: &&str| line.trim().is_empty() || indent(line) >= by;
    let lines: Vec<&str> = text.lines().skip(from).take_while(inside).collect();
    lines.join("\n")
}

/// A member of an object, without its indentation and the comments around it.
fn block(text: &str, key: &str) -> Option<Vec<String>> {
    let mut lines = text.lines().skip_while(|line| line.trim() != key);
    let first = lines.next()?;
    let by = indent(first);
    let inside = lines.take_while(|line| indent(line) > by && !line.trim().is_empty());
    let cut = |line: &str| line[by..].to_owned();
    Some(std::iter::once(first).chain(inside).map(cut).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "a:\n- \"@type\": x.v3.HttpConnectionManager\n  server_header_transformation: PASS_THROUGH\n  local_reply_config:\n    b: 1\n  c: 2\n";

    #[test]
    fn an_envoy_that_answers_otherwise_is_found() {
        let indented = GOOD.replace('\n', "\n    ");
        let good = [(FULL, GOOD), ("envoy/examples/x.yaml", indented.as_str()), (UPSTREAM, "x")];
        assert_eq!(envoys_answer_alike(&Repository::of(&good)), []);
        for (from, to) in [
            ("b: 1", "b: 2"),
            ("    b: 1\n", "    b: 1\n    d: 1\n"),
            ("  local_reply_config:\n    b: 1\n", ""),
            ("PASS_THROUGH", "OVERWRITE"),
            ("  c: 2", "  via: me"),
        ] {
            let other = GOOD.replace(from, to);
            let files = [(FULL, GOOD), ("envoy/examples/x.yaml", other.as_str())];
            assert_eq!(envoys_answer_alike(&Repository::of(&files)).len(), 1, "{from}");
            let readme = format!("```yaml\n{other}```\n");
            let files = [(FULL, GOOD), ("filters/x/README.md", readme.as_str())];
            assert_eq!(envoys_answer_alike(&Repository::of(&files)).len(), 1, "{from}");
        }
        assert_eq!(envoys_answer_alike(&Repository::of(&[(FULL, "")])).len(), 1);
    }
}
