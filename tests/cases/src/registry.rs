//! Every module that ships, by its name: what the native engine runs.

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::{Failed, Trial};
use portcullis_acl::Acl;
use portcullis_control::control::Control;
use portcullis_control::load::module;
use portcullis_control::policy::Kind;
use portcullis_cors::Cors;
use portcullis_jwt_auth::JwtAuth;
use portcullis_key_auth::KeyAuth;
use portcullis_mtls_auth::MtlsAuth;
use portcullis_rate_limiting::RateLimiting;
use portcullis_request_size_limiting::RequestSizeLimiting;
use portcullis_request_transformer::RequestTransformer;
use portcullis_response_transformer::ResponseTransformer;
use portcullis_runtime::module::Definition;
use portcullis_waf::Waf;

use crate::load::{entries, repository};

/// The module of one control.
#[must_use]
pub fn of<C: Control>() -> Definition {
    Definition {
        name: C::NAME,
        load: |configuration, environment| module(Kind::of::<C>(), configuration, environment),
    }
}

/// All modules.
#[must_use]
pub fn modules() -> Vec<Definition> {
    let gateway = Definition { name: portcullis_gateway::NAME, load: portcullis_gateway::load };
    vec![
        gateway,
        of::<Acl>(),
        of::<Cors>(),
        of::<JwtAuth>(),
        of::<KeyAuth>(),
        of::<MtlsAuth>(),
        of::<RateLimiting>(),
        of::<RequestSizeLimiting>(),
        of::<RequestTransformer>(),
        of::<ResponseTransformer>(),
        of::<Waf>(),
    ]
}

/// That folders, tables and this list say the same: a module without cases is not tested, a folder of cases without a
/// module never runs.
#[must_use]
pub fn trials() -> Vec<Trial> {
    vec![Trial::test("every_module_has_cases_and_every_folder_of_cases_a_module", || {
        let root = repository();
        let named = |test: fn(&Path) -> bool| -> BTreeSet<String> {
            let folders = entries(&root.join("filters")).into_iter().filter(|folder| test(folder));
            folders.filter_map(|folder| Some(folder.file_name()?.to_str()?.to_owned())).collect()
        };
        let known: BTreeSet<String> =
            modules().iter().map(|module| module.name.to_owned()).collect();
        let shipped = named(|folder| folder.join("module").is_dir());
        let tested = named(|folder| !entries(&folder.join("cases")).is_empty());
        if known == shipped && known == tested {
            return Ok(());
        }
        Err(Failed::from(format!(
            "modules in the registry: {known:?}\nfolders with a module: {shipped:?}\nfolders with cases: {tested:?}"
        )))
    })]
}
