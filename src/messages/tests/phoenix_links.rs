use super::*;
use crate::framework::SourceLocation;
use crate::framework::phoenix::{PhoenixLinkProblem, WrongLink};

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
            paths: vec![place(9)],
            urls: vec![place(12)],
            endpoint: "ShopWeb.Endpoint".to_owned(),
        },
        PhoenixLinkProblem::Wrong {
            location: place(3),
            variable: "STATIC_URL",
            base: "https://cdn.example.com/shop/v1/".to_owned(),
            links: vec![WrongLink {
                location: place(9),
                url: "https://cdn.example.com/shop/v1//assets/app.css".to_owned(),
            }],
        },
        PhoenixLinkProblem::WrittenByHand(vec![place(9)]),
    ];
    let messages = problems.map(|why| {
        let snippet = "# config/runtime.exs\nif static_url = …".to_owned();
        NotFollowing { why, snippet }.explain()
    });
    compare("phoenix_links", &messages);
}
