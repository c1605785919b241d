//! A Redis of a test's own.

use std::env;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::redis_wire::Wire;

/// A real Redis server on a free loopback port, with a temporary folder, which can be killed, paused and started again.
/// Dropping it ends the server and removes the folder.
///
/// # Example
///
/// ```
/// use growthbook_testkit::RedisServer;
///
/// if RedisServer::program().is_some() {
///     let mut server = RedisServer::builder().start()?;
///     server.kill();
///     server.restart()?;
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct RedisServer {
    program: PathBuf,
    settings: Vec<String>,
    password: Option<String>,
    folder: PathBuf,
    port: u16,
    tls_port: Option<u16>,
    child: Option<Child>,
}

/// Sets up a [`RedisServer`].
#[derive(Clone, Default)]
#[must_use]
pub struct RedisServerBuilder {
    settings: Vec<String>,
    password: Option<String>,
    is_node: bool,
    /// The certificate and its key, as PEM.
    tls: Option<[String; 2]>,
}

impl RedisServerBuilder {
    /// The password that clients must give.
    pub fn password(mut self, password: &str) -> Self {
        // Nodes of a cluster talk to each other as well.
        let settings = ["--requirepass", password, "--masterauth", password];
        self.settings.extend(settings.map(str::to_owned));
        self.password = Some(password.to_owned());
        self
    }

    /// Keeps on disk what was acknowledged, so that it is there after a restart. Otherwise a restarted server is empty.
    pub fn durable(mut self) -> Self {
        let settings = ["--appendonly", "yes", "--appendfsync", "always"];
        self.settings.extend(settings.map(str::to_owned));
        self
    }

    /// A word more of its command line.
    pub fn setting(mut self, word: &str) -> Self {
        self.settings.push(word.to_owned());
        self
    }

    /// Speaks TLS as well, on another port, with this certificate and key, both PEM. The program must have been built for it.
    pub fn tls(mut self, certificate: &str, key: &str) -> Self {
        self.tls = Some([certificate, key].map(str::to_owned));
        self
    }

    /// A node of a cluster, alone at first. It serves the slots that it has when other nodes are out of reach.
    pub(crate) fn node(mut self) -> Self {
        let settings = [
            ["--cluster-enabled", "yes"],
            ["--cluster-require-full-coverage", "no"],
        ];
        let settings = settings.into_iter().flatten();
        self.settings.extend(settings.map(str::to_owned));
        self.is_node = true;
        self
    }

