//! Scripts that name the program they are run with by its whole path.

use crate::realise::make::python::entry_points::EntryPoint;

/// Older systems cut a first line off that is longer.
const LONGEST: usize = 127;

/// The first line of a script that is run with `interpreter`, and what must follow it where that cannot be named there.
fn first_line(interpreter: &str, arguments: &str) -> String {
    let line = format!("#!{interpreter}{arguments}");
    if line.len() <= LONGEST && !interpreter.contains(char::is_whitespace) {
        return format!("{line}\n");
    }
    let name = interpreter.rsplit('/').next().unwrap_or(interpreter);
    if name.starts_with("python") {
        // A shell sees a command; to Python it is a text that nobody uses.
        return format!("#!/bin/sh\n'''exec' \"{interpreter}\"{arguments} \"$0\" \"$@\"\n' '''\n");
    }
    let several = if arguments.is_empty() { "" } else { "-S " };
    format!("#!/usr/bin/env {several}{name}{arguments}\n")
}

/// A script whose first line a system takes.
pub(super) fn with_short_first_line(text: Vec<u8>) -> Vec<u8> {
    let Some(rest) = text.strip_prefix(b"#!") else {
        return text;
    };
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, body) = rest.split_at(end.unwrap_or(rest.len()));
    let Ok(line) = str::from_utf8(line) else {
        return text;
    };
    if line.len() + 2 <= LONGEST {
        return text;
    }
    let line = line.trim();
    let cut = line.find(char::is_whitespace).unwrap_or(line.len());
    let (interpreter, arguments) = line.split_at(cut);
    let mut script = first_line(interpreter, arguments.trim_end()).into_bytes();
    script.extend_from_slice(body.strip_prefix(b"\n").unwrap_or(body));
    script
}

/// The program that one entry point is.
pub(super) fn of_entry_point(point: &EntryPoint, prefix: &str) -> String {
    let EntryPoint {
        module, function, ..
    } = point;
    let first = first_line(&format!("{prefix}/bin/python"), "");
    let run = match function {
        Some(function) => {
            let name = function.split('.').next().unwrap_or(function);
            format!(
                "from {module} import {name}\n\nif __name__ == \"__main__\":\n    sys.exit({function}())\n"
            )
        }
        None => format!(
            "import runpy\n\nif __name__ == \"__main__\":\n    runpy.run_module(\"{module}\", run_name=\"__main__\", alter_sys=True)\n"
        ),
    };
    format!("{first}# Made by dgmo.\nimport sys\n{run}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_that_is_too_long_becomes_one_that_is_not() {
        let long = format!("/{}/bin/", "x".repeat(LONGEST));
        let of =
            |text: String| String::from_utf8(with_short_first_line(text.into_bytes())).unwrap();
        let short = "#!/a/bin/python -u\nx\n".to_owned();
        assert_eq!(of(short.clone()), short);
        assert_eq!(
            of(format!("#!{long}python3.12 -u\nprint(1)\n")),
            format!("#!/bin/sh\n'''exec' \"{long}python3.12\" -u \"$0\" \"$@\"\n' '''\nprint(1)\n")
        );
        assert_eq!(
            of(format!("#!{long}perl -w\n1;\n")),
            "#!/usr/bin/env -S perl -w\n1;\n"
        );
        assert_eq!(of(format!("#! {long}bash")), "#!/usr/bin/env bash\n");
    }
}
