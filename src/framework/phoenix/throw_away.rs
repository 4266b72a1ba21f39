//! Values of variables whose absence makes a configuration script raise, for a build that needs no real ones.

pub(super) const THROW_AWAY_VALUES: [(&str, &str); 2] = [
    (
        "SECRET_KEY_BASE",
        "unused-while-compiling-assets-unused-while-compiling-assets-unused-while",
    ),
    ("DATABASE_URL", "ecto://unused:unused@localhost/unused"),
];
