//! The service account of the fake. `key.txt` holds its key, made by `openssl genpkey -algorithm RSA`, without the first and
//! last line. Only tests use the key, and it gives access to nothing.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Utc;
use serde_json::{Value, json};

const EMAIL: &str = "tests@static-assets-tests.iam.gserviceaccount.com";
const KEY_ID: &str = "7e57c0ffee0123456789abcdef0123456789abcd";
const KEY: &str = include_str!("key.txt");

/// The key file in the form that the console offers for download.
pub(super) fn credentials() -> String {
    let kind = "PRIVATE KEY";
    json!({
        "type": "service_account",
        "project_id": "static-assets-tests",
        "private_key_id": KEY_ID,
        "private_key": format!("-----BEGIN {kind}-----\n{KEY}-----END {kind}-----\n"),
        "client_email": EMAIL,
        "client_id": "100000000000000000000",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    })
    .to_string()
}

/// A token in the form of one that the account signs itself.
pub(super) fn token() -> String {
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID});
    let now = Utc::now().timestamp();
    let claims = json!({"iss": EMAIL, "sub": EMAIL, "iat": now, "exp": now + 3600});
    let parts = [header.to_string(), claims.to_string(), "signature".into()];
    parts
        .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
        .join(".")
}

/// Whether the account issued the token in `Authorization`, and whether it is still valid. The signature is not verified.
pub(super) fn has_issued(authorization: &str) -> bool {
    let parts: Option<Vec<Vec<u8>>> = authorization.strip_prefix("Bearer ").and_then(|token| {
        let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        token.split('.').map(decode).collect()
    });
    let Some([header, claims, signature]) = parts.as_deref() else {
        return false;
    };
    let parsed = |part: &[u8]| serde_json::from_slice::<Value>(part).unwrap_or_default();
    let (header, claims) = (parsed(header), parsed(claims));
    header["alg"] == "RS256"
        && header["kid"] == KEY_ID
        && claims["iss"] == EMAIL
        && claims["exp"].as_i64() > Some(Utc::now().timestamp())
        && !signature.is_empty()
}
