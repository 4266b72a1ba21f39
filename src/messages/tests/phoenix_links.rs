use super::*;
use crate::framework::phoenix::{PhoenixLinkProblem, SourceLocation};

#[test]
fn phoenix_links() {
    let place = |line| SourceLocation {
        file: "lib/shop_web/components/layouts/root.html.heex".into(),
        line,
    };
    let otp_app = || "shop".to_owned();
    let problems = [
        PhoenixLinkProblem::InjectNowhere,
        PhoenixLinkProblem::NoManifest(otp_app()),
        PhoenixLinkProblem::NoEndpoint(otp_app()),
        PhoenixLinkProblem::NotMade(place(9), "assets/css/app.css".to_owned()),
        PhoenixLinkProblem::NoScript(place(9)),
        PhoenixLinkProblem::NoHost(place(9)),
        PhoenixLinkProblem::Mixed {
            path: place(9),
            url: place(12),
        },
        PhoenixLinkProblem::WrittenByHand(vec![place(9)]),
    ];
    let messages = problems.map(|why| {
        let snippet = "# config/runtime.exs\nif static_url = …".to_owned();
        NotFollowing { why, snippet }.explain()
    });
    compare("phoenix_links", &messages);
}
