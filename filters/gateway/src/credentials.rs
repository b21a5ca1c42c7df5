//! Credentials of consumers that no control of a configuration asks for: whoever wrote them believes that they let
//! somebody in, so they are warned of, and what is wrong with them is told as if they did.

use portcullis_control::config::Node;
use portcullis_control::consumers::ConsumerEntry;
use portcullis_control::control::Control;
use portcullis_control::program::Site;
use portcullis_jwt_auth::JwtAuth;
use portcullis_key_auth::KeyAuth;
use portcullis_mtls_auth::MtlsAuth;

/// One kind of credentials.
struct Credentials {
    field: &'static str,
    control: &'static str,
    list: for<'e, 'v> fn(&'e ConsumerEntry<'v>) -> &'e [Node<'v>],
    /// How its control reads them, at most once.
    read: fn(&Site<'_>),
}

const ALL: [Credentials; 3] = [
    Credentials {
        field: "keys",
        control: KeyAuth::NAME,
        list: |entry| &entry.keys,
        read: portcullis_key_auth::read_credentials,
    },
    Credentials {
        field: "certificates",
        control: MtlsAuth::NAME,
        list: |entry| &entry.certificates,
        read: portcullis_mtls_auth::read_credentials,
    },
    // Warned of alone: jwt-auth offers no reader without its own configuration.
    Credentials { field: "jwt", control: JwtAuth::NAME, list: |entry| &entry.jwt, read: |_| {} },
];

/// Reads what nobody has read. `is_configured`: whether a control stands on the base or a route.
pub(crate) fn read_unused(site: &Site<'_>, is_configured: impl Fn(&str) -> bool) {
    for Credentials { field, control, list, read } in &ALL {
        let first = site.consumers.iter().find_map(|entry| list(entry).first());
        let Some(first) = first.filter(|_| !is_configured(control)) else { continue };
        first.warn(format!(
            "nobody is let in by `{field}` of consumers: `{control}`, which asks for them, is not configured"
        ));
        read(site);
    }
}
