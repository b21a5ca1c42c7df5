//! Which variables the rules of a program read at all: what nobody reads need not be asked of a host, nor computed.

use portcullis_waf_seclang::syntax::{Disruption, Expression, Piece, Variable};

use super::{Expr, LinkedAssignment, LinkedLink, LinkedRule, List};

/// Variables, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reads(u128);

impl Reads {
    pub(super) fn of<'r>(rules: impl Iterator<Item = &'r LinkedRule>) -> Self {
        let mut reads = Reads::default();
        rules.for_each(|rule| reads.rule(rule));
        reads
    }

    pub(super) const fn has(self, variable: Variable) -> bool {
        self.0 & List::of(variable).bit() != 0
    }

    fn rule(&mut self, linked: &LinkedRule) {
        linked.links.iter().for_each(|link| self.link(link));
        let rule = &linked.rule;
        let said = rule.links.iter().flat_map(|link| link.msg.iter().chain(&link.logdata));
        said.chain(&rule.metadata.tags).for_each(|text| self.text(text));
        if let Disruption::Redirect(location) = &rule.disruption {
            self.text(location);
        }
    }

    fn link(&mut self, link: &LinkedLink) {
        let targets = link.targets.iter().map(|target| &target.point);
        let made = link.assignments.iter().flat_map(LinkedAssignment::texts);
        let macros = made.chain(link.compared()).flat_map(Expr::macros);
        targets.chain(macros).for_each(|point| self.variable(point.list.variable()));
    }

    /// A text that is expanded from its source.
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
