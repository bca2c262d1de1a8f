"""Says what Python's own `packaging` makes of a sample: reads the sample, writes it anew.

    python.py order|ranges|markers|tags < sample > again

Ends with 77 where `packaging` is not there, or too old to say the same.
"""

import sys
from itertools import groupby

try:
    import packaging.tags as tags
    from packaging import _manylinux, _musllinux
    from packaging.markers import Marker
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version
except ImportError:
    sys.exit(77)

# What this newer one does differently: macOS tags are spelled `fat3`, and Linux's own tag comes first.
if "fat3" not in tags._mac_binary_formats((11, 0), "x86_64"):
    sys.exit(77)


def order(lines):
    words = [word for line in lines for word in line.split(" = ")]
    for _, group in groupby(sorted(words, key=lambda w: (Version(w), w)), key=Version):
        yield " = ".join(group)


def bits(values):
    return "".join("1" if value else "0" for value in values)


def ranges(lines):
    versions = lines[0].split()
    yield lines[0]
    for line in lines[1:]:
        text = line.split("\t")[0]
        wanted = SpecifierSet(text)
        asked = wanted.prereleases is True
        fits = [
            wanted.contains(v, prereleases=True) and (asked or not Version(v).is_prerelease)
            for v in versions
        ]
        best = max(wanted.filter(versions), key=Version, default="-")
        yield "\t".join([text, bits(fits), str(Version(best)) if best != "-" else best])


def environment(text):
    full, arch, system = text.split("/")[:3]
    extras = text.split("/")[3:]
    machine = {("aarch64", "darwin"): "arm64", ("x86_64", "windows"): "AMD64"}.get((arch, system), arch)
    return {
        "python_full_version": full,
        "python_version": ".".join(full.split(".")[:2]),
        "implementation_name": "cpython",
        "implementation_version": full,
        "platform_python_implementation": "CPython",
        "os_name": "nt" if system == "windows" else "posix",
        "sys_platform": {"windows": "win32"}.get(system, system),
        "platform_system": system.capitalize(),
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
        "extra": frozenset(extras),
    }


def markers(lines):
    environments = [environment(word) for word in lines[0].split()]
    yield lines[0]
    for line in lines[1:]:
        text = line.split("\t")[0]
        yield text + "\t" + bits(Marker(text).evaluate(each) for each in environments)


def platforms(kind, arch, major, minor):
    if kind == "macos":
        return list(tags.mac_platforms((major, minor), "arm64" if arch == "aarch64" else arch))
    if kind == "windows":
        return [{"x86_64": "win_amd64", "aarch64": "win_arm64"}[arch]]
    _manylinux._have_compatible_abi = lambda *_: kind == "glibc"
    _manylinux._get_glibc_version = lambda: (major, minor)
    musl = _musllinux._MuslVersion(major, minor) if kind == "musl" else None
    _musllinux._get_musl_version = lambda _: musl
    tags.sysconfig.get_platform = lambda: "linux-" + arch
    return list(tags._linux_platforms(is_32bit=False))


def all_tags(lines):
    for line in lines:
        described = line.split("\t")[0]
        python, kind, arch, version = described.split()
        threads = python.endswith("t")
        numbers = tuple(int(n) for n in python.rstrip("t").split("."))
        names = platforms(kind, arch, *(int(n) for n in version.split(".")))
        cp = "cp%d%d" % numbers
        found = list(tags.cpython_tags(numbers, [cp + ("t" if threads else "m" if numbers < (3, 8) else "")], names))
        found += list(tags.compatible_tags(numbers, cp, names))
        # One word for a tag with each platform in their order.
        short = []
        for (interpreter, abi), group in groupby(found, key=lambda t: (t.interpreter, t.abi)):
            of = [t.platform for t in group]
            while of[: len(names)] == names:
                short.append(f"{interpreter}-{abi}-*")
                of = of[len(names) :]
            short += [f"{interpreter}-{abi}-{name}" for name in of]
        yield "\t".join([described, " ".join(names), " ".join(short)])


DEEDS = {"order": order, "ranges": ranges, "markers": markers, "tags": all_tags}
for line in DEEDS[sys.argv[1]](sys.stdin.read().splitlines()):
    print(line)
