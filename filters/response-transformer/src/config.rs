//! Reading a configuration.

use portcullis_control::config::Section;
use portcullis_control::inspection::Inspection;
use portcullis_control::program::Site;
use portcullis_control::store::KeptKey;

use crate::control::ResponseTransformer;
use crate::hide::Hide;
use crate::mask::Mask;
use crate::operations::Operations;
use crate::security;

pub(crate) fn read(section: &mut Section<'_>, site: &Site<'_>) -> Option<ResponseTransformer> {
    let operations = Operations::read(section, &site.captures);
    let hide = section.optional("hide").and_then(|node| Hide::read(&node));
    let security = security::read(section);
    let mask = section.optional("mask_errors").and_then(|node| Mask::read(&node));
    let inspection = Inspection::default().read(section);
    let control = ResponseTransformer {
        operations,
        hide,
        security,
        mask,
        inspection,
        key: KeptKey::default(),
    };
    if control.does_nothing() && !section.node().reader_has_faults() {
        section.node().fault(
            "expected something to do: one of remove, rename, replace, add, append, allow, hide, security_headers, mask_errors",
        );
    }
    Some(control)
}
