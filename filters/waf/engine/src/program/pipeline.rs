//! Sequences of transformations, as a tree: what two rules begin alike is done once.

use std::borrow::Cow;
use std::collections::HashMap;

use portcullis_waf_operators::bytes::ByteSet;
use portcullis_waf_seclang::syntax::Transformation;
use portcullis_waf_transformations::{apply, identity_mask};

/// A node of the tree; 0 is 'none'.
pub(crate) type PipelineId = u16;

/// All sequences of a VM.
#[derive(Debug)]
pub(crate) struct Pipelines {
    nodes: Vec<Node>,
    children: HashMap<(PipelineId, Transformation), PipelineId>,
}

/// The last transformation of a sequence, and what comes before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) parent: PipelineId,
    pub(crate) last: Transformation,
    /// The sequence of the last one alone: what it makes of a text is the same behind whatever made the text.
    pub(crate) alone: PipelineId,
    /// A value without any of these bytes passes the whole sequence unchanged.
    pub(crate) changes: ByteSet,
    /// A value without any of these bytes passes it with no other change than that of the case of letters, which the
    /// prefilter does not see.
    pub(crate) shows: ByteSet,
}

impl Default for Pipelines {
    fn default() -> Self {
        let none = ByteSet::EMPTY;
        let root =
            Node { parent: 0, last: Transformation::Trim, alone: 0, changes: none, shows: none };
        Pipelines { nodes: vec![root], children: HashMap::new() }
    }
}

/// What of a transformation is more than a change of case. Both cases of a letter are in it, as those before it may
/// have changed the case.
fn shown(last: Transformation) -> ByteSet {
    let mask = identity_mask(last);
    let more = match last {
        Transformation::Lowercase | Transformation::CmdLine => {
            mask.intersection(ByteSet::EMPTY.with_range(b'A', b'Z').complement())
        }
        Transformation::Uppercase => ByteSet::EMPTY,
        _ => mask,
    };
    more.caseless()
}

impl Pipelines {
    /// The node of a sequence, made where it is new; `None` past as many as can be told apart.
    pub(crate) fn intern(&mut self, sequence: &[Transformation]) -> Option<PipelineId> {
        let mut at = 0;
        for &last in sequence {
            at = match self.children.get(&(at, last)) {
                Some(&child) => child,
                None => {
                    let alone = if at == 0 { None } else { Some(self.intern(&[last])?) };
                    let child = PipelineId::try_from(self.nodes.len()).ok()?;
                    let before = self.node(at).copied();
                    let (changes, shows) =
                        before.map_or_else(Default::default, |node| (node.changes, node.shows));
                    self.nodes.push(Node {
                        parent: at,
                        last,
                        alone: alone.unwrap_or(child),
                        changes: changes.union(identity_mask(last)),
                        shows: shows.union(shown(last)),
                    });
                    self.children.insert((at, last), child);
                    child
                }
            };
        }
        Some(at)
    }

    /// A sequence's node.
    pub(crate) fn node(&self, id: PipelineId) -> Option<&Node> {
        self.nodes.get(usize::from(id))
    }

    /// True if a sequence leaves of no value what it was, such as `base64Decode`: what comes out has any bytes.
    pub(crate) fn remakes(&self, id: PipelineId) -> bool {
        self.node(id).is_none_or(|node| node.shows == ByteSet::FULL)
    }

    /// What a sequence makes of a text.
    pub(crate) fn apply<'t>(&self, id: PipelineId, text: &'t [u8]) -> Cow<'t, [u8]> {
        let Some(node) = self.node(id).filter(|_| id != 0) else { return Cow::Borrowed(text) };
        match self.apply(node.parent, text) {
            Cow::Borrowed(text) => apply(node.last, text),
            Cow::Owned(text) => Cow::Owned(apply(node.last, &text).into_owned()),
        }
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
}
