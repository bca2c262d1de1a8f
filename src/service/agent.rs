//! A service as an agent of launchd.

use std::fmt::Write as _;
use std::path::Path;

use dgmo_schema::conduct::Restart;
use dgmo_schema::conduct::Service;
use dgmo_schema::name::ProfileName;
use dgmo_schema::name::ServiceName;

use super::Setting;
use super::unit::bounded;

/// The label of a service.
pub(super) fn label(profile: &ProfileName, service: &ServiceName) -> String {
    bounded(match profile.as_str() {
        "default" => format!("dgmo.{service}"),
        _ => format!("dgmo.{profile}:{service}"),
    })
}

/// The property list of a service, whose streams go to `log`.
pub(super) fn render(label: &str, service: &Service, setting: &Setting, log: &Path) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n",
    );
    let mut key = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  <key>{}</key>\n  {value}", escaped(name));
    };
    key("Label", &string(label));
    let words = [setting.program.display().to_string()];
    let words = words.iter().chain(&setting.arguments);
    let words: Vec<String> = words
        .map(|word| format!("    {}\n", string(word)))
        .collect();
    key(
        "ProgramArguments",
        &format!("<array>\n{}  </array>", words.concat()),
    );
    let env: Vec<String> = setting
        .env
        .iter()
        .map(|(name, value)| format!("    <key>{}</key>{}\n", escaped(name), string(value)))
        .collect();
    key(
        "EnvironmentVariables",
        &format!("<dict>\n{}  </dict>", env.concat()),
    );
    key(
        "WorkingDirectory",
        &string(&setting.folder.display().to_string()),
    );
    key("RunAtLoad", "<true/>");
    key(
        "KeepAlive",
        match service.restart {
            Restart::Always => "<true/>",
            Restart::OnFailure => "<dict><key>SuccessfulExit</key><false/></dict>",
            Restart::Never => "<false/>",
        },
    );
    let seconds = service.stop_timeout.as_millis().div_ceil(1000);
    key("ExitTimeOut", &format!("<integer>{seconds}</integer>"));
    let log = string(&log.display().to_string());
    key("StandardOutPath", &log);
    key("StandardErrorPath", &log);
    text.push_str("</dict>\n</plist>\n");
    text
}

fn string(text: &str) -> String {
    format!("<string>{}</string>", escaped(text))
}

/// What XML takes for itself; control characters it cannot hold at all are left out.
fn escaped(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dgmo_schema::conduct::CommandLine;

    use super::*;

    #[test]
    fn a_property_list_holds_what_xml_takes_for_itself() {
        let run = CommandLine::try_from(vec!["x".to_owned(), "<a & b>".to_owned()]).unwrap();
        let service = Service::of(run);
        let setting = Setting {
            program: "/bin/x".into(),
            arguments: service.run.arguments().to_vec(),
            env: BTreeMap::new(),
            folder: "/".into(),
        };
        let text = render("dgmo.web", &service, &setting, Path::new("/log"));
        assert!(
            text.contains("<string>&lt;a &amp; b&gt;</string>"),
            "{text}"
        );
        assert!(
            text.contains("<key>Label</key>\n  <string>dgmo.web</string>"),
            "{text}"
        );
    }
}
