//! One Envoy for many cases: a listener for each, all handed over at once as a control plane would, so that a case
//! whose configuration is refused costs no start of its own and takes no other down.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_cases::case::Case;
use portcullis_cases::compare::has_logged;
use portcullis_cases::engine::{Message, Observed, Run, Unable, load_lines};
use portcullis_cases::prepared::{Answer, Prepared, Sent};
use portcullis_e2e::{
    Connection, Envoy, EnvoyConfig, Error, Headers, Response, Shown, TlsClient, Upstream,
    eventually, within,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::earlier;
use crate::listener::{Place, listener, plugin_of, proxy_line};
use crate::sent::{left_out, request};

/// How long a case waits for what an Envoy tells late; it costs nothing where it comes.
const LOG_PATIENCE: Duration = Duration::from_secs(10);

/// A running Envoy with the listeners of its cases.
pub(crate) struct Group {
    envoy: Envoy,
    upstream: Upstream,
    /// What the upstream answers to the request that is under way.
    answer: Arc<Mutex<Answer>>,
    listeners: BTreeMap<String, SocketAddr>,
    members: Vec<Member>,
    /// Lines of the log when all listeners were there: what modules say of their configuration comes before.
    loaded: Vec<String>,
    /// What the module calls, by the names of clusters.
    _documents: BTreeMap<String, Upstream>,
    _folder: TempDir,
}

/// A case of the group.
struct Member {
    /// The case's name.
    case: String,
    /// The name of its plugin in the log.
    plugin: String,
    /// Its listeners: one for each place that its requests arrive at.
    places: Vec<Place>,
}

fn listener_name(plugin: &str, place: usize) -> String {
    format!("{plugin}-{place}")
}

impl Group {
    /// Starts an Envoy for these cases; `start` is the time that tokens in configurations are made at.
    pub(crate) fn start(cases: &[Case], start: u64) -> Self {
        let answer = Arc::new(Mutex::new(Answer { status: 200, ..Answer::default() }));
        let current = Arc::clone(&answer);
        let upstream =
            Upstream::with(move |_| sent(&current.lock().unwrap_or_else(PoisonError::into_inner)));
        let env: BTreeMap<String, String> = cases
            .iter()
            .filter_map(|case| case.prepare_at(start).ok())
            .flat_map(|prepared| prepared.env)
            .collect();
        let env: Vec<_> = env.into_iter().collect();
        let folder = TempDir::new().expect("a folder");
        let earlier = earlier::write(folder.path());
        let (mut members, mut resources) = (Vec::new(), Vec::new());
        for (index, case) in cases.iter().enumerate() {
            let Ok(prepared) = case.prepare_at(start) else { continue };
            let plugin = format!("case-{index}");
            let found: BTreeSet<Place> = prepared.requests.iter().filter_map(Place::of).collect();
            let mut places: Vec<Place> = found.into_iter().collect();
            if places.is_empty() {
                places.push(Place::usual());
            }
            for (number, place) in places.iter().enumerate() {
                let name = listener_name(&plugin, number);
                let plugin = plugin_of(case, &prepared, &plugin, &env);
                resources.push(listener(&plugin, &name, place, &earlier, &upstream));
            }
            members.push(Member { case: case.name.clone(), plugin, places });
        }
        let clusters: BTreeSet<String> = members
            .iter()
            .flat_map(|member| &member.places)
            .map(|place| place.cluster.clone())
            .collect();
        let file = folder.path().join("listeners.json");
        let text = json!({"version_info": "1", "resources": resources}).to_string();
        std::fs::write(&file, text).expect("a listener file");
        let mut config = EnvoyConfig::new(&upstream).whole(move |bootstrap| {
            bootstrap["dynamic_resources"] = json!({"lds_config": {
                "resource_api_version": "V3", "path_config_source": {"path": file},
            }});
        });
        for cluster in clusters.iter().filter(|cluster| *cluster != "upstream") {
            config = config.upstream(cluster, &upstream);
        }
        let documents = serve(cases, start);
        for (cluster, upstream) in &documents {
            config = config.upstream(cluster, upstream);
        }
        let envoy = Envoy::start(config);
        eventually("the listeners of the cases", || {
            let stats = envoy.stats("listener_manager.lds.");
            let done = ["success", "rejected"].iter().any(|how| {
                stats.get(&format!("listener_manager.lds.update_{how}")).is_some_and(|n| *n > 0)
            });
            done.then_some(())
        });
        let listeners = addresses(&envoy);
        let loaded = envoy.log_lines();
        Self {
            envoy,
            upstream,
            answer,
            listeners,
            members,
            loaded,
            _documents: documents,
            _folder: folder,
        }
    }

    /// Runs a case of this group.
    pub(crate) fn run(&self, case: &Case, prepared: Prepared) -> Result<Run, Unable> {
        let member = self.members.iter().find(|member| member.case == case.name);
        let member = member.ok_or_else(|| Unable::Failure("not of this group".to_owned()))?;
        let (refused, warned) = load_lines(&case.module, lines(&self.loaded, member));
        let log = || -> Vec<String> {
            lines(&self.envoy.log_lines(), member).into_iter().map(str::to_owned).collect()
        };
        let accepted = self.listeners.contains_key(&listener_name(&member.plugin, 0));
        if !accepted {
            let refused = Some(refused);
            let (exchanges, metrics) = (Vec::new(), BTreeMap::new());
            return Ok(Run { prepared, refused, warned, exchanges, metrics, log: log() });
        }
        let mut exchanges = Vec::new();
        let before = self.decisions(member).len();
        for sent in &prepared.requests {
            exchanges.push(match left_out(sent) {
                Some(reason) => {
                    Observed { left_out: Some(reason.to_owned()), ..Observed::default() }
                }
                None => self.send(member, sent)?,
            });
        }
        let sent = || exchanges.iter().filter(|exchange| exchange.left_out.is_none()).count();
        let wanted = before + sent();
        let decisions = eventually("the access log of the case", || {
            Some(self.decisions(member)).filter(|all| all.len() >= wanted)
        });
        let sent = exchanges.iter_mut().filter(|exchange| exchange.left_out.is_none());
        for (exchange, decision) in sent.zip(decisions.into_iter().skip(before)) {
            exchange.decision = decision;
        }
        if let Some(how) = self.envoy.ended() {
            return Err(Unable::Failure(format!("Envoy ended: {how}")));
        }
        let metrics = self.metrics(case);
        // Envoy's log comes to us through a pipe.
        let logged = within(LOG_PATIENCE, || Some(log()).filter(|log| has_logged(case, log)));
        let log = logged.unwrap_or_else(log);
        Ok(Run { prepared, refused: None, warned, exchanges, metrics, log })
    }

    fn send(&self, member: &Member, sent: &Sent) -> Result<Observed, Unable> {
        let place = Place::of(sent)
            .and_then(|place| member.places.iter().position(|known| *known == place));
        let address =
            place.and_then(|number| self.listeners.get(&listener_name(&member.plugin, number)));
        let (Some(address), Some(line)) = (address, proxy_line(&sent.client)) else {
            return Err(Unable::Failure(format!("{}: no listener", sent.label)));
        };
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = sent.answer.clone();
        self.upstream.take_requests();
        let broken =
            |error: &dyn std::fmt::Display| Unable::Failure(format!("{}: {error}", sent.label));
        let connection = connect(*address, line.as_bytes(), sent);
        let mut connection = connection.map_err(|error| broken(&error))?;
        let dropped = sent.expected.plain.dropped;
        let reply = match connection.send(&request(sent)) {
            Ok(reply) => Some(reply),
            Err(error) if dropped && error.is_end() => None,
            Err(error) => return Err(broken(&error)),
        };
        let started = self.upstream.started() > 0;
        let seen = self.upstream.take_requests();
        Ok(Observed {
            cut: started && seen.is_empty(),
            status: reply.as_ref().map(|reply| reply.status),
            headers: reply.as_ref().map(|reply| fields(&reply.headers)).unwrap_or_default(),
            body: reply.map(|reply| reply.body).unwrap_or_default(),
            upstream: seen.into_iter().next().map(|seen| Message {
                path: seen.target,
                headers: fields(&seen.headers),
                body: seen.body,
                trailers: fields(&seen.trailers),
            }),
            ..Observed::default()
        })
    }

    /// The values of the case's metrics, once they are as large as they should become: workers hand over what they
    /// counted when they tick.
    fn metrics(&self, case: &Case) -> BTreeMap<String, u64> {
        let value = |name: &String| self.envoy.stat(&format!("wasmcustom.{name}")).unwrap_or(0);
        let all = || -> BTreeMap<String, u64> {
            case.metrics.keys().map(|name| (name.clone(), value(name))).collect()
        };
        let reached = |all: &BTreeMap<String, u64>| {
            case.metrics.iter().all(|(name, wanted)| all.get(name) >= Some(wanted))
        };
        within(LOG_PATIENCE, || Some(all()).filter(reached)).unwrap_or_else(all)
    }

    /// The decision records of a case's requests, in order.
    fn decisions(&self, member: &Member) -> Vec<Option<Vec<u8>>> {
        let all = self.envoy.access_log();
        let own = all.iter().filter(|line| line["case"] == member.plugin.as_str());
        own.map(|line| line["decision"].as_str().map(|text| text.as_bytes().to_vec())).collect()
    }
}

/// The connection that a request comes over, once `before` is sent: with TLS where the client presents a certificate.
fn connect(address: SocketAddr, before: &[u8], sent: &Sent) -> Result<Connection, Error> {
    let Some(minted) = &sent.certificate else {
        let mut connection = Connection::open(address).map_err(Error::NoReply)?;
        connection.write(before).map_err(Error::NoReply)?;
        return Ok(connection);
    };
    let mut socket = TcpStream::connect(address).map_err(Error::NoReply)?;
    socket.write_all(before).map_err(Error::NoReply)?;
    TlsClient::new().certificate(Shown::der(&minted.certificate, &minted.key)).over(socket)
}

/// What modules wrote into the log on behalf of this plugin, without Envoy's own words before it.
fn lines<'l>(log: &'l [String], member: &Member) -> Vec<&'l str> {
    let prefix = format!("wasm log {}", member.plugin);
    log.iter()
        .filter_map(|line| {
            let rest = line.split_once(&prefix)?.1;
            let (names, text) = rest.split_once(": ")?;
            (names.is_empty() || names.starts_with(' ')).then_some(text)
        })
        .collect()
}

