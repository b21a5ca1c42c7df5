//! Which value each list has before anything of a request is known.

use portcullis_waf_seclang::syntax::Variable;

use super::ItemId;
use crate::program::List;

/// The first two values: nothing, and zero.
pub(super) const NOTHING: ItemId = 0;
pub(super) const ZERO: ItemId = 1;

/// Which value each list has before anything is known: a negated operator looks at it all the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blank(Vec<Option<ItemId>>);

impl Blank {
    pub(crate) fn new() -> Self {
        let mut single = vec![None; List::COUNT];
        for &variable in Variable::ALL.iter().filter(|variable| !variable.is_collection()) {
            if let Some(item) = single.get_mut(List::of(variable).index()) {
                *item = Some(if is_number(variable) { ZERO } else { NOTHING });
            }
        }
        Blank(single)
    }

    /// Of a list.
    pub(super) fn of(&self, list: List) -> &[ItemId] {
        self.0.get(list.index()).map_or(&[], Option::as_slice)
    }

    /// By list.
    pub(super) fn items(&self) -> &[Option<ItemId>] {
        &self.0
    }
}

/// Variables that are 0 until something is known, among them what a body processor sets to 1.
fn is_number(variable: Variable) -> bool {
    let name = variable.name();
    name.starts_with("MULTIPART_")
        || matches!(
            variable,
            Variable::ArgsCombinedSize
                | Variable::FilesCombinedSize
                | Variable::FullRequestLength
                | Variable::InboundDataError
                | Variable::OutboundDataError
                | Variable::ReqbodyError
                | Variable::ReqbodyProcessorError
                | Variable::RequestBodyLength
                | Variable::ResponseContentLength
                | Variable::ResponseStatus
                | Variable::UrlencodedError
        )
}
