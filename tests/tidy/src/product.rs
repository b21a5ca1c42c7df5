//! The repository speaks of the product alone: not of the machines, tools and people that made it.

use crate::fault::{Exception, Fault, except};
use crate::repository::Repository;
use crate::source::places;

/// Folders of one machine. The words are put together here, so that this file passes its own rule.
const MACHINE_FOLDERS: [&str; 5] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/t", "mp/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// Hosts that packages are fetched from: clients know their own, and a mirror takes their place in many networks.
const REGISTRIES: [&str; 14] = [
    concat!("crates", ".io"),
    concat!("static.rust-lang", ".org"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("deb.debian", ".org"),
    concat!("security.debian", ".org"),
    concat!("archive.ubuntu", ".com"),
    concat!("docker", ".io"),
    concat!("ghcr", ".io"),
    concat!("quay", ".io"),
    concat!("gcr", ".io"),
    concat!("npmjs", ".org"),
    concat!("npmjs", ".com"),
    concat!("proxy.golang", ".org"),
];

/// Who or what wrote a text is not the product's business. A TLS session, a user agent and an
/// e-mail are other words.
const MAKERS: [&str; 17] = [
    concat!("sub", "agent"),
    concat!("sub-", "agent"),
    concat!("hel", "per"),
    concat!("hel", "pers"),
    concat!("clau", "de"),
    concat!("anthro", "pic"),
    concat!("ope", "nai"),
    concat!("chat", "gpt"),
    concat!("co", "pilot"),
    concat!("ll", "m"),
    concat!("a", "\u{69}"),
    concat!("this ses", "sion"),
    concat!("my ses", "sion"),
    concat!("earlier ses", "sion"),
    concat!("previous ses", "sion"),
    concat!("last ses", "sion"),
    concat!("../sha", "red"),
];

const EXCEPTIONS: [Exception; 1] = [Exception {
    file: "envoy/docker-compose.yaml",
    text: concat!("/t", "mp/envoy.yaml"),
    reason: "a folder of the container, in memory",
}];

/// Written by cargo, which names its registry.
const GENERATED: [&str; 1] = ["Cargo.lock"];

/// No folder of a machine, no registry's host, no word about who made it.
#[must_use]
pub fn the_product_alone_is_spoken_of(repository: &Repository) -> Vec<Fault> {
    spoken_of_but_for(repository, &EXCEPTIONS)
}

fn spoken_of_but_for(repository: &Repository, exceptions: &[Exception]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for file in repository.texts().filter(|file| !GENERATED.contains(&file.path.as_str())) {
        for (number, line) in file.lines() {
            let mut fault = |message: String| faults.push(Fault::new(&file.path, number, message));
            for folder in MACHINE_FOLDERS.iter().filter(|folder| starts_a_path(line, folder)) {
                fault(format!(
                    "`{folder}` is a folder of some machine: ask the environment, or write a path \
                     from the repository's root"
                ));
            }
            let lower = line.to_lowercase();
            for host in REGISTRIES.iter().filter(|host| lower.contains(**host)) {
                fault(format!(
                    "`{host}` is a registry: let its client know where it is, and name the package"
                ));
            }
            for word in MAKERS.iter().filter(|word| is_a_word_of(&lower, word)) {
                fault(format!("`{word}` is not about the product: say what the thing does"));
            }
        }
    }
    except(faults, exceptions, |fault| repository.line(fault))
}

/// A word between other words; a part of an address or an identifier (`api.ai`, `x-ai`) is none.
fn is_a_word_of(line: &str, word: &str) -> bool {
    places(line, word).any(|start| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|c| matches!(c, '.' | '-' | '@') && !word.starts_with('.'))
    })
}

/// True where the folder is not in the middle of a longer path.
fn starts_a_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        before.is_none_or(|c| !c.is_ascii_alphanumeric() && !"_.}~-*".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        spoken_of_but_for(&Repository::of(&[("a.md", line)]), &[]).len()
    }

    #[test]
    fn every_folder_host_and_word_is_found() {
        for folder in MACHINE_FOLDERS {
            assert_eq!(found(&format!("see `{folder}x`")), 1, "{folder}");
        }
        for host in REGISTRIES {
            assert_eq!(found(&format!("https://{host}/x")), 1, "{host}");
        }
        for word in MAKERS {
            assert_eq!(found(&format!("by {word}, once")), 1, "{word}");
            assert_eq!(found(&format!("By {}.", word.to_uppercase())), 1, "{word}");
        }
    }

    #[test]
    fn what_is_about_the_product_passes() {
        for line in [
            "a TLS session is resumed; sessions of the upstream; user-agent",
            "LLVM, said, email, https://idp.example.com/v1/work/x, ./tmp/x, target/tmp/y",
            "x.ai and tests/home/x",
        ] {
            assert_eq!(found(line), 0, "{line}");
        }
    }
}
