//! What the server does in one step each. It decodes no payload: that may be megabytes, and nobody else is served meanwhile.

use growthbook_redis::{Command, Script};

use crate::names::Names;

pub(crate) struct Scripts {
    load: Script,
    load_and_lease: Script,
    store: Script,
    lease: Script,
    release: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            load: Script::new(LOAD),
            load_and_lease: Script::new(load_and_lease()),
            store: Script::new(STORE),
            lease: Script::new(LEASE),
            release: Script::new(RELEASE),
        }
    }

    /// Reads an entry, of a payload of so many bytes at most.
    pub(crate) fn load(&self, names: &Names, max_bytes: usize) -> Command {
        let command = self.load.command(&[&names.payload, &names.about]);
        command.arg(max_bytes.to_string())
    }

    /// Reads an entry, and takes the lease for so many milliseconds, if nobody has it.
    pub(crate) fn load_and_lease(
        &self,
        names: &Names,
        max_bytes: usize,
        token: &str,
        millis: u64,
    ) -> Command {
        let keys = [&names.payload, &names.about, &names.lease];
        let command = self.load_and_lease.command(&keys);
        command
            .arg(max_bytes.to_string())
            .arg(token)
            .arg(millis.to_string())
    }

    /// Writes an entry, unless the one that is there has a later date.
    pub(crate) fn store(&self, names: &Names, write: &Write<'_>) -> Command {
        let command = self.store.command(&[&names.payload, &names.about]);
        command
            .arg(write.bytes)
            .arg(write.about)
            .arg(write.ttl)
            .arg(write.updated)
            .arg(write.void)
    }

    /// Takes the lease for so many milliseconds, if nobody has it.
    pub(crate) fn lease(&self, names: &Names, token: &str, millis: u64) -> Command {
        // With the same keys and arguments as where it is a part.
        let keys = [&names.payload, &names.about, &names.lease];
        let command = self.lease.command(&keys).arg("0");
        command.arg(token).arg(millis.to_string())
    }

    pub(crate) fn release(&self, names: &Names, token: &str) -> Command {
        self.release.command(&[&names.lease]).arg(token)
    }
}

/// What is to be stored.
pub(crate) struct Write<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) about: &'a str,
    /// In milliseconds.
    pub(crate) ttl: &'a str,
    /// The date in digits, or nothing.
    pub(crate) updated: &'a str,
    /// What is known to be beside the payload and not to belong to it, or nothing.
    pub(crate) void: &'a [u8],
}

/// A number says why there is no entry.
const LOAD: &str = "\
local length = redis.pcall('STRLEN', KEYS[1])
if type(length) ~= 'number' then return 1 end
if length > tonumber(ARGV[1]) then return 2 end
local payload = redis.call('GET', KEYS[1])
if not payload then return false end
local about = redis.pcall('STRLEN', KEYS[2])
if type(about) ~= 'number' or about > 65536 then return {payload, false} end
return {payload, redis.call('GET', KEYS[2])}";

/// What `LOAD` says of a payload that is too long; 1 is what is no text.
pub(crate) const TOO_LONG: i64 = 2;

/// Says 1 if it was stored, and otherwise what is beside the payload that is there. The dates are of as many digits
/// each.
const STORE: &str = "\
if ARGV[4] ~= '' then
local size = redis.pcall('STRLEN', KEYS[2])
local there = type(size) == 'number' and size <= 65536 and redis.call('GET', KEYS[2])
if there and there ~= ARGV[5] and redis.call('EXISTS', KEYS[1]) == 1 then
local is_read, about = pcall(cjson.decode, there)
if is_read and type(about) == 'table' and type(about.updated) == 'string' and #about.updated == #ARGV[4]
and about.updated > ARGV[4] then return there end
end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1";

/// Who has it already gets it again: a command can be run twice. One without an end is nobody's: leases have one. Nor is one
/// that has longer to go than it was granted for: ends are dates, and the server's clock was set back.
const LEASE: &str = "\
local left, held = redis.call('PTTL', KEYS[3]), redis.pcall('GET', KEYS[3])
local token, granted
if type(held) == 'string' then token, granted = string.match(held, '^(.*):(%d+)$') end
if left == -1 or granted and left > tonumber(granted) then redis.pcall('DEL', KEYS[3])
elseif token == ARGV[2] then return 1 end
local done = redis.pcall('SET', KEYS[3], ARGV[2] .. ':' .. ARGV[3], 'NX', 'PX', ARGV[3])
if not done then return 0 end
if done.err then return done end
return 1";

/// A server that is full or only replicates grants no lease, and says -1 of it. The entry is read all the same.
fn load_and_lease() -> String {
    format!(
        "\
local function load() {LOAD} end
local function lease() {LEASE} end
local leased = lease()
if type(leased) ~= 'number' then leased = -1 end
return {{leased, load()}}"
    )
}

/// What `load_and_lease` says of a lease that was granted, and of one that somebody else has.
pub(crate) const GRANTED: i64 = 1;
pub(crate) const TAKEN: i64 = 0;

/// Not if somebody else has it meanwhile.
const RELEASE: &str = "\
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(.*):%d+$') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1";
