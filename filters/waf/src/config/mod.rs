//! Reads the fields, and makes a program and its profiles of them.

mod bundle;
mod defaults;
mod exclusion;
mod rules;
mod settings;

use std::rc::Rc;
use std::time::Duration;

use portcullis_control::config::{Node, Section};
use portcullis_control::inspection::{
    ENVOYS_BUFFER, Inspection, LARGEST_MAX, OnLimit, OnUninspected, read_timeout,
};
use portcullis_control::program::Site;
use portcullis_waf_engine::{DataPolicy, EngineMode, LimitAction, LogData, Profile, Settings};

use crate::audit::Audit;
use crate::control::{Limits, Waf};
use crate::preview::Preview;
use crate::rulesets::Choice;
use crate::secret::secret;

/// Bytes of a value that a line shows under `log_data: matched`: enough to see what it is.
const SHOWN: usize = 64;

/// Lines of the log a second and worker, unless configured: a request may cause several dozen, and tuning needs all of a
/// few; a flood of attacks must not fill a disk.
const LOG_LINES: u64 = 1_000;

/// As many as an operator may ask for: for tests of a rule set, which look at every line.
const MOST_LOG_LINES: u64 = 1_000_000;

/// How long the body of a response is held, unless configured: less than the 15 seconds after which Envoy's own routes give
/// up, so that a slow one still comes.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn read(section: &mut Section<'_>, _site: &Site<'_>) -> Option<Waf> {
    let tx = settings::read(section);
    let rules = rules::read(section, &tx);
    let exclusions = section.optional("exclusions").map(|node| exclusion::read(&node));
    let block_status = section.optional("block").and_then(|node| {
        node.section(|section| {
            let status = section.required("status")?.integer(400..=599)?;
            u16::try_from(status).ok()
        })
    });
    let allow_errors =
        section.or("on_error", false, |node| node.word(&[("refuse", false), ("allow", true)]));
    let pass_streams =
        section.or("on_stream", false, |node| node.word(&[("refuse", false), ("pass", true)]));
    let log_data = section.or("log_data", matched(), |node| {
        match node.word(&[("matched", 0), ("full", 1), ("none", 2)])? {
            0 => Some(matched()),
            1 => Some(LogData::Full),
            _ => Some(LogData::None),
        }
    });
    let log_lines = section.or("log_lines", LOG_LINES, |node| node.integer(0..=MOST_LOG_LINES));
    let log_lines = u32::try_from(log_lines).unwrap_or(u32::MAX);
    let audit = section.optional("audit").and_then(|node| Audit::read(&node, &log_data));
    let preview = section.optional("preview").and_then(|node| {
        let preview = Preview::read(&node, tx.detected())?;
        if preview.has_level() && rules.as_ref().is_some_and(|rules| rules.choice == Choice::Base) {
            node.fault(
                "`paranoia_level` needs rules that have levels, and those of `base` have none",
            );
        }
        Some(preview)
    });
    let limits = read_limits(section);
    let response_body = section.optional("response_body").and_then(|node| node.boolean());
    let response_limit = read_bytes(section, "response_body_limit", 500);
    let timeout = section.or("response_hold_timeout", RESPONSE_TIMEOUT, |node| read_timeout(&node));
    let strip_accept_encoding = section.or("strip_accept_encoding", true, |node| node.boolean());
    let exclusions = exclusions.unwrap_or_default();
    if let Some(rules) = &rules {
        for exclusion in &exclusions {
            for removal in &exclusion.rules {
                rules.try_out(removal, &exclusion.node);
            }
        }
    }
    if section.node().reader_has_faults() {
        return None;
    }
    let mut program = rules?;
    if let Some(on) = response_body {
        program.settings.response_body_access = on;
    }
    let settings = &mut program.settings;
    limits.write(settings);
    let limits = Limits {
        body: size(settings.request_body_limit),
        no_files: size(settings.request_body_no_files_limit),
        partial: settings.request_body_limit_action == LimitAction::ProcessPartial,
    };
    refuse_past_bounds(settings, section.node());
    // A rule may turn on for some responses what is off for the others.
    let may_read = settings.response_body_access || rules::turn_responses_on(&program.set);
    let settings = &program.settings;
    let inspection = may_read.then(|| Inspection {
        max: size(response_limit.unwrap_or(settings.response_body_limit)),
        timeout,
        on_limit: match settings.response_body_limit_action {
            LimitAction::ProcessPartial => OnLimit::Beginning,
            LimitAction::Reject => OnLimit::Refuse,
        },
        on_uninspected: OnUninspected::Pass,
        strip_accept_encoding,
        rewrites: false,
    });
    let linked = rules::link(&program);
    let program = match linked {
        Ok(program) => Rc::new(program),
        Err(faults) => {
            faults.iter().for_each(|fault| program.fault(fault, section.node()));
            return None;
        }
    };
    let tx = tx.values(pass_streams);
    let profile = |ceiling, exclusions: &[_]| match Profile::new(
        &program,
        ceiling,
        &tx,
        exclusions,
        log_data.clone(),
    ) {
        Ok(profile) => Some(Rc::new(profile)),
        Err(text) => {
            section.node().fault(text);
            None
        }
    };
    let everywhere: Vec<_> = exclusions
        .iter()
        .filter(|exclusion| exclusion.found.is_none())
        .flat_map(|exclusion| exclusion.all())
        .collect();
    let enforced = profile(EngineMode::On, &everywhere)?;
    let shadowed = profile(EngineMode::DetectionOnly, &everywhere)?;
    let mut matched = Vec::new();
    for exclusion in exclusions {
        let all = exclusion.all();
        if let Some(found) = exclusion.found {
            matched.push((found, profile(EngineMode::On, &all)?));
        }
    }
    Some(Waf {
        program,
        enforced,
        shadowed,
        exclusions: matched,
        limits,
        block_status,
        allow_errors,
        pass_streams,
        log_lines,
        audit,
        preview,
        inspection,
    })
}

