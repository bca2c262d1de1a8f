//! The file `entry_points.txt` of a wheel: which function each program of it is.

/// One program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::realise::make) struct EntryPoint {
    /// What it is called.
    pub(in crate::realise::make) program: String,
    /// The module that has it: `httpie.__main__`.
    pub(in crate::realise::make) module: String,
    /// The function in it: `main`, or `App.run`; nothing where running the module is all.
    pub(in crate::realise::make) function: Option<String>,
}

/// The programs, for terminals and for windows. What cannot be the name of a program or of a function is refused, for
/// it would become part of a script.
pub(in crate::realise::make) fn read(text: &str) -> Result<Vec<EntryPoint>, String> {
    let mut points = Vec::new();
    let mut section = "";
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').trim();
        } else if matches!(section, "console_scripts" | "gui_scripts") {
            points.push(one(line).ok_or_else(|| format!("`{line}` names no program"))?);
        }
    }
    Ok(points)
}

fn one(line: &str) -> Option<EntryPoint> {
    let (program, target) = line.split_once('=')?;
    let program = program.trim();
    let is_program = !program.is_empty()
        && !program.starts_with(['.', '-'])
        && program
            .chars()
            .all(|c| c.is_alphanumeric() || "._-+ ".contains(c));
    // What it needs besides is a matter of whoever asks for the extra.
    let target = target.split('[').next()?.trim();
    let (module, function) = match target.split_once(':') {
        Some((module, function)) => (module.trim(), Some(function.trim())),
        None => (target, None),
    };
    let is_dotted = |text: &str| {
        text.split('.').all(|part| {
            !part.is_empty()
                && !part.starts_with(|c: char| c.is_ascii_digit())
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
    };
    let is_good = is_program && is_dotted(module) && function.is_none_or(is_dotted);
    is_good.then(|| EntryPoint {
        program: program.to_owned(),
        module: module.to_owned(),
        function: function.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_and_nothing_else() {
        let text = "[console_scripts]\nhttp = httpie.__main__:main\n  https=httpie.__main__:main [ssl]\n\n\
                    # x\n[pytest11]\nx = !!\n[gui_scripts]\nwin = a.b:App.run\nrun = a\n";
        let points = read(text).unwrap();
        let of = |at: usize| {
            let EntryPoint {
                program,
                module,
                function,
            } = &points[at];
            format!("{program} {module} {}", function.as_deref().unwrap_or("-"))
        };
        assert_eq!(points.len(), 4);
        assert_eq!(of(0), "http httpie.__main__ main");
        assert_eq!(of(1), "https httpie.__main__ main");
        assert_eq!(of(2), "win a.b App.run");
        assert_eq!(of(3), "run a -");
    }

    #[test]
    fn what_would_be_more_than_a_name_is_refused() {
        for line in [
            "a", "a=", "=b:c", "a=b:", "a=b:c;d", "a=b c:d", "../a=b:c", "a/b=b:c", "a=b:'c",
            "a=b:c()", "a=1b:c", "a=b..c:d", "$(a)=b:c", ".a=b:c", "a'=b:c",
        ] {
            assert!(
                read(&format!("[console_scripts]\n{line}\n")).is_err(),
                "{line}"
            );
        }
        assert_eq!(read("").unwrap(), []);
        assert_eq!(read("[other]\nno sense at all\n").unwrap(), []);
    }
}
