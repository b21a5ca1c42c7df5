//! The yardstick: Debian's nginx with its ModSecurity module and the same rule set, in one process.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use portcullis_e2e::within;
use tempfile::TempDir;

use crate::Target;
use crate::report::LIBMODSECURITY;

/// Loading the rules takes it a second.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// A running nginx: one server without the WAF, one with it.
pub struct Nginx {
    plain: (Child, SocketAddr),
    guarded: (Child, SocketAddr),
    _folder: TempDir,
}

impl Nginx {
    /// Fetches it if need be, and starts it.
    pub fn start(crs: &Path, upstream: SocketAddr) -> Result<Self, String> {
        let tools = fetch()?;
        let folder = TempDir::with_prefix("portcullis-nginx-").map_err(|e| e.to_string())?;
        let rules = write_rules(&tools, crs, folder.path())?;
        let plain = launch(&tools, &folder.path().join("plain"), upstream, None)?;
        let guarded = launch(&tools, &folder.path().join("guarded"), upstream, Some(&rules))?;
        Ok(Self { plain, guarded, _folder: folder })
    }

    /// The two servers.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let target = |name, (child, address): &(Child, SocketAddr)| Target {
            name,
            address: *address,
            process: child.id(),
        };
        vec![target("nginx", &self.plain), target(LIBMODSECURITY, &self.guarded)]
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        for child in [&mut self.plain.0, &mut self.guarded.0] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn fetch() -> Result<PathBuf, String> {
    let script = portcullis_e2e::repository().join("tests/bench-waf/get-nginx.sh");
    let output = Command::new(&script).stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| format!("{}: {e}", script.display()))?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output
        .status
        .success()
        .then(|| path.into())
        .ok_or("there is no nginx to compare with".to_owned())
}

/// The recommended configuration as Debian ships it, enforcing and without audit log, then the rule set.
fn write_rules(tools: &Path, crs: &Path, folder: &Path) -> Result<PathBuf, String> {
    let recommended = tools.join("etc/nginx/modsecurity.conf");
    let text =
        fs::read_to_string(&recommended).map_err(|e| format!("{}: {e}", recommended.display()))?;
    let changed = text.lines().map(|line| match line.split_whitespace().next() {
        Some("SecRuleEngine") => "SecRuleEngine On".to_owned(),
        Some("SecAuditEngine") => "SecAuditEngine Off".to_owned(),
        Some("SecUnicodeMapFile") => {
            format!("SecUnicodeMapFile {} 20127", tools.join("etc/nginx/unicode.mapping").display())
        }
        _ => line.to_owned(),
    });
    let mut text = changed.collect::<Vec<_>>().join("\n");
    let crs = crs.display();
    text += &format!("\nInclude {crs}/crs-setup.conf.example\nInclude {crs}/rules/*.conf\n");
    let path = folder.join("rules.conf");
    fs::write(&path, text).map_err(|e| e.to_string())?;
    Ok(path)
}

fn launch(
    tools: &Path,
    folder: &Path,
    upstream: SocketAddr,
    rules: Option<&Path>,
) -> Result<(Child, SocketAddr), String> {
    fs::create_dir(folder).map_err(|e| e.to_string())?;
    let address = free_address()?;
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration(tools, address, upstream, rules)).map_err(|e| e.to_string())?;
    let mut child = Command::new(tools.join("usr/sbin/nginx"))
        .arg("-e")
        .arg(folder.join("error.log"))
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&path)
        .env("LD_LIBRARY_PATH", tools.join("usr/lib/x86_64-linux-gnu"))
        .stdin(Stdio::null())
        .spawn()
        .map_err(|e| format!("nginx: {e}"))?;
    let listens = within(PATIENCE, || match child.try_wait() {
        Ok(None) => TcpStream::connect(address).is_ok().then_some(true),
        _ => Some(false),
    });
    if listens != Some(true) {
        let _ = child.kill();
        let _ = child.wait();
        return Err("nginx does not start".to_owned());
    }
    Ok((child, address))
}

fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    listener.local_addr().map_err(|e| e.to_string())
}

/// One process does everything, so that its CPU is the requests'.
fn configuration(
    tools: &Path,
    address: SocketAddr,
    upstream: SocketAddr,
    rules: Option<&Path>,
) -> String {
    let modules = tools.join("usr/lib/nginx/modules");
    let modules = modules.display();
    let (load, waf) = match rules {
        Some(rules) => (
            format!(
                "load_module {modules}/ndk_http_module.so;\n\
                 load_module {modules}/ngx_http_modsecurity_module.so;\n"
            ),
            format!("modsecurity on; modsecurity_rules_file {};", rules.display()),
        ),
        None => (String::new(), String::new()),
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("  {kind}_temp_path {kind};\n"))
        .concat();
    format!(
        "{load}daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log warn;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n  access_log off;\n{temporary}\
         \x20 keepalive_requests 100000000;\n  keepalive_timeout 1d;\n  keepalive_time 1d;\n\
         \x20 client_body_buffer_size 1m;\n\
         \x20 upstream backend {{ server {upstream}; keepalive 32; keepalive_requests 100000000; }}\n\
         \x20 server {{\n    listen {address};\n    {waf}\n\
         \x20   location / {{ proxy_pass http://backend; proxy_http_version 1.1; \
         proxy_set_header Connection \"\"; proxy_set_header Host $http_host; }}\n\
         \x20 }}\n}}\n"
    )
}
