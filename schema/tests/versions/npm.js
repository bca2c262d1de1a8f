// Says what npm's own `semver` makes of a sample: reads the sample, writes it anew.
//
//     node npm.js order|ranges FOLDER_OF_NPM < sample > again
//
// Ends with 77 where it is not there.
const fs = require("fs");
let semver;
try {
  semver = require(process.argv[3] + "/node_modules/semver");
} catch {
  process.exit(77);
}
const lines = fs.readFileSync(0, "utf8").trimEnd().split("\n");
const deeds = {
  order() {
    const words = lines.flatMap((line) => line.split(" = "));
    words.sort((a, b) => semver.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0));
    let group = [];
    const done = [];
    for (const word of words) {
      if (group.length && semver.compare(group[0], word) !== 0) {
        done.push(group.join(" = "));
        group = [];
      }
      group.push(word);
    }
    return [...done, group.join(" = ")];
  },
  ranges() {
    const versions = lines[0].split(" ");
    return [
      lines[0],
      ...lines.slice(1).map((line) => {
        const text = line.split("\t")[0];
        const fits = versions.map((v) => (semver.satisfies(v, text) ? "1" : "0")).join("");
        return [text, fits, semver.maxSatisfying(versions, text) ?? "-"].join("\t");
      }),
    ];
  },
};
process.stdout.write(deeds[process.argv[2]]().join("\n") + "\n");
