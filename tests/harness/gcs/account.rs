//! The service account of the fake. `key.txt` holds its key, made by `openssl genpkey -algorithm RSA`, without the first and
//! last line. Only tests use the key, and it gives access to nothing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Utc;
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

const EMAIL: &str = "tests@static-assets-tests.iam.gserviceaccount.com";
const KEY_ID: &str = "7e57c0ffee0123456789abcdef0123456789abcd";
const KEY: &str = include_str!("key.txt");
/// The scopes that allow to write objects: <https://cloud.google.com/storage/docs/oauth-scopes>
const SCOPES: [&str; 3] = [
    "https://www.googleapis.com/auth/devstorage.read_write",
    "https://www.googleapis.com/auth/devstorage.full_control",
    "https://www.googleapis.com/auth/cloud-platform",
];
/// A token is valid for an hour at most, in seconds.
const LONGEST: i64 = 3600;

fn key_pair() -> RsaKeyPair {
    let key = BASE64_STANDARD.decode(KEY.replace('\n', "")).unwrap();
    RsaKeyPair::from_pkcs8(&key).unwrap()
}

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
    let claims =
        json!({"iss": EMAIL, "sub": EMAIL, "scope": SCOPES[0], "iat": now, "exp": now + LONGEST});
    let signed = [header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
    let signed = signed.join(".");
    let key = key_pair();
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(
        &RSA_PKCS1_SHA256,
        &random,
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

/// Whether the service would take the token in `Authorization`, which the account signs itself:
/// <https://developers.google.com/identity/protocols/oauth2/service-account#jwt-auth>
pub(super) fn has_issued(authorization: &str) -> bool {
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    let decode = |part| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let parts: Option<Vec<Vec<u8>>> = token.split('.').map(decode).collect();
    let Some([header, claims, signature]) = parts.as_deref() else {
        return false;
    };
    let signed = token.rsplit_once('.').unwrap_or_default().0;
    let key = key_pair();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public());
    let parsed = |part: &[u8]| serde_json::from_slice::<Value>(part).unwrap_or_default();
    let (header, claims) = (parsed(header), parsed(claims));
    let scopes = claims["scope"].as_str().unwrap_or_default();
    let time = |name: &str| claims[name].as_i64().unwrap_or_default();
    let (begin, end, now) = (time("iat"), time("exp"), Utc::now().timestamp());
    header["alg"] == "RS256"
        && header["kid"] == KEY_ID
        && header["typ"] == "JWT"
        && claims["iss"] == EMAIL
        && claims["sub"] == EMAIL
        && scopes.split(' ').any(|scope| SCOPES.contains(&scope))
        && begin <= now + 60
        && end > now
        && end - begin <= LONGEST
        && key.verify(signed.as_bytes(), signature).is_ok()
}
