//! What a file of rules says, as values: the vocabulary that parser, compiler and engine share.

mod action;
mod directive;
mod expression;
mod operator;
mod rule;
mod transformation;
mod variable;

pub use action::{
    Assignment, AssignmentKind, Control, Disruption, EngineMode, Flow, Removal, TargetRemoval,
};
pub use directive::{
    ActionUpdate, Directive, LimitAction, Location, Selection, Setting, Statement,
};
pub use expression::{Expression, Piece};
pub use operator::{Operator, Test};
pub use rule::{IdRange, Link, Metadata, Phase, Rule};
pub use transformation::Transformation;
pub use variable::{Selector, Target, Variable, VariableRef};
