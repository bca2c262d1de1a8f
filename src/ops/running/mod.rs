//! Programs and shells that live in a generation: which one, with what environment, and how they are started.

mod environment;
mod graph;
mod inside;
mod programs;
mod project;
mod prompt;
mod hooked;
mod run;
mod size;
mod which;
mod why;

pub use environment::EnvironmentRequest;
pub use environment::environment;
pub use graph::tree_graph;
pub use graph::ways_graph;
pub use inside::lives_in;
pub use project::ConsentRequest;
pub use project::consent;
pub use project::profile_for;
pub use project::projects;
pub(super) use project::renew;
pub use prompt::PromptRequest;
pub use prompt::Prompted;
pub use prompt::prompt;
pub use run::ExecRequest;
pub use run::Prepared;
pub use run::RunRequest;
pub use run::StartError;
pub use run::exec;
pub use run::run;
pub use run::shell;
pub use size::tree;
pub use which::which;
pub use why::WhyError;
pub use why::why;
