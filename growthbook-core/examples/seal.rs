//! Seals a payload, as GrowthBook does for SDK connections with encryption: for tests and demonstrations.
//!
//! ```sh
//! cargo run -p growthbook-core --example seal -- KEY IV < payload.json > payload.sealed.json
//! ```
//!
//! KEY and IV are 16 bytes each, in base64. GrowthBook draws a new IV for every section. Here the caller gives one for
//! all, so that the same payload always seals to the same file.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use aes::Aes128;
use aes::cipher::{BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::{RawValue, to_raw_value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(key), Some(iv), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: seal KEY IV < payload.json".into());
    };
    let bytes = |base64: String| STANDARD.decode(base64).map_err(|error| error.to_string());
    let (key, iv) = (bytes(key)?, bytes(iv)?);

    // Raw text, so that what is opened later is what was written, with every key in its place.
    let mut payload: BTreeMap<String, Box<RawValue>> = serde_json::from_reader(io::stdin())?;
    for (section, sealed_section) in SECTIONS {
        if let Some(plain) = payload.remove(section) {
            let sealed = seal(plain.get(), &key, &iv)?;
            payload.insert(sealed_section.to_owned(), to_raw_value(&sealed)?);
        }
    }
    payload.insert(
        "features".to_owned(),
        RawValue::from_string("{}".to_owned())?,
    );
    serde_json::to_writer_pretty(io::stdout(), &payload)?;
    Ok(())
}

/// The text in the form `base64(iv).base64(ciphertext)`.
fn seal(plain: &str, key: &[u8], iv: &[u8]) -> Result<String, Box<dyn Error>> {
    let cipher = cbc::Encryptor::<Aes128>::new_from_slices(key, iv)?;
    let mut buffer = plain.as_bytes().to_vec();
    buffer.resize(plain.len() + iv.len(), 0);
    let ciphertext = cipher
        .encrypt_padded::<Pkcs7>(&mut buffer, plain.len())
        .map_err(|error| error.to_string())?;
    Ok(format!(
        "{}.{}",
        STANDARD.encode(iv),
        STANDARD.encode(ciphertext)
    ))
}

const SECTIONS: [(&str, &str); 4] = [
    ("contextualBandits", "encryptedContextualBandits"),
    ("experiments", "encryptedExperiments"),
    ("features", "encryptedFeatures"),
    ("savedGroups", "encryptedSavedGroups"),
];
