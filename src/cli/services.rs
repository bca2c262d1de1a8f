//! `dgmo services`

use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::RunBy;
use dgmo_schema::report::service::ServiceLogsReport;
use dgmo_schema::report::service::ServicesReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::Deed;
use crate::ops::LogsRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// See, start and stop the services of the current generation, or run them here
///
/// A switch starts, stops and restarts services by what changed, over systemd or launchd. Where no init system answers,
/// as in a container, `dgmo services run` supervises them in the foreground.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo services                     how they are
  dgmo services run                 supervise them here, until Ctrl-C or SIGTERM
  dgmo services restart web         stop and start one
  dgmo services logs web -n 50      what it said last
  dgmo services logs --follow       what all of them say from now on")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// How they are; exit 3 if one should run and does not
    Status,
    /// Supervise them in the foreground: in order, restarted when they fail, stopped in order by SIGTERM
    ///
    /// SIGHUP takes the current generation over: what differs is restarted, the rest left running. Each line a service
    /// prints goes to stdout with its name in front, and to a log file. Fit to be the first process of a container.
    Run,
    /// Start those that do not run
    Start(Names),
    /// Stop those that run
    Stop(Names),
    /// Stop and start them
    Restart(Names),
    /// What they said
    Logs(Logs),
    /// Wait until one is ready; for the init system
    #[command(hide = true)]
    Await(Await),
}

#[derive(Debug, clap::Args)]
struct Names {
    /// Which [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<ServiceName>,
}

#[derive(Debug, clap::Args)]
struct Logs {
    #[command(flatten)]
    names: Names,
    /// So many lines of each
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    lines: usize,
    /// Go on telling, until Ctrl-C
    #[arg(long)]
    follow: bool,
}

#[derive(Debug, clap::Args)]
struct Await {
    /// Which
    #[arg(value_name = "NAME")]
    name: ServiceName,
    /// Of which generation
    #[arg(long, value_name = "N")]
    at: Option<String>,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = || global.engine(Special::default(), &renderer);
    let change = |deed, names: &Names| {
        let report = ops::change_services(&engine()?, deed, &names.names)?;
        tell(&report, printer)
    };
    match args.command.unwrap_or(Command::Status) {
        Command::Status => {
            let report = ops::services(&engine()?)?;
            tell(&report, printer)?;
            let is_well = report.services.iter().all(|status| status.state.is_well());
            return Ok(Exit::found(!is_well));
        }
        Command::Run => return supervise(global, printer),
        Command::Start(names) => change(Deed::Start, &names)?,
        Command::Stop(names) => change(Deed::Stop, &names)?,
        Command::Restart(names) => change(Deed::Restart, &names)?,
        Command::Logs(logs) => tell_logs(&logs, &engine()?, printer)?,
        Command::Await(wait) => ops::await_ready(&engine()?, &wait.name, wait.at.as_deref())?,
    }
    Ok(Exit::Done)
}

#[cfg(unix)]
fn supervise(global: &Global, printer: Printer) -> Result<Exit> {
    use crate::service::supervise::Ending;

    static SILENT: dgmo_schema::event::Silent = dgmo_schema::event::Silent;
    let engine = global.engine(Special::default(), &SILENT)?;
    let said = ops::Said {
        line: std::sync::Arc::new(move |name, line| {
            // Nobody reads any more: the log files still do.
            drop(printer.out(&one_line(name, line, printer.format)));
        }),
        word: Box::new(move |text| printer.say(text)),
    };
    match ops::run_services(&engine, said)? {
        Ending::Orderly => Ok(Exit::Done),
        Ending::Failed => Ok(Exit::Failed),
    }
}

#[cfg(windows)]
fn supervise(_: &Global, _: Printer) -> Result<Exit> {
    Err(OpError::Usage {
        what: "there is no supervisor for this system".to_owned(),
        hint: "start the programs with what you have".to_owned(),
    }
    .into())
}

/// A line of a service, with its name in front.
fn one_line(name: &str, line: &str, format: Format) -> String {
    match format {
        Format::Text => format!("{name} | {line}\n"),
        Format::Json => format!("{}\n", serde_json::json!({"service": name, "line": line})),
    }
}

fn tell(report: &ServicesReport, printer: Printer) -> Result<()> {
    Ok(printer.report(report, in_words).map_err(OpError::stdout)?)
}

fn in_words(report: &ServicesReport, style: Style) -> String {
    if report.services.is_empty() {
        return format!("generation {} has no services\n", report.generation);
    }
    let mut table = Table::default();
    for status in &report.services {
        let pid = status.pid.map(|pid| format!("process {pid}"));
        let restarts = (status.restarts > 0).then(|| format!("restarts: {}", status.restarts));
        let more: Vec<String> = [pid, restarts, status.why.clone()]
            .into_iter()
            .flatten()
            .collect();
        let mark = if status.state.is_well() {
            " ".to_owned()
        } else {
            style.odd("!")
        };
        table.row(vec![
            format!("  {mark} {}", status.name),
            status.state.word().to_owned(),
            more.join(", "),
        ]);
    }
    let who = match report.run_by {
        RunBy::Systemd => "run by systemd\n",
        RunBy::Launchd => "run by launchd\n",
        RunBy::Supervisor => "run by `dgmo services run`\n",
        RunBy::Nobody => "nobody runs them; `dgmo services run` does\n",
    };
    table.render() + who
}

fn tell_logs(logs: &Logs, engine: &ops::Engine<'_>, printer: Printer) -> Result<()> {
    let request = LogsRequest {
        names: logs.names.names.clone(),
        lines: logs.lines,
    };
    let report = ops::logs(engine, &request)?;
    if !logs.follow {
        return Ok(printer.report(&report, lines).map_err(OpError::stdout)?);
    }
    let say = |name: &str, line: &str| printer.out(&one_line(name, line, printer.format));
    for line in &report.lines {
        say(line.service.as_str(), &line.line).map_err(OpError::stdout)?;
    }
    ops::follow_logs(engine, &request, &mut |name, line| {
        say(name.as_str(), line).is_ok()
    })
}

fn lines(report: &ServiceLogsReport, _: Style) -> String {
    let lines = report.lines.iter();
    lines
        .map(|line| one_line(line.service.as_str(), &line.line, Format::Text))
        .collect()
}
