//! The small scripts that run a tool with its own modules, wherever its tree is and however it is reached.

use super::entry_points::EntryPoint;

/// Finds where it is through all links, a Python of the right version on the way or on the search path, and becomes it.
///
/// Python starts with none of its own ways to find modules (`-I`, `-S`) but those of its own library, so nothing of the
/// machine gets into the tool; what belongs to the tool is added by the program in `-c`.
const TEMPLATE: &str = r#"#!/bin/sh
# Runs @WHAT@ with Python @MINOR@ and the modules that were locked with it. Made by dgmo.
case $0 in
*/*) here=$0 ;;
*) here=$(command -v -- "$0") ;;
esac
python=
while :; do
    folder=${here%/*}
    [ -n "$python" ] || [ ! -x "$folder/python@MINOR@" ] || python=$folder/python@MINOR@
    [ -L "$here" ] || break
    link=$(readlink "$here")
    case $link in
    /*) here=$link ;;
    *) here=$folder/$link ;;
    esac
done
root=$(CDPATH= cd -P -- "$folder/.." && pwd) || exit
[ -n "$python" ] || python=$(command -v python@MINOR@) || {
    python=$(command -v python3) &&
        [ "$("$python" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = @MINOR@ ]
} || {
    echo "${0##*/}: this needs Python @MINOR@, and there is none on the search path." >&2
    echo "Install it (a package \`python\` in dgmo.yaml will do), or name another Python with \`python:\`." >&2
    exit 127
}
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE
exec "$python" -I -S -B -c 'import site, sys
site.addsitedir(sys.argv[1])
sys.argv[:2] = []
site.setquit()
site.sethelper()
@RUN@' "$root/@SITE@" @MORE@"$0" "$@"
"#;

/// A launcher of one function.
pub(super) fn of_entry_point(point: &EntryPoint, minor: &str, site: &str) -> String {
    let EntryPoint {
        module, function, ..
    } = point;
    let run = match function {
        Some(function) => {
            let first = function.split('.').next().unwrap_or(function);
            format!("from {module} import {first}\nsys.exit({function}())")
        }
        None => format!(
            "import runpy\nrunpy.run_module(\"{module}\", run_name=\"__main__\", alter_sys=True)"
        ),
    };
    let what = match function {
        Some(function) => format!("`{module}:{function}`"),
        None => format!("`{module}`"),
    };
    filled(&what, minor, site, &run, "")
}

/// A launcher of a script that lies at `path`.
pub(super) fn of_script(path: &str, minor: &str, site: &str) -> String {
    let run =
        "import runpy\nscript = sys.argv.pop(0)\nrunpy.run_path(script, run_name=\"__main__\")";
    let name = path.rsplit('/').next().unwrap_or(path);
    let more = format!("\"$root/{path}\" ");
    filled(&format!("`{name}`"), minor, site, run, &more)
}

fn filled(what: &str, minor: &str, site: &str, run: &str, more: &str) -> String {
    TEMPLATE
        .replace("@WHAT@", what)
        .replace("@MINOR@", minor)
        .replace("@SITE@", site)
        .replace("@RUN@", run)
        .replace("@MORE@", more)
}
