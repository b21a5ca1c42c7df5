//! Which variables the rules of a program read at all: what nobody reads need not be asked of a host, nor computed.

use portcullis_waf_seclang::syntax::{
    AssignmentKind, Disruption, Expression, Link, Operator, Piece, Rule, Target, Variable,
};

use super::List;

/// Variables, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reads(u128);

impl Reads {
    pub(super) fn of<'r>(rules: impl Iterator<Item = &'r Rule>) -> Self {
        let mut reads = Reads::default();
        rules.for_each(|rule| reads.rule(rule));
        reads
    }

    pub(super) const fn has(self, variable: Variable) -> bool {
        self.0 & List::of(variable).bit() != 0
    }

    fn rule(&mut self, rule: &Rule) {
        rule.links.iter().for_each(|link| self.link(link));
        rule.metadata.tags.iter().for_each(|tag| self.text(tag));
        if let Disruption::Redirect(location) = &rule.disruption {
            self.text(location);
        }
    }

    fn link(&mut self, link: &Link) {
        for target in &link.targets {
            match target {
                Target::Values(at) | Target::Count(at) => self.variable(at.variable),
                Target::Exclude(_) => {}
            }
        }
        match &link.test.operator {
            Operator::Eq(text)
            | Operator::Ge(text)
            | Operator::Gt(text)
            | Operator::Le(text)
            | Operator::Lt(text)
            | Operator::StrEq(text)
            | Operator::Contains(text)
            | Operator::ContainsWord(text)
            | Operator::BeginsWith(text)
            | Operator::EndsWith(text)
            | Operator::Within(text) => self.text(text),
            Operator::Rx(_)
            | Operator::RxTranslated(_)
            | Operator::Pm(_)
            | Operator::PmFromFile(_)
            | Operator::StrMatch(_)
            | Operator::IpMatch(_)
            | Operator::IpMatchFromFile(_)
            | Operator::DetectSqli
            | Operator::DetectXss
            | Operator::ValidateByteRange(_)
            | Operator::ValidateUrlEncoding
            | Operator::ValidateUtf8Encoding
            | Operator::UnconditionalMatch
            | Operator::NoMatch => {}
        }
        for assignment in &link.assignments {
            self.text(&assignment.name);
            match &assignment.kind {
                AssignmentKind::Set(value)
                | AssignmentKind::Add(value)
                | AssignmentKind::Subtract(value) => self.text(value),
                AssignmentKind::Remove => {}
            }
        }
        link.msg.iter().chain(&link.logdata).for_each(|text| self.text(text));
    }

    fn text(&mut self, text: &Expression) {
        for piece in &text.0 {
            if let Piece::Macro(at) = piece {
                self.variable(at.variable);
            }
        }
    }

    fn variable(&mut self, variable: Variable) {
        self.0 |= List::of(variable).bit();
    }
}

#[cfg(test)]
mod tests {
    use portcullis_waf_seclang::syntax::Variable;

    use crate::Program;

    #[test]
    fn a_variable_is_read_wherever_a_rule_names_it() {
        for rule in [
            r#"SecRule SERVER_ADDR "@rx ." "id:1,phase:1,pass""#,
            r#"SecRule &SERVER_ADDR "@eq 1" "id:1,phase:1,pass""#,
            r#"SecRule ARGS "@within %{SERVER_ADDR}" "id:1,phase:1,pass""#,
            r#"SecRule ARGS "@eq %{SERVER_ADDR}" "id:1,phase:1,pass""#,
            r#"SecRule ARGS "@rx ." "id:1,phase:1,pass,chain"
               SecRule SERVER_ADDR "@rx ." """#,
            r#"SecAction "id:1,phase:1,pass,setvar:tx.a=%{server_addr}""#,
            r#"SecAction "id:1,phase:1,pass,setvar:tx.%{server_addr}=1""#,
            r#"SecAction "id:1,phase:1,pass,setvar:tx.a=+%{server_addr}""#,
            r#"SecAction "id:1,phase:1,pass,msg:'at %{SERVER_ADDR}'""#,
            r#"SecAction "id:1,phase:1,pass,logdata:'at %{SERVER_ADDR}'""#,
            r#"SecAction "id:1,phase:1,pass,tag:'at/%{SERVER_ADDR}'""#,
            r#"SecAction "id:1,phase:1,redirect:http://%{SERVER_ADDR}/""#,
        ] {
            let program = Program::of_text(&format!("{rule}\n"));
            assert!(program.reads(Variable::ServerAddr), "{rule}");
            assert!(!program.reads(Variable::ServerPort), "{rule}");
        }
        let except = r#"SecRule ARGS|!SERVER_ADDR "@rx ." "id:1,phase:1,pass""#;
        assert!(!Program::of_text(&format!("{except}\n")).reads(Variable::ServerAddr));
    }
}
