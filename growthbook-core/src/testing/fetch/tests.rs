//! The suite passes fetchers that are right, and finds what is wrong with each of these.

use std::sync::MutexGuard;
use std::thread;
use std::time::Duration;

use super::super::suite::all_are_found;
use super::*;
use crate::cache::CacheKey;
use crate::fetch::StaticFetcher;
use crate::secret::ClientKey;

#[test]
fn a_server_in_memory_keeps_the_contract() {
    check(Flaw::None);
    check(Flaw::NamesNoVersions);
}

#[test]
fn a_fetcher_of_fixed_payloads_keeps_the_contract() {
    fetcher_contract(|| {
        let fetcher = Replaced::default();
        let server = Arc::clone(&fetcher.0);
        let serve = move |payload: Option<&[u8]>| {
            *server.lock().unwrap() = payload.map(StaticFetcher::new);
        };
        (fetcher, serve)
    });
}

#[test]
fn every_flaw_is_found() {
    let flaws = [
        (Flaw::AsksOnce, "comes what the server has then"),
        (Flaw::AnswersLate, "byte for byte"),
        (
            Flaw::ErrorPageIsAPayload,
            "that is an error, and no payload",
        ),
        (Flaw::FailsOnOddValidators, "though it fits no request"),
        (Flaw::FailsOnOwnValidators, "that it gave itself"),
        (Flaw::Hangs, "`fetch` did not come to an end"),
        (Flaw::KeyChangesOnFailure, "is another one after a failure"),
        (Flaw::KeyIsOfTheBytes, "is another one after a payload came"),
        (Flaw::MixesBytes, "this one is of several"),
        (Flaw::MixesValidators, "also to many at once"),
        (
            Flaw::OldBytesWhenUnchanged,
            "comes as it was, if it comes at all",
        ),
        (Flaw::PanicsOnOddValidators, "`fetch` panicked"),
        (
            Flaw::ParsesJson,
            "`fetch` failed, though the server answers",
        ),
        (Flaw::ReadsText, "bytes that are no text"),
        (Flaw::StaysBroken, "after the server has failed"),
        (Flaw::Trims, "white space"),
        (Flaw::TruncatesLong, "a megabyte"),
        (Flaw::UnchangedForEver, "gets the new one"),
        (Flaw::UnchangedForForeigners, "that the server never gave"),
        (
            Flaw::UnchangedForNobody,
            "asks without a validator gets the payload",
        ),
    ];
    all_are_found(&flaws, check);
}

fn check(flaw: Flaw) {
    fetcher_contract(|| {
        let fetcher = Flawed::new(flaw);
        let server = Arc::clone(&fetcher.server);
        let serve = move |payload: Option<&[u8]>| {
            let mut server = server.lock().unwrap();
            server.version += 1;
            server.payload = payload.map(Vec::from);
        };
        (fetcher, serve)
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    AnswersLate,
    AsksOnce,
    ErrorPageIsAPayload,
    FailsOnOddValidators,
    FailsOnOwnValidators,
    Hangs,
    KeyChangesOnFailure,
    KeyIsOfTheBytes,
    MixesBytes,
    MixesValidators,
    NamesNoVersions,
    None,
    OldBytesWhenUnchanged,
    PanicsOnOddValidators,
    ParsesJson,
    ReadsText,
    StaysBroken,
    Trims,
    TruncatesLong,
    UnchangedForEver,
    UnchangedForForeigners,
    UnchangedForNobody,
}

/// A fetcher with a flaw, right in everything else.
#[derive(Debug)]
struct Flawed {
    flaw: Flaw,
    server: Arc<Mutex<Server>>,
    last: Mutex<Last>,
    under_way: Mutex<Vec<Validator>>,
}

#[derive(Debug, Default)]
struct Server {
    version: u64,
    payload: Option<Vec<u8>>,
}

/// What came last.
#[derive(Debug, Default)]
struct Last {
    bytes: Option<Vec<u8>>,
    failed: bool,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            server: Arc::default(),
            last: Mutex::default(),
            under_way: Mutex::default(),
        }
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap()
    }

    /// The server's answer, perhaps read in two looks.
    fn read(&self) -> (Validator, Option<Vec<u8>>) {
        let name = |server: &Server| Validator::new(format!("\"{}\"", server.version));
        let server = self.server();
        let (mut validator, mut bytes) = (name(&server), server.payload.clone());
        drop(server);
        if self.flaw == Flaw::MixesBytes {
            self.wait_for_another_version(&validator);
            let later = self.server().payload.clone();
            if let (Some(bytes), Some(later)) = (&mut bytes, later) {
                bytes.truncate(bytes.len() / 2);
                bytes.extend(later.iter().skip(later.len() / 2));
            }
        }
        if self.flaw == Flaw::MixesValidators {
            validator = self.name_of_another_request(validator);
        }
        (validator, bytes)
    }

    /// What another request that is under way was told, if one is; that one comes back with it as well.
    fn name_of_another_request(&self, own: Validator) -> Validator {
        self.under_way.lock().unwrap().push(own.clone());
        self.wait_for_another_version(&own);
        let mut under_way = self.under_way.lock().unwrap();
        let at = under_way.iter().position(|it| *it == own).unwrap();
        under_way.remove(at);
        let other = under_way.iter().find(|it| **it != own);
        other.cloned().unwrap_or(own)
    }

    /// While many ask at once there will be one, however long that takes; elsewhere there is none to wait for.
    fn wait_for_another_version(&self, old: &Validator) {
        let is_awaited = || {
            let server = self.server();
            let of_many = |it: &Vec<u8>| it.starts_with(b"payload ");
            let is_changing = server.payload.as_ref().is_some_and(of_many);
            is_changing && format!("\"{}\"", server.version) == old.as_str()
        };
        while is_awaited() {
            thread::park_timeout(Duration::from_millis(1));
        }
    }

    fn flawed(&self, bytes: Vec<u8>) -> Vec<u8> {
        match self.flaw {
            Flaw::ReadsText => String::from_utf8_lossy(&bytes).into_owned().into_bytes(),
            Flaw::Trims => bytes.trim_ascii().to_vec(),
            Flaw::TruncatesLong => bytes.into_iter().take(64 << 10).collect(),
            _ => bytes,
        }
    }
}