fn matched() -> LogData {
    LogData::Matched(DataPolicy { max: SHOWN, secret })
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Limits that are written as fields; a directive of the same meaning beside one is refused where the rules are read.
struct WrittenLimits {
    body: Option<u64>,
    no_files: Option<u64>,
    partial: Option<bool>,
}

/// Bytes of a body that are held, at most; `answer` is what Envoy says past its own limit.
fn read_bytes(section: &mut Section<'_>, name: &'static str, answer: u16) -> Option<u64> {
    let node = section.optional(name)?;
    let bytes = node.integer(1..=u64::try_from(LARGEST_MAX).unwrap_or(u64::MAX))?;
    if size(bytes) >= ENVOYS_BUFFER {
        node.warn(format!(
            "Envoy holds no more than `per_connection_buffer_limit_bytes`, {ENVOYS_BUFFER} unless set, and answers \
             {answer} itself past it: {bytes} bytes act only where that is larger"
        ));
    }
    Some(bytes)
}

/// Objects and lists of JSON inside each other that may be configured, at most: twice what ModSecurity recommends.
const MOST_DEPTH: u64 = 1_024;

/// Arguments that may be configured, at most: each is looked at by hundreds of rules.
const MOST_ARGUMENTS: u64 = 10_000;

/// What a directive allows is bounded as what its field allows.
fn refuse_past_bounds(settings: &Settings, node: &Node<'_>) {
    let largest = u64::try_from(LARGEST_MAX).unwrap_or(u64::MAX);
    for (directive, value, most) in [
        ("SecRequestBodyLimit", settings.request_body_limit, largest),
        ("SecRequestBodyNoFilesLimit", settings.request_body_no_files_limit, largest),
        ("SecResponseBodyLimit", settings.response_body_limit, largest),
        ("SecRequestBodyJsonDepthLimit", settings.json_depth, MOST_DEPTH),
        ("SecArgumentsLimit", settings.arguments, MOST_ARGUMENTS),
    ] {
        if value > most {
            node.fault(format!("`{directive} {value}`: expected at most {most}"));
        }
    }
}

fn read_limits(section: &mut Section<'_>) -> WrittenLimits {
    let body = read_bytes(section, "request_body_limit", 413);
    let no_files = read_bytes(section, "request_body_no_files_limit", 413);
    let partial = section
        .optional("on_limit")
        .and_then(|node| node.word(&[("reject", false), ("partial", true)]));
    WrittenLimits { body, no_files, partial }
}

impl WrittenLimits {
    fn write(&self, settings: &mut Settings) {
        settings.request_body_limit = self.body.unwrap_or(settings.request_body_limit);
        settings.request_body_no_files_limit =
            self.no_files.unwrap_or(settings.request_body_no_files_limit);
        if let Some(partial) = self.partial {
            settings.request_body_limit_action =
                if partial { LimitAction::ProcessPartial } else { LimitAction::Reject };
        }
    }
}
