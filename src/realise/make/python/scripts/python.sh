#!/bin/sh
# Python @MINOR@ as this environment: with the modules that were locked, and none of the machine. Made by dgmo.
case $0 in
*/*) here=$0 ;;
*) here=$(command -v -- "$0") ;;
esac
while [ -L "$here" ]; do
    link=$(readlink "$here")
    case $link in
    /*) here=$link ;;
    *) here=${here%/*}/$link ;;
    esac
done
env=$(CDPATH= cd -P -- "${here%/*}/.." && pwd) || exit
# Whoever started the tool knew where Python is.
python=
case ${DGMO_PYTHON-} in
@MINOR@:*) [ ! -x "${DGMO_PYTHON#*:}" ] || python=${DGMO_PYTHON#*:} ;;
esac
[ -n "$python" ] || python=$(command -v python@MINOR@) || {
    python=$(command -v python3) && [ "$python" != "$env/bin/python3" ] &&
        [ "$("$python" -I -S -c 'import sys; print("%d.%d" % sys.version_info[:2])')" = @MINOR@ ]
} || {
    echo "${0##*/}: this needs Python @MINOR@, and there is none on the search path." >&2
    exit 127
}
exec "$python" -I -S -B "$env/lib/start.py" "$@"