impl FeatureFetcher for Flawed {
    fn cache_key(&self) -> CacheKey {
        let last = self.last.lock().unwrap();
        let mut name = String::from("memory");
        if self.flaw == Flaw::KeyIsOfTheBytes {
            name = format!("{:?}", last.bytes);
        }
        if self.flaw == Flaw::KeyChangesOnFailure && last.failed {
            name.push('!');
        }
        CacheKey::new(name, &ClientKey::new(""))
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let unchanged = Ok(Fetched::Unchanged { max_age: None });
        let (validator, bytes) = self.read();
        let mut last = self.last.lock().unwrap();
        let is_odd = known.is_some_and(|it| it.as_str().contains(['\n', '\0', 'ä']));
        let is_ours = known.is_some_and(|it| it.as_str().trim_matches('"').parse::<u64>().is_ok());
        match self.flaw {
            Flaw::AsksOnce if last.failed && bytes.is_some() => {
                let kept = last.bytes.clone().unwrap_or_default();
                return Ok(Fetched::Fresh(CachedPayload::new(kept)));
            }
            Flaw::FailsOnOddValidators if is_odd => return Err(FetchError::Redirected),
            Flaw::FailsOnOwnValidators if is_ours && bytes.is_some() => {
                return Err(FetchError::Redirected);
            }
            Flaw::Hangs => thread::park_timeout(Duration::from_secs(60)),
            Flaw::PanicsOnOddValidators if is_odd => panic!("on purpose"),
            Flaw::StaysBroken if last.failed => return Err(FetchError::TimedOut),
            Flaw::UnchangedForEver if is_ours && bytes.is_some() => return unchanged,
            Flaw::UnchangedForForeigners if known.is_some() && !is_ours => return unchanged,
            Flaw::UnchangedForNobody if last.bytes.is_some() && known.is_none() => {
                return unchanged;
            }
            _ => {}
        }
        let Some(bytes) = bytes else {
            last.failed = true;
            if self.flaw == Flaw::ErrorPageIsAPayload {
                return Ok(Fetched::Fresh(CachedPayload::new(*b"<h1>Oops</h1>")));
            }
            return Err(FetchError::TimedOut);
        };
        if self.flaw == Flaw::ParsesJson && !bytes.starts_with(b"{") {
            return Err(FetchError::Redirected);
        }
        let old = last.bytes.replace(bytes.clone());
        if known == Some(&validator) {
            if self.flaw == Flaw::OldBytesWhenUnchanged {
                return Ok(Fetched::Fresh(CachedPayload::new(*b"{}")));
            }
            return unchanged;
        }
        let bytes = match (self.flaw, old) {
            (Flaw::AnswersLate, Some(old)) => old,
            _ => self.flawed(bytes),
        };
        let validator = (self.flaw != Flaw::NamesNoVersions).then_some(validator);
        Ok(Fetched::Fresh(
            CachedPayload::new(bytes).with_validator(validator),
        ))
    }
}

/// A fetcher of fixed payloads, of which another one takes the place of the one before.
#[derive(Debug, Default)]
struct Replaced(Arc<Mutex<Option<StaticFetcher>>>);

impl FeatureFetcher for Replaced {
    fn cache_key(&self) -> CacheKey {
        CacheKey::new("replaced", &ClientKey::new(""))
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let fixed = self.0.lock().unwrap().clone();
        fixed.ok_or(FetchError::TimedOut)?.fetch(known)
    }
}