fn addresses(envoy: &Envoy) -> BTreeMap<String, SocketAddr> {
    let all = envoy.admin("GET", "/listeners?format=json").json();
    let one = |listener: &Value| {
        let address = &listener["local_address"]["socket_address"];
        let text = format!("{}:{}", address["address"].as_str()?, address["port_value"]);
        Some((listener["name"].as_str()?.to_owned(), text.parse().ok()?))
    };
    all["listener_statuses"].as_array().into_iter().flatten().filter_map(one).collect()
}

/// The clusters that these cases have documents of; those of one name have the same ones in each.
fn serve(cases: &[Case], start: u64) -> BTreeMap<String, Upstream> {
    let mut served = BTreeMap::new();
    for prepared in cases.iter().filter_map(|case| case.prepare_at(start).ok()) {
        for cluster in prepared.documents.clusters() {
            let (name, documents) = (cluster.to_owned(), prepared.documents.clone());
            served.entry(name.clone()).or_insert_with(|| {
                Upstream::with(move |request| {
                    let answer = documents.answer(&name, request.target.as_bytes(), u64::MAX);
                    answer.map_or_else(|| Response::new(404), |answer| response(&answer))
                })
            });
        }
    }
    served
}

fn response(answer: &Answer) -> Response {
    let headers = answer.headers.iter();
    let response = Response::new(answer.status).body(&answer.body);
    let response = headers.fold(response, |response, (name, value)| response.header(name, value));
    let trailers = answer.trailers.iter();
    trailers.fold(response, |response, (name, value)| response.trailer(name, value))
}

/// What the upstream sends: in parts where the case says so, unless trailers want it whole.
fn sent(answer: &Answer) -> portcullis_e2e::Answer {
    if answer.parts.is_empty() || !answer.trailers.is_empty() {
        return response(answer).into();
    }
    let (sender, rest) = channel();
    for part in answer.in_parts() {
        sender.send(part).expect("the receiver is there");
    }
    portcullis_e2e::Answer::Stream(response(answer).body([]), rest)
}

fn fields(headers: &Headers) -> Vec<portcullis_cases::Field> {
    let text = |name: &[u8]| String::from_utf8_lossy(name).to_ascii_lowercase();
    headers.iter().map(|(name, value)| (text(name), value.to_vec())).collect()
}
