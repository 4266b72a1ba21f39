//! What `--help` says, of the program and of each command.

use indoc::indoc;

pub(super) const VERSION: &str = concat!("static-assets ", env!("CARGO_PKG_VERSION"), "\n");

pub(super) const HELP: &str = indoc! {"
    Publishes a web app's static assets under an immutable, versioned URL.

    Usage: static-assets <command> [options]

      publish      compile and upload the assets, and print or pin what the running app reads
      doctor       find out before the first deploy whether it would work
      check        read a live page as a browser does, and name each file that it refuses
      list         show which versions are in the store, and how large they are
      show         show the files and the builds of one version
      verify       compare the files in the store with what was published
      pin, unpin   keep a version from a prune, and no longer
      prune        show which versions a policy would delete, and delete them
      discard      free the name of a version that was begun and never finished
      exec         start a process of a container image with what its build pinned
      help, --help, --version

    More: static-assets <command> --help, static-assets help settings. If it is called as bin/detect or bin/build,
    it is a Cloud Native Buildpack. The stubs of its repository make it a classic Heroku buildpack.
"};

pub(super) const PUBLISH_HELP: &str = indoc! {"
    Publishes static assets under a version of their own. A version is complete or invisible, and never
    overwritten.

    Usage: static-assets publish (--app DIR | --dir DIR | --prepared[=DIR]) [options]

      --app DIR        compile the assets of a Django or Phoenix app
      --dir DIR        publish a directory that is already built, such as dist/
      --prepared[=DIR] in a release phase: upload what a build with STATIC_ASSETS_PUBLISH=release saved in
                       this image, before its processes start
      --pin[=FILE]     in a Dockerfile: pin the version in this image (/etc/static-assets/pin.env) for
                       static-assets exec, and put Django's hook into the Python on PATH
      --json           print one JSON object on stdout: version, url, digest, framework, files, bytes,
                       uploaded {files, bytes}, requests {get, head, list, put}, seconds; dry_run with
                       --dry-run; prepared if the release phase uploads
      --env-file FILE  write STATIC_ASSETS_VERSION, STATIC_URL and a given RELEASE_VERSION to FILE and
                       keep its other lines
      --dry-run        show what would be uploaded; send nothing, pin nothing and write no env file. The
                       app's own commands run, and a Phoenix app is compiled in place
      --help

    Settings come from the environment. These are needed:
      STATIC_ASSETS_STORE         s3://bucket/prefix, az://container/prefix, gs://bucket/prefix or
                                  file:///directory
      STATIC_ASSETS_PUBLIC_URL    base URL under which browsers find it, unless the store has its own
    Credentials: STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY or AWS_*,
    AZURE_STORAGE_*, GOOGLE_*. A file may hold a secret: STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key
    RELEASE_VERSION=v42 names the version. If it is unset, the version is the hash of the files.

    Examples:
      static-assets publish --dir dist --json
      static-assets publish --dir dist --env-file \"$GITHUB_ENV\"
      RUN --mount=type=secret,id=key STATIC_ASSETS_SECRET_ACCESS_KEY_FILE=/run/secrets/key … publish --app . --pin
      release: static-assets publish --prepared

    Exit codes: 0 done, 1 error, 2 arguments or settings, 5 temporary (run again), 10 no such bucket or
    directory, 11 the version exists with other content, 12 credentials missing, invalid or expired,
    13 a safety rule said no, 130 interrupted. Nothing new is visible unless the code is 0, or 1
    because the public check failed.
"};

pub(super) const DOCTOR_HELP: &str = indoc! {"
    Finds out before the first deploy whether it would work: settings, store, rights of the key and public URL, in
    seconds and without compiling anything. Each line that begins with \u{2717} says how to fix it.

    Usage: static-assets doctor [--app DIR | --dir DIR] [--json]

      --app DIR  read DIR/project.toml, and examine this app, too. Django's settings are loaded
      --dir DIR  also find what would be refused in a directory that is published as it is
      --json     print one JSON object: checks [{result, text, fix}]. A result is good, warning or failed
      --help

    It uploads four small files to _doctor/ in the prefix, and .static-assets/doctor.json, as a build would, and
    asks for them as a browser does. They stay, never change, and may be deleted. Settings are those of publish.

    Exit codes: 0 a deploy would work, else those of publish.
"};

pub(super) const CHECK_HELP: &str = indoc! {"
    Reads a live page as a browser does: stylesheets, scripts, modules, images, and what stylesheets load. Names each
    file that a browser refuses, and why: status, type, CORS, Content-Security-Policy, mixed content or integrity.

    Usage: static-assets check URL [--json]

      --json   print one JSON object: url, files [{url, kind}], versions {version: files}, problems [{url, problem,
               text, refused}]. A problem is status, page, type, cors, policy, mixed, integrity or unreachable, which
               browsers refuse, or cache, redirect or upgraded
      --help

    No script of the page runs, so what scripts load is not seen. No setting is needed. With those of publish, explicit
    versions are known by their URL, too.

    Exit codes: 0 a browser loads everything, 1 it refuses a file, 2 arguments, 5 the page does not answer.
"};

pub(super) const EXEC_HELP: &str = indoc! {"
    Becomes a process that reads what the build pinned in this image.

    Usage: static-assets exec [--pin=FILE] -- COMMAND [ARGUMENT…]

      --pin=FILE   read this file in place of /etc/static-assets/pin.env
      --help

    In a Dockerfile:
      ENTRYPOINT [\"static-assets\", \"exec\", \"--\"]
      CMD [\"gunicorn\", \"project.wsgi\"]

    STATIC_ASSETS_VERSION is the pinned version. STATIC_URL is the environment's if it is set; else the
    version under STATIC_ASSETS_PUBLIC_URL if that is set; else the pinned URL. No shell is needed.

    Exit codes: the command's own; 2 no pin file, 126 the command can't be started, 127 it does not exist.
"};

pub(super) const LIST_HELP: &str = indoc! {"
    Shows which versions are in the store: one row each, the one that was built last first.

    Usage: static-assets list [--json | --html FILE [--keep-last N] [--keep-within AGE]]

      --json       print one JSON object: store, versions [{version, state, kind, files, bytes, groups, commit,
                   published, built, pins}], unknown
      --html FILE  write a page for people: the store's size over time, a bar for each version, and what a prune
                   of this policy would delete. It needs no other file
      --keep-last N, --keep-within AGE  the policy, as prune takes it
      --help

    States: published; unfinished: a build is running, or stopped before it wrote the marker; deleting and
    deleted, by a prune; unreadable: its marker or tombstone is of a newer schema, or damaged.

    The settings are those of publish; no public URL is needed. The key must be able to list and to read
    .static-assets/ under the prefix.

    Exit codes: 0 done, 1 error, 2 arguments or settings, 5 temporary (run again), 10 no such bucket or
    directory, 12 credentials missing, invalid or without the right, 130 interrupted.
"};

pub(super) const SHOW_HELP: &str = indoc! {"
    Shows the files of one version, and the builds that made it.

    Usage: static-assets show VERSION [--json]

      --json   print one JSON object: what list prints of the version, runs [{at, group, commit}], paths
               [{path, size, sha256, type}]
      --help

    Settings and exit codes are those of list; 10 also if the store has nothing of the version.
"};

pub(super) const VERIFY_HELP: &str = indoc! {"
    Compares the files in the store with what the builds published: sizes, hashes and headers.

    Usage: static-assets verify (VERSION… | --all) [--read] [--repair DIR] [--json]

      --all         every published version
      --read        read every file and hash its bytes, in place of the hash that the store keeps beside it
      --repair DIR  upload what is missing from DIR, such as an image's copy: only files with the published
                    bytes, and only where nothing is
      --json        print one JSON object on stdout: versions [{version, files, bytes, unproven, problems
                    [{path, problem, header, stored, wanted}]}]. A problem is missing, size, bytes, header,
                    link: a symbolic link leads there, or foreign: a file that the marker doesn't name
      --help

    A directory keeps no hashes: without --read, its files are known by their size.
    Settings are those of list; with a bucket, the key must also be able to read the files, and for --repair
    to write.

    The log is on stderr. Exit codes: 0 nothing differs, 1 something differs or could not be compared, 10 also
    if a version is not published, and those of list.
"};

pub(super) const PIN_HELP: &str = indoc! {"
    Keeps a published version from every prune, until it is unpinned.

    Usage: static-assets pin VERSION --reason TEXT [--name NAME]
           static-assets unpin VERSION [--name NAME]

      --reason TEXT  why, for whoever finds the pin: \"rollback target of 2026\"
      --name NAME    a version may have several pins. If it is left out: manual
      --help

    A pin is the object .static-assets/pins/VERSION/NAME.json. A pin of the same name is replaced. To see the
    pins: static-assets show VERSION.

    Settings are those of list. The key of pin must be able to write, the key of unpin to delete.

    Exit codes: those of list; 5 if a prune is deleting the version, 10 if there is no such version or pin.
"};

pub(super) const PRUNE_HELP: &str = indoc! {"
    Shows which versions a policy keeps, and deletes the others with --apply.

    Usage: static-assets prune [--keep-last N] [--keep-within AGE] [--in-use URL|-]… [--apply [--force]] [--json]

      --keep-last N      keep the last N versions of each group (STATIC_ASSETS_GROUP) [10]
      --keep-within AGE  keep what was built within 36h, 30d or 8w; at least 24h [30d]
      --in-use URL       keep the versions that this page links to
      --in-use -         keep the versions that standard input names: versions, URLs or labels of images
      --apply            delete. Without it, only the plan is shown
      --force            delete even if that is more than half of the versions
      --json             print one JSON object: store, keep_last, keep_within_hours, keep [{version, files, bytes,
                         built, reasons}], delete [{version, files, bytes, built, reason}], refs, unknown, applied;
                         with --apply: deleted, spared, freed {files, bytes, refs}
      --help

    Kept are also pinned versions, what can't be read, and always one version. Deleted are also versions that were
    begun more than 24 hours ago and never finished, and objects that record old builds. Ages are by the store's
    clock. STATIC_ASSETS_KEEP_LAST and STATIC_ASSETS_KEEP_WITHIN, or keep-last and keep-within in project.toml, set the
    policy for every run.

    A prune may run beside builds, but not beside another prune. One that was stopped can run again after 70
    minutes, and goes on where it stopped. Settings are those of list; --apply needs a key that may also write and
    delete.

    Exit codes: those of list; 5 if another prune runs, 12 if the key may not delete, 13 if more than half would be
    deleted.
"};

pub(super) const DISCARD_HELP: &str = indoc! {"
    Frees the name of a version that was begun and never finished, and deletes the files that are there of it.

    Usage: static-assets discard VERSION…

      --help

    A build that ended early leaves a claim: its version accepts only its content. After this, any content may have
    the name, unless the version was once published and deleted. No build may have used the name within the last 24 hours. A published version is never discarded.

    Settings and rights are those of prune --apply. Exit codes: those of list; 5 if a build may run or another prune
    runs, 10 if there is nothing to discard, 13 if the version is published.
"};

/// The commands, each with its help.
pub(super) const COMMANDS: [(&str, &str); 11] = [
    ("publish", PUBLISH_HELP),
    ("doctor", DOCTOR_HELP),
    ("check", CHECK_HELP),
    ("exec", EXEC_HELP),
    ("list", LIST_HELP),
    ("show", SHOW_HELP),
    ("verify", VERIFY_HELP),
    ("pin", PIN_HELP),
    ("unpin", PIN_HELP),
    ("prune", PRUNE_HELP),
    ("discard", DISCARD_HELP),
];
