//! Plugins of OWASP CRS around its rules, and what of the rules is left out: needs CRS_DIR, the folder of a release.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should say so and stop"
)]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use portcullis_waf_embedded::{Embedded, SPOOFABLE, Sources, build};
use portcullis_waf_engine::{
    Connection, EngineMode, LogData, Prefilter, Profile, Program, RulePhase, Settings, Store,
    Transaction,
};

/// The set as a module carries it.
struct Waf {
    program: Rc<Program>,
    profile: Rc<Profile>,
}

/// A request of a browser on WordPress.
#[derive(Clone, Copy)]
struct Request {
    method: &'static str,
    target: &'static str,
    cookie: &'static str,
    body: &'static str,
}

const GET: Request = Request { method: "GET", target: "/", cookie: "", body: "" };
const POST: Request = Request { method: "POST", ..GET };

impl Waf {
    fn new(release: &Path, plugins: Option<&Path>, left_out: &[u32], tx: &[(&str, &[u8])]) -> Self {
        let sources = Sources::of_release(release, plugins).unwrap();
        let sources = Sources { prefilter: true, left_out: left_out.to_vec(), ..sources };
        let bytes = build(&sources).unwrap_or_else(|faults| panic!("{faults}"));
        let embedded = Embedded::decode(&bytes).unwrap();
        let mut set = embedded.setup;
        set.append(&embedded.rules);
        let mut store = Store::new();
        for (names, table) in &embedded.phrases {
            store.take_phrases(names, table);
        }
        let tables = Prefilter::new(embedded.prefilter).map(Rc::new);
        let settings = Settings::of(&set.settings);
        let store = Rc::new(RefCell::new(store));
        let program = Program::link(&set, settings, &store, &|_| None, tables)
            .unwrap_or_else(|faults| panic!("{faults:?}"));
        let profile = Profile::new(&program, EngineMode::On, tx, &[], LogData::Full).unwrap();
        Waf { program: Rc::new(program), profile: Rc::new(profile) }
    }

    fn refuses(&self, agent: &str, request: Request) -> bool {
        let connection = Connection { remote_addr: b"127.0.0.1", ..Connection::default() };
        let mut transaction = Transaction::new(&self.program, &self.profile, &connection);
        let Request { method, target, cookie, body } = request;
        transaction.request_line(method.as_bytes(), target.as_bytes(), b"HTTP/1.0");
        let length = body.len().to_string();
        for (name, value) in [
            ("host", "blog.test"),
            ("user-agent", agent),
            ("accept", "text/html"),
            ("cookie", cookie),
            ("content-length", &length),
            (
                "content-type",
                if body.is_empty() { "" } else { "application/x-www-form-urlencoded" },
            ),
        ] {
            if !value.is_empty() {
                transaction.request_header(name.as_bytes(), value.as_bytes());
            }
        }
        transaction.run(RulePhase::RequestHeaders);
        transaction.request_body(body.as_bytes(), true);
        transaction.run(RulePhase::RequestBody);
        assert!(transaction.errors().is_empty(), "{:?}", transaction.errors());
        transaction.intervention().is_some()
    }
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

fn release() -> Option<PathBuf> {
    let release = std::env::var_os("CRS_DIR").map(PathBuf::from);
    if release.is_none() {
        println!("CRS_DIR is not set: nothing of the rule set was tested");
    }
    release
}

#[test]
fn a_plugin_lets_pass_what_it_is_for_and_nothing_else() {
    let Some(release) = release() else { return };
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugins");
    let bare = Waf::new(&release, None, &SPOOFABLE, &[]);
    let plugged = Waf::new(&release, Some(&plugins), &SPOOFABLE, &[]);
    let switched_off: [(&str, &[u8]); 1] = [("wordpress-rule-exclusions-plugin_enabled", b"0")];
    let switched_off = Waf::new(&release, Some(&plugins), &SPOOFABLE, &switched_off);
    let login = POST.with("/wp-login.php", "log=ada&pwd=%27+or+%271%27%3D%271&rememberme=forever");
    let post =
        POST.with("/wp-admin/post.php", "post_ID=1&content=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E");
    let signed = Request { cookie: "wordpress_0a1b=1' or '1'='1", ..GET };
    for (request, by_plugin) in [
        (login, true),
        (post, true),
        // Somewhere else, in another argument, by another method, in another cookie.
        (POST.with("/comment.php", login.body), false),
        (POST.with("/wp-login.php", "pwd=a&log=%27+or+%271%27%3D%271"), false),
        (POST.with("/wp-admin/post.php", "title=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E"), false),
        (POST.with("/wp-admin/post.php", "content=%27+union+select+password+from+users--+"), false),
        (GET.with("/wp-admin/post.php?content=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E", ""), false),
        (GET.with("/wp-login.php.bak?pwd=%27+or+%271%27%3D%271", ""), false),
        (Request { cookie: "other=1' or '1'='1", ..GET }, false),
    ] {
        let shown = format!("{} {} {}", request.method, request.target, request.body);
        assert!(bare.refuses(BROWSER, request), "{shown}");
        assert_eq!(plugged.refuses(BROWSER, request), !by_plugin, "{shown}");
        assert!(switched_off.refuses(BROWSER, request), "{shown}");
    }
    // What is changed behind the rules is changed whether or not the plugin is in use.
    assert!(bare.refuses(BROWSER, signed) && !plugged.refuses(BROWSER, signed));
    for waf in [&bare, &plugged, &switched_off] {
        assert!(!waf.refuses(BROWSER, POST.with("/wp-login.php", "log=ada&pwd=tea")));
    }
}

#[test]
fn who_says_that_it_is_apache_itself_is_judged_as_anybody() {
    let Some(release) = release() else { return };
    let attack = GET.with("/", "");
    let attack = Request { cookie: "a=1' union select password from users-- ", ..attack };
    let agent = "Apache/2.4.58 (Unix) (internal dummy connection)";
    assert!(Waf::new(&release, None, &SPOOFABLE, &[]).refuses(agent, attack));
    // With the rules it would pass: that is why they are left out.
    assert!(!Waf::new(&release, None, &[], &[]).refuses(agent, attack));
}

impl Request {
    const fn with(self, target: &'static str, body: &'static str) -> Self {
        Request { target, body, ..self }
    }
}
