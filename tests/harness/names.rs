//! File names of the conformance suite, which runs here and on the store in memory.

/// Names that have broken uploaders. Each file holds its own name.
pub(crate) const NAMES: &[&str] = &[
    "plain.css",
    "a b+c.css",
    "x%20y.css",
    "x%2Fy.css",
    "h#1.js",
    "staged.js#12", // object_store's LocalFileSystem treats such a file as a leftover
    "q?x=1&y=2.js",
    "t~1.js",
    "[id].js",
    "a'b(c)!.js",
    "\"quoted\".css",
    "caf\u{e9}.css",
    "日本語.svg",
    "😀.png",
    "-leading.css",
    "dots..in...names.min.css",
    "a/b/c/d/e/f/g/h/i/j/deep.woff2",
    "semi;colon,comma@at$dollar.css",
    "colon:pipe|star*.css",
    "back`tick^{curly}<less>=.css",
    "two  spaces.css",
    "UPPER.CSS",
    "no-extension",
    "1.2.3/react.js.map",
    ".well-known/security.txt",
];
