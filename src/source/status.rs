//! Asks an address for its status only: for checks, which want to know whether somebody answers.

use std::time::Duration;

use ureq::Agent;

/// The status `url` answers with, redirects not followed; an error says why there is none.
pub fn ask_for_status(url: &str, timeout: Duration) -> Result<u16, String> {
    let agent: Agent = Agent::config_builder()
        .user_agent(concat!("dgmo/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        // What is asked runs here or beside us; a proxy would answer in its place.
        .proxy(None)
        .timeout_global(Some(timeout))
        .build()
        .into();
    match agent.get(url).call() {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(error) => Err(format!("{url} does not answer: {error}")),
    }
}
