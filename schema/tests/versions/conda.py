"""Says what an implementation of conda's order (`rattler`) makes of a sample: reads the sample, writes it anew.

    conda.py order|ranges < sample > again

Ends with 77 where it is not there.
"""

import sys
from functools import cmp_to_key

try:
    from rattler import Version, VersionSpec
except ImportError:
    sys.exit(77)


def compare(left, right):
    return (left > right) - (left < right)


def order(lines):
    words = [word for line in lines for word in line.split(" = ")]
    pairs = sorted(((Version(word), word) for word in sorted(words)), key=cmp_to_key(lambda a, b: compare(a[0], b[0])))
    group = []
    for version, word in pairs:
        if group and version != group[-1][0]:
            yield " = ".join(word for _, word in group)
            group = []
        group.append((version, word))
    yield " = ".join(word for _, word in group)


def ranges(lines):
    versions = lines[0].split()
    yield lines[0]
    for line in lines[1:]:
        text = line.split("\t")[0]
        wanted = VersionSpec(text)
        yield text + "\t" + "".join("1" if wanted.matches(Version(v)) else "0" for v in versions)


for line in {"order": order, "ranges": ranges}[sys.argv[1]](sys.stdin.read().splitlines()):
    print(line)
