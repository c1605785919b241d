//! Row 22: nothing that is printed contains a secret, in any of the forms that secrets travel in.

use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use growthbook_core::{
    Attributes, ClientKey, DecryptionKey, Experiment, GrowthBookClient, Ruleset,
};
use proptest::prelude::*;

use crate::support::cases;

/// A secret in all its forms.
fn forms(secret: &[u8]) -> Vec<String> {
    let hex = secret
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let percent = |escape: fn(u8) -> String| -> String {
        secret
            .iter()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(*byte).to_string()
                } else {
                    escape(*byte)
                }
            })
            .collect()
    };
    let mut forms = vec![
        hex.to_uppercase(),
        hex,
        percent(|byte| format!("%{byte:02X}")),
        percent(|byte| format!("%{byte:02x}")),
        url::form_urlencoded::byte_serialize(secret).collect(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        secret.escape_ascii().to_string(),
    ];
    forms.push(format!("{secret:?}").trim_matches(['[', ']']).to_owned());
    forms.extend(String::from_utf8(secret.to_vec()));
    forms
}

fn check(printed: &str, secrets: &[&[u8]]) -> Result<(), TestCaseError> {
    for form in secrets.iter().flat_map(|secret| forms(secret)) {
        prop_assert!(!printed.contains(&form), "{form:?} in {printed:?}");
    }
    Ok(())
}

fn printed(thing: &impl Debug) -> String {
    format!("{thing:?} {thing:#?}")
}

proptest! {
    // 2,000: a case builds a client and formats it in full.
    #![proptest_config(cases(2_000))]

    #[test]
    fn keys_are_never_printed(secret: [u8; 16], client_key in "sdk-[a-zA-Z0-9/+ %:]{8,24}") {
        let text = STANDARD.encode(secret);
        let secrets: &[&[u8]] = &[&secret, text.as_bytes(), client_key.as_bytes()];
        let key = DecryptionKey::new(&text).unwrap();
        let holder = ClientKey::new(client_key.clone());
        let builder = GrowthBookClient::builder().decryption_key(key.clone());
        check(&printed(&key), secrets)?;
        check(&printed(&holder), secrets)?;
        check(&printed(&builder), secrets)?;
        let client = builder.build().unwrap();
        check(&printed(&client), secrets)?;

        // Errors say nothing of what they are about.
        let broken_key = DecryptionKey::new(&text[1..]).unwrap_err();
        check(&format!("{broken_key} {}", printed(&broken_key)), secrets)?;
        for payload in [
            format!("{{\"features\":{{}},\"key\":\"{text}\" \"{client_key}\"}}"),
            format!("{{\"encryptedFeatures\":\"{text}\"}}"),
            format!("\"{text}\""),
            format!("{{\"{text}\":\"{client_key}\"}}"),
        ] {
            let without_key = Ruleset::from_json(payload.as_bytes(), None).unwrap_err();
            let error = client.load(payload.as_bytes()).unwrap_err();
            check(&format!("{error} {without_key} {} {}", printed(&error), printed(&without_key)), secrets)?;
        }
        let error = growthbook_core::decrypt(&text, &key).unwrap_err();
        check(&format!("{error} {}", printed(&error)), secrets)?;
        let error = Attributes::from_json(&format!("{{\"token\":\"{text}\",}}")).unwrap_err();
        check(&format!("{error} {}", printed(&error)), secrets)?;
        let error = Experiment::from_json(&format!("[\"{text}\"]")).unwrap_err();
        check(&format!("{error} {}", printed(&error)), secrets)?;
        check(&printed(&client.ruleset()), secrets)?;
    }
}
