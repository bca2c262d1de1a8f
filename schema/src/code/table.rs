// The table of codes: name, number, title, page. Keep it in order of number; ranges belong to rooms:
// 10 manifest · 11 lock · 12 sources and downloads · 20 store · 21 archives · 30 views, generations,
// activation · 40 command line · 90 our own bugs. A page may use several lines.
codes! {
    // ---- 10: manifest
    ManifestMissing = "DG1001", "there is no manifest here",
        "dgmo looks for `dgmo.yaml` in this folder and the ones above it, then in `~/.config/dgmo/`. \
         Run `dgmo init` to write one, or name one with `-f FILE`.";

    // ---- 11: lock
    LockOutOfDate = "DG1101", "the lock does not fit the manifest",
        "`--locked` promises that the lock is used as it is, but the manifest asks for something else. \
         Run `dgmo lock`, look at the difference, and commit both files.";

    // ---- 12: sources and downloads
    FetchFailed = "DG1201", "a source could not be fetched",
        "The address did not answer, or not with what was asked for. What arrived so far is kept; running the \
         same command again goes on from there.";

    // ---- 20: store
    ObjectMissing = "DG2001", "an object is not in the store",
        "Something names an object that is not there. Run `dgmo store verify` to see what else is missing; \
         `dgmo switch` fetches again what the lock knows the source of.";

    // ---- 21: archives

    // ---- 30: views, generations, activation
    GenerationMissing = "DG3001", "there is no such generation",
        "The number names a generation that was never made or has been pruned. \
         Run `dgmo generations list` to see which there are.";

    // ---- 40: command line
    Usage = "DG4001", "the command was asked wrongly",
        "A flag or an argument is unknown, missing or does not fit the others. \
         Run `dgmo help` or `dgmo help COMMAND` for what there is.";

    // ---- 90: our own bugs
    Bug = "DG9001", "dgmo did something it believed to be impossible",
        "This is a mistake in dgmo, not in your files. Nothing you have is at risk: every change is made whole or \
         not at all. Please report it with the text of the message.";
}
