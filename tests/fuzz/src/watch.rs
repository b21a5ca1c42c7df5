//! What a target works on right now, for those who must know it when it never comes back: the panic hook, where a
//! panic ends the process, and the watch over inputs that take for ever.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::corpus;

/// One input takes microseconds; this long on a busy machine is a loop that a client can start.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An input in work.
#[derive(Default)]
struct Work {
    input: Vec<u8>,
    since: Option<Instant>,
}

/// Says for each input when it starts and ends.
pub struct Watch {
    work: Arc<Mutex<Work>>,
    folder: PathBuf,
    _over: Sender<()>,
}

thread_local! {
    static CURRENT: RefCell<Option<(Arc<Mutex<Work>>, PathBuf)>> = const { RefCell::new(None) };
}

fn locked(work: &Mutex<Work>) -> std::sync::MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    /// Watches this thread's target; what fails is kept in `folder`.
    #[must_use]
    pub fn new(target: &'static str, folder: PathBuf) -> Self {
        let work = Arc::new(Mutex::new(Work::default()));
        let (over, ended) = channel::<()>();
        let (watched, kept) = (Arc::clone(&work), folder.clone());
        thread::spawn(move || {
            while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
                let work = locked(&watched);
                if work.since.is_some_and(|since| since.elapsed() > PATIENCE) {
                    let place = corpus::keep(&kept, &work.input);
                    eprintln!("{target}: an input takes longer than {PATIENCE:?}: {place:?}");
                    std::process::exit(1);
                }
            }
        });
        CURRENT.with_borrow_mut(|current| *current = Some((Arc::clone(&work), folder.clone())));
        Watch { work, folder, _over: over }
    }

    /// An input starts.
    pub fn start(&self, input: &[u8]) {
        let mut work = locked(&self.work);
        work.input.clear();
        work.input.extend_from_slice(input);
        work.since = Some(Instant::now());
    }

    /// It ended.
    pub fn end(&self) {
        locked(&self.work).since = None;
    }

    /// Where failures are kept.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }
}

/// Keeps the input of a thread that panics: release builds end there, and nothing can be caught.
pub fn keep_inputs_of_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        report(info);
        CURRENT.with_borrow(|current| {
            if let Some((work, folder)) = current {
                let kept = corpus::keep(folder, &locked(work).input);
                eprintln!("the input is kept: {kept:?}");
            }
        });
    }));
}