    /// Starts the server, and waits until it answers.
    ///
    /// # Errors
    ///
    /// When there is no program, see [`RedisServer::program`], or it does not start.
    pub fn start(self) -> io::Result<RedisServer> {
        let program = RedisServer::program();
        let program = program.ok_or_else(|| io::Error::other("no redis-server was found"))?;
        let mut last = io::Error::other("no port was tried");
        // Somebody else may take a port between its choice and its use.
        for _ in 0..ATTEMPTS {
            let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
            let name = format!("growthbook-redis-{}-{number}", std::process::id());
            let mut server = RedisServer {
                program: program.clone(),
                settings: self.settings.clone(),
                password: self.password.clone(),
                folder: env::temp_dir().join(name),
                port: free_port(self.is_node)?,
                tls_port: None,
                child: None,
            };
            fs::create_dir_all(&server.folder)?;
            if let Some(tls) = &self.tls {
                server.set_tls(tls)?;
            }
            match server.restart() {
                Ok(()) => return Ok(server),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl RedisServer {
    /// A server that keeps nothing on disk and wants no password, to be set up further.
    pub fn builder() -> RedisServerBuilder {
        RedisServerBuilder::default()
    }

    /// The server's program: what `GROWTHBOOK_TEST_REDIS_SERVER` names, or `redis-server` or `valkey-server` on `PATH`.
    /// If the variable names no file there is none.
    pub fn program() -> Option<PathBuf> {
        if let Some(named) = env::var_os(VARIABLE) {
            return Some(PathBuf::from(named)).filter(|path| path.is_file());
        }
        let path = env::var_os("PATH")?;
        let mut programs = PROGRAMS.iter().flat_map(|program| {
            let folders = env::split_paths(&path);
            folders.map(move |folder| folder.join(program))
        });
        programs.find(|path| path.is_file())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Its URL, without a password.
    pub fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// Its URL for TLS, by the name `localhost` and without a password; nothing if it does not speak it.
    pub fn tls_url(&self) -> String {
        let port = self.tls_port;
        port.map_or_else(String::new, |port| format!("rediss://localhost:{port}/"))
    }

    /// The folder that it may write to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the server at once, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts the server on the same port, ending it before if it runs, and waits until it answers.
    ///
    /// # Errors
    ///
    /// When it does not start or does not answer.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill();
        let port = self.port.to_string();
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &port, "--save", ""]);
        command.args(&self.settings).arg("--dir").arg(&self.folder);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.child = Some(command.spawn()?);
        let started = Instant::now();
        while started.elapsed() < LIMIT {
            let Some(child) = &mut self.child else { break };
            if let Some(status) = child.try_wait()? {
                return Err(io::Error::other(format!("the server ended: {status}")));
            }
            let id = child.id();
            if self.is_answered_by(id) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
        Err(io::Error::other("the server does not answer"))
    }

    /// Says something to the server past all clients, and gives the answer: parts of lists on lines of their own.
    ///
    /// # Errors
    ///
    /// When it is not reached, does not answer within seconds, or refuses the command.
    pub fn ask(&self, words: &[&str]) -> io::Result<String> {
        let mut wire = Wire::connect(self.address())?;
        if let Some(password) = &self.password {
            wire.ask(&["AUTH", password])?;
        }
        wire.ask(words)
    }

    /// Whether that process listens there and has loaded its data. Another test's server may have been faster, and would
    /// answer as well.
    fn is_answered_by(&self, id: u32) -> bool {
        let signs = [format!("\nprocess_id:{id}\r"), "\nloading:0\r".to_owned()];
        let about = self.ask(&["INFO"]);
        about.is_ok_and(|about| signs.iter().all(|sign| about.contains(sign)))
    }

    /// Stops the server, which keeps its connections and says nothing, until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// When it does not run, or the signal could not be sent.
    pub fn pause(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    ///
    /// When it does not run, or the signal could not be sent.
    pub fn resume(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    fn set_tls(&mut self, tls: &[String; 2]) -> io::Result<()> {
        let port = free_port(false)?;
        self.tls_port = Some(port);
        let files = ["certificate.pem", "key.pem"].map(|name| self.folder.join(name));
        let options = ["--tls-cert-file", "--tls-key-file"];
        for ((file, pem), option) in files.iter().zip(tls).zip(options) {
            fs::write(file, pem)?;
            let file = file.to_string_lossy().into_owned();
            self.settings.extend([option.to_owned(), file]);
        }
        let port = port.to_string();
        let settings = ["--tls-auth-clients", "no", "--tls-port", &port];
        self.settings.extend(settings.map(str::to_owned));
        Ok(())
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let child = self.child.as_ref();
        let child = child.ok_or_else(|| io::Error::other("the server does not run"))?;
        let id = child.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "the signal was not sent: {status}"
        )))
    }
}

impl fmt::Debug for RedisServer {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("program", &self.program)
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RedisServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServerBuilder").finish_non_exhaustive()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Nodes of a cluster also listen on the port ten thousand above. The system gives neither to anybody by itself, so that a
/// server which was killed finds its own still free.
fn free_port(is_node: bool) -> io::Result<u16> {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    for _ in 0..1_000 {
        let chance = RandomState::new().build_hasher().finish() % 10_000;
        let port = 10_000 + u16::try_from(chance).unwrap_or_default();
        if is_free(port) && (!is_node || is_free(port + 10_000)) {
            return Ok(port);
        }
    }
    Err(io::Error::other("no two ports are free"))
}

const VARIABLE: &str = "GROWTHBOOK_TEST_REDIS_SERVER";
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
const ATTEMPTS: usize = 5;
const LIMIT: Duration = Duration::from_secs(60);
static FOLDERS: AtomicU32 = AtomicU32::new(0);
