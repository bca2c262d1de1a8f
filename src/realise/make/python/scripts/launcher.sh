#!/bin/sh
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
exec "$python" -I -S -B -c 'import os, site, sys
env = sys.argv[1]
os.environ["DGMO_PYTHON"] = "@MINOR@:" + sys.executable
sys._base_executable = sys.executable
sys.executable = env + "/bin/python"
sys.prefix = sys.exec_prefix = env
site.PREFIXES[:] = [env]
site.addsitedir(env + "/lib/python@MINOR@/site-packages")
sys.argv[:2] = []
del env, os
site.setquit()
site.sethelper()
@RUN@' "$root/env" @MORE@"$0" "$@"
