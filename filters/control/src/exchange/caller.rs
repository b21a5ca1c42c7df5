//! Who is calling, and which headers say so: one identity, whole, whoever found it out.

use std::cell::OnceCell;
use std::ops::Range;
use std::rc::Rc;

use super::Exchange;
use super::earlier::Earlier;
use crate::headers::{Edit, FieldName, covers};
use crate::identity::Identity;

/// Filter state in which an identity travels between separate modules: its serialised form, and behind a line feed,
/// which that has none of, the names of the headers that say who it is. In one value, as each costs a call.
pub const IDENTITY_STATE: &str = "portcullis.identity";

/// What is known of the caller.
#[derive(Default)]
pub(super) struct Caller {
    /// As controls of this module said.
    pub(super) said: Said,
    /// As an earlier module of ours left it in filter state.
    earlier: OnceCell<Rc<Earlier>>,
}

/// What controls of this module said of the caller.
#[derive(Clone, Default)]
pub(super) struct Said {
    own: Option<Rc<Identity>>,
    /// The changes of the request's headers that say so.
    edits: Range<usize>,
    /// What those in shadow mode would have said.
    pub(super) shadow: Option<Rc<Identity>>,
}

impl Exchange {
    /// Who is calling, as the controls before this one found out; with separate modules, as an earlier module of ours
    /// left it in filter state.
    #[must_use]
    pub fn identity(&self) -> Option<&Rc<Identity>> {
        let said = &self.caller.said;
        let shadow = said.shadow.as_ref().filter(|_| self.is_shadow());
        shadow.or(said.own.as_ref()).or_else(|| self.earlier().identity.as_ref())
    }

    /// Says who is calling, whole, with the headers that say so to the upstream: identities of two controls are never
    /// merged, so every header that said who it was before goes.
    pub fn set_identity(&mut self, identity: Rc<Identity>, headers: &[Edit]) {
        if self.is_shadow() {
            self.caller.said.shadow = Some(identity);
            return;
        }
        for name in self.stale_headers(headers) {
            self.request.edit(Edit::Remove(name));
        }
        let start = self.request.edits().len();
        for edit in headers {
            self.request.edit(edit.clone());
        }
        self.caller.said.edits = start..self.request.edits().len();
        self.caller.said.own = Some(identity);
        // It would be replaced by this one just so.
        self.caller.said.shadow = None;
    }

    /// The headers that say who the caller was so far, but for those that are set anew.
    fn stale_headers(&self, anew: &[Edit]) -> Vec<FieldName> {
        let stale = |name: &FieldName| anew.iter().all(|edit| edit.name() != name);
        let said = &self.caller.said;
        if said.own.is_some() {
            let edits = self.request.edits().get(said.edits.clone()).unwrap_or_default();
            return edits.iter().map(Edit::name).filter(|name| stale(name)).cloned().collect();
        }
        let earlier = self.headers_of_earlier_modules();
        if earlier.is_empty() {
            return Vec::new();
        }
        let mut names =
            self.request_headers().names(|name| earlier.iter().any(|own| covers(own, name)));
        names.retain(stale);
        names
    }

    /// The identity that a control of this module set and that counts; not one of an earlier module.
    #[must_use]
    pub fn own_identity(&self) -> Option<&Rc<Identity>> {
        self.caller.said.own.as_ref()
    }

    /// Headers that earlier modules of ours took from the client and may have set themselves.
    #[must_use]
    pub fn headers_of_earlier_modules(&self) -> &[FieldName] {
        &self.earlier().headers
    }

    /// Read once, where somebody asks: it is a call into the host, and in `gateway` there is none.
    fn earlier(&self) -> &Earlier {
        self.caller.earlier.get_or_init(|| {
            let state =
                if self.settings.gateway { None } else { self.host.property(&[IDENTITY_STATE]) };
            state.map(|state| self.settings.recent.read(state)).unwrap_or_default()
        })
    }
}
