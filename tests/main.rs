//! Drives the real binary as platforms do. One target: it links once.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "clippy's allowance does not reach helper functions: rust-clippy#11119"
)]

mod harness;

mod architecture;
mod browser;
mod compress;
mod conformance;
mod contract_detect;
mod contract_launch;
mod contract_store;
mod credentials;
mod django_links;
mod django_matrix;
mod django_projects;
mod docker;
mod docs;
mod docs_commands;
mod doctor;
mod faults;
mod harness_azure;
mod harness_gcs;
mod heroku;
mod lifecycle;
mod operate;
mod operate_odd;
mod operate_prune;
mod pack;
mod packaging;
mod page;
mod phoenix_build;
mod phoenix_digest;
mod phoenix_elixir;
mod phoenix_packages;
mod phoenix_pages;
mod phoenix_real;
mod prunes;
mod public_check;
mod publish_cli;
mod publish_model;
mod region;
mod release_phase;
mod s3_publish;
mod secrets;
mod traps;
