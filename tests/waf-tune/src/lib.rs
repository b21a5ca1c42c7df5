//! From the log of a gateway to the smallest `exclusions` that let pass what its WAF refused, and what they open.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a tool that cannot go on should say so and stop"
)]

mod line;
mod need;
mod request;
mod suggestion;
mod target;

pub use need::Thresholds;
pub use suggestion::Suggestion;

/// What a log suggests.
#[must_use]
pub fn suggest(log: &str, thresholds: Thresholds) -> Suggestion {
    let requests = request::refused(log);
    let needs: Vec<_> = requests.iter().map(|one| need::of(one, thresholds)).collect();
    Suggestion::of(&needs)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of a rule as the WAF writes it.
    fn line(request: &str, path: &str, id: u32, more: &str) -> String {
        format!(
            "[warning] portcullis: waf: [id \"{id}\"] {more} [uri \"{path}\"] [unique_id \"{request}\"]\n"
        )
    }

    fn critical(request: &str, path: &str, id: u32, target: &str) -> String {
        let more =
            format!("[severity \"CRITICAL\"] [tag \"paranoia-level/1\"] [target \"{target}\"]");
        line(request, path, id, &more)
    }

    fn evaluation(request: &str, path: &str, total: u32) -> String {
        let msg = format!("Inbound Anomaly Score Exceeded (Total Score: {total})");
        line(request, path, 949_110, &format!("[msg \"{msg}\"] [tag \"anomaly-evaluation\"]"))
    }

    fn suggested(log: &[String]) -> String {
        let text = suggest(&log.concat(), Thresholds::default()).to_string();
        text.lines()
            .filter(|line| !line.starts_with("# For"))
            .map(|line| line.to_owned() + "\n")
            .collect()
    }

    #[test]
    fn rules_that_need_the_same_stand_together_and_paths_are_as_narrow_as_all_allow() {
        let log = [
            critical("a", "/shop/search", 942_100, "ARGS:q"),
            critical("a", "/shop/search", 942_190, "ARGS:q"),
            evaluation("a", "/shop/search", 10),
            critical("b", "/shop/basket", 942_100, "ARGS:q"),
            critical("b", "/shop/basket", 941_100, "REQUEST_BODY"),
            evaluation("b", "/shop/basket", 10),
        ];
        let expected = "exclusions:\n\
            # 942190 no longer sees ARGS:q on /shop/search.\n\
            - rules: [942190]\n  match: {\"path\":{\"exact\":\"/shop/search\"}}\n  targets: [\"ARGS:q\"]\n\
            # 941100 no longer sees REQUEST_BODY on /shop/basket.\n\
            - rules: [941100]\n  match: {\"path\":{\"exact\":\"/shop/basket\"}}\n  targets: [\"REQUEST_BODY\"]\n\
            # 942100 no longer sees ARGS:q on /shop and below.\n\
            - rules: [942100]\n  match: {\"path\":{\"prefix\":\"/shop\"}}\n  targets: [\"ARGS:q\"]\n";
        let mut found: Vec<String> = suggested(&log).split("# ").map(str::to_owned).collect();
        let mut wanted: Vec<String> = expected.split("# ").map(str::to_owned).collect();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
        let everywhere =
            [log.as_slice(), &[critical("c", "/", 942_100, "ARGS:q"), evaluation("c", "/", 5)]];
        assert!(
            suggested(&everywhere.concat()).contains("942100 no longer sees ARGS:q on any path")
        );
    }

    #[test]
    fn no_more_is_excluded_than_the_threshold_asks_for() {
        let notice = |id| line("a", "/", id, "[severity \"NOTICE\"] [target \"ARGS:n\"]");
        let above = line(
            "a",
            "/",
            942_521,
            "[severity \"CRITICAL\"] [tag \"paranoia-level/3\"] [target \"ARGS:q\"]",
        );
        let log = [
            notice(920_280),
            critical("a", "/", 942_100, "ARGS:q"),
            above,
            notice(920_300),
            evaluation("a", "/", 9),
        ];
        let text = suggested(&log);
        assert!(text.contains("- rules: [942100]\n") && !text.contains("920"), "{text}");
        assert!(
            !text.contains("942521"),
            "a rule above the level that blocks adds nothing: {text}"
        );
        let strict = Thresholds { inbound: 3, outbound: 4 };
        let value = suggest(&log.concat(), strict).value().to_string();
        assert!(value.contains("942100") && value.contains("920280"), "{value}");
    }

    #[test]
    fn what_passed_is_left_alone_and_what_a_rule_refused_by_itself_is_not() {
        let passed = critical("a", "/", 942_100, "ARGS:q");
        assert_eq!(
            suggested(std::slice::from_ref(&passed)),
            "# No rule refused anything in this log.\n"
        );
        let record = "[warning] {\"portcullis\":{\"control\":\"waf\",\"outcome\":\"refused\",\"reason\":\"rule\",\"mode\":\"enforce\",\"unique_id\":\"a\"},\"path\":\"/\"}\n".to_owned();
        let denied =
            line("a", "/", 10_430_002, "[severity \"CRITICAL\"] [target \"REQBODY_ERROR\"]");
        let text = suggested(&[passed, denied, record.clone()]);
        assert!(
            text.contains("# 10430002 no longer runs on /") && !text.contains("942100"),
            "{text}"
        );
        let other = record.replace("refused", "noted");
        assert!(suggest(&other, Thresholds::default()).is_empty());
    }

    #[test]
    fn a_log_that_lacks_lines_is_told() {
        let log = [critical("a", "/", 942_100, "ARGS:q"), evaluation("a", "/", 10)];
        assert!(suggested(&log).contains("# 1 of them have rules that are not in the log"));
    }
}
