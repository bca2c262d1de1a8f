// The table of codes: name, number, title, page. Keep it in order of number; ranges belong to rooms:
// 10 manifest · 11 lock · 12 sources and downloads · 20 store · 21 archives · 30 views, generations, activation · 33 trials ·
// 34 services and state · 35 secrets and drift · 36 running and shells · 37 looking for a cause, importing, making room ·
// 38 repair, doctor, uninstall · 39 interruptions · 40 command line · 90 our own bugs. A page may use several lines.
codes! {
    // ---- 10: manifest
    ManifestMissing = "DG1001", "there is no manifest here",
        "dgmo looks for `dgmo.yaml` in this folder and the ones above it, then in `~/.config/dgmo/`. \
         Run `dgmo init` to write one, or name one with `-f FILE`.";
    ManifestUnreadable = "DG1002", "the manifest cannot be read",
        "The file is there, but the system does not let dgmo read it, or it is not a file. \
         Look at its owner and permissions with `ls -l dgmo.yaml`.";
    ManifestSyntax = "DG1003", "the manifest is not YAML",
        "The text breaks a rule of YAML, so that nobody can say what it means: an indentation that does not fit, a \
         quote or bracket that is never closed, a tab where spaces belong. The place shown is where the reader gave \
         up; the mistake is there or just before. Mend it and run `dgmo switch --dry-run`.";
    ManifestTooLarge = "DG1004", "the manifest is larger than any manifest needs to be",
        "So that a broken or hostile file cannot use up the machine, a manifest may have 1 MiB, 20,000 values, 32 \
         levels, 256 anchors and 1,000 aliases. Move long texts to files of their own and name them with `source:`, \
         and split the rest with `include:`.";
    ManifestUnknownKey = "DG1005", "the manifest has a key dgmo does not know",
        "A key that is not known is refused, because a slip of the finger would otherwise be silently ignored. \
         The message names the nearest key there is. `schema/json/dgmo.schema.json` lets an editor complete them.";
    ManifestDuplicateKey = "DG1006", "the manifest says one key twice",
        "Only one of the two could win, and the file does not say which. Remove one of them.";
    ManifestValue = "DG1007", "a value in the manifest is not one that fits",
        "The key is right, but its value is of another kind than the key needs, or not one of those it accepts. \
         The message says what is expected.";
    ManifestFormat = "DG1008", "the manifest does not say its format, or a format that is not known",
        "Every manifest has the line `dgmo: 1`, so that a later dgmo knows how to read it. Add the line. If the \
         number is higher, the file was written for a newer dgmo: use that one.";
    ManifestNotYet = "DG1009", "the manifest asks for something this version does not do yet",
        "The word is known and means something, but this version of dgmo cannot do it. Packages come from a folder \
         or file (`path:`) or from an address (`url:`).";
    ManifestName = "DG1010", "a name in the manifest is not one that can be used",
        "Names of packages hold letters, digits and `._-+`; names of variables letters, digits and `_`; home files \
         are named by their path below the home folder, without `..` and without a slash at the start or the end.";
    ManifestEntry = "DG1011", "the keys of an entry do not go together",
        "A package has either `path` or `url`; a home file has exactly one of `text`, `source` and `template`. The \
         message says which keys are missing or too many.";
    ManifestConflict = "DG1012", "two home files claim the same place",
        "A path lies below another one that is a file, or a folder that is linked or copied as a whole, so only one \
         of them can be there. Give the folder `as: links`, or remove one of the two.";
    ManifestIncludeCycle = "DG1013", "manifests include each other in a circle",
        "A file includes itself, over the files the message names. Remove one `include` of the chain.";
    ManifestIncludeMissing = "DG1014", "a manifest that is included cannot be read",
        "Paths under `include:` start from the folder of the file that says them. Correct the path, or make the file.";
    EditRefused = "DG1020", "the manifest cannot be edited by a command",
        "The way this file is written, dgmo is not sure that its change would touch nothing else, so it changed \
         nothing. The message shows the lines to write by hand.";
    EditPresent = "DG1021", "the manifest has this package already",
        "Change its entry in the manifest, or run `dgmo remove NAME` first.";
    EditAbsent = "DG1022", "the manifest has no such package",
        "The manifest, or this file of it, has no package of this name. Packages of an included manifest are removed \
         there. Run `dgmo status` to see what there is.";

    ManifestExists = "DG1050", "there is a manifest already",
        "`dgmo init` never overwrites one. Edit the one that is there, or give `dgmo init` another folder.";
    SystemNotCovered = "DG1051", "the manifest does not cover this machine",
        "`systems:` lists the kinds of machine the lock covers, and this one is not among them. Add it and run \
         `dgmo lock`.";
    ManifestChanged = "DG1052", "the manifest changed while the switch was under way",
        "This code is not given any more: a switch takes the manifest as it was when it read it. Run the command again to \
         take what was written meanwhile.";

    // ---- 11: lock
    LockOutOfDate = "DG1101", "the lock does not fit the manifest",
        "`--locked` promises that the lock is used as it is, but the manifest asks for something else. \
         Run `dgmo lock`, look at the difference, and commit both files.";
    LockUnreadable = "DG1102", "the lock cannot be read",
        "The file is there, but the system does not let dgmo read it, or it is no lock of any sensible size. \
         Look at its owner and permissions with `ls -l dgmo.lock`.";
    LockDamaged = "DG1103", "the lock is not one that dgmo wrote",
        "A lock is written by dgmo only; this one was changed by hand or by a merge. Take it back from version \
         control, or remove the file and run `dgmo lock`: what the manifest asks for is looked up afresh.";
    LockFormat = "DG1104", "the lock has a format that is not known",
        "It was written by a newer dgmo. Use that one, or remove the file and run `dgmo lock` to write it anew.";
    LockMergeConflict = "DG1105", "the lock holds both sides of a merge",
        "Version control could not merge two changes of the lock. First mend `dgmo.yaml`, if it is in conflict too; \
         then remove the lock and run `dgmo lock`, which writes it anew from the manifest.";
    LockUnwritable = "DG1106", "the lock cannot be written",
        "The folder of the manifest cannot be written to, or the disk is full. Look with `ls -ld .` and `df .`.";

    // ---- 12: sources and downloads
    FetchFailed = "DG1201", "a source could not be fetched",
        "The address did not answer, or not with what was asked for. What arrived so far is kept; running the \
         same command again goes on from there.";
    AddressInvalid = "DG1202", "an address cannot be used",
        "dgmo fetches from `https:`, `http:` and `file:` addresses. Spaces and letters outside ASCII are \
         percent-encoded; a `file:` address holds a whole path. Correct the address in `dgmo.yaml`.";
    FetchOffline = "DG1203", "something is missing and the network is forbidden",
        "With `--offline` dgmo never opens a socket, and what the message names is neither in the store nor in the \
         cache. Run the same command once without `--offline`; from then on it works without a network.";
    FetchRefused = "DG1204", "a server refused an address",
        "404 and 410: there is nothing at this address; look whether the version or the address in `dgmo.yaml` is \
         right. 401, 403 and 407: the server or a proxy wants a user and a password, or does not want you; \
         an address may hold them, `https://USER:PASSWORD@host/…`, and they are kept out of the lock and of \
         messages.";
    FetchRedirect = "DG1205", "an address leads nowhere",
        "The server answered with a redirect that cannot be followed: too many in a row, back from `https:` to \
         `http:`, or to something that is not an address. Put the address it ends at into `dgmo.yaml`.";
    FetchEncoded = "DG1206", "a server changes the bytes on their way",
        "The answer has a `Content-Encoding` that was not asked for, so what arrives is not the file as it was \
         published. Use an address that serves the file as it is.";
    FetchWrongSize = "DG1207", "the size is not the one expected",
        "The lock says how many bytes there are, or the answer had no end. Either the file behind the address was \
         replaced, or something else answered in its place, such as a log-in page. If it is meant to be replaced, \
         run `dgmo update` and look at the difference of the lock.";
    FetchWrongDigest = "DG1208", "the bytes are not the ones expected",
        "What arrived does not hash to what the lock or `dgmo.yaml` says, and it is not used. If the publisher \
         replaced the file on purpose, correct `digest:` in `dgmo.yaml` or run `dgmo update`; if you cannot tell, \
         ask the publisher first.";
    FetchWrongSignature = "DG1209", "the signature does not hold",
        "`minisign:` or `cosign:` says who must have signed, and what lies beside the address (`.minisig`; \
         `.sigstore.json`, `.sigstore`, `.cosign.bundle`, `.bundle`; `.sig` for a key) does not prove that they signed \
         these bytes, or a list of digests there that names them. Nothing of them is used. Compare the key, or the \
         identity and its issuer, in `dgmo.yaml` with the publisher's. \
         Signatures made with `minisign -S -l` (the legacy form), and those in a log of Rekor's second version, are \
         not accepted. A tool that its index has from elsewhere than a forge, an address or a crate has no signatures that \
         are checked: do not ask for one. If an instance of Sigstore's of your own vouches, name its file: \
         `sources: {sigstore: {root: ./trusted_root.json}}`.";
    FetchCertificate = "DG1210", "a server's certificate is not believed",
        "The server did not prove who it is to any certificate dgmo knows. In a network that looks into \
         connections, name its certificates in a PEM file: `SSL_CERT_FILE=/path/ca.pem dgmo switch`.";
    FetchProxy = "DG1211", "a proxy cannot be used",
        "`HTTPS_PROXY`, `http_proxy` or `ALL_PROXY` does not hold an address, or the proxy there refuses us. Write \
         it as `http://USER:PASSWORD@host:port`; `NO_PROXY` lists the hosts that are asked directly.";
    SourceUnreadable = "DG1212", "a file of this machine cannot be read",
        "A `file:` address names a file that is not there or that you may not read. Correct the path in \
         `dgmo.yaml`, or put the file there.";
    DownloadFolder = "DG1213", "a download cannot be kept",
        "Downloads lie in `cache/downloads` in dgmo's home until they are unpacked. The disk is full or the folder \
         is not yours to write. Make room, or delete the folder `cache`: nothing in it is needed.";
    FetchRateLimited = "DG1214", "a server has answered as often as it does",
        "Forges answer only so many questions in an hour, and fewer to those who do not say who they are. Put a token \
         into `GITHUB_TOKEN`, `GITLAB_TOKEN` or `FORGEJO_TOKEN` (or log in with the forge's own program, whose token is \
         used too), or wait until the time the message names. What the lock names is fetched without asking.";
    MirrorUnusable = "DG1215", "a folder cannot be used for a mirror",
        "`dgmo mirror` writes a file `mirror.json` into its folder, which says what format it has. The one that is there \
         was written by a newer dgmo, or by something else. Use the dgmo that made it, move the file away, or use \
         another folder; nothing was changed.";
    CatalogueUnknown = "DG1220", "it is not said where a catalogue is asked",
        "dgmo has no address of any public catalogue built in. It takes the one that the catalogue's own settings name \
         (for npm `.npmrc`, for Python packages `pip.conf` and their variables, for crates cargo's `config.toml`), or `sources:` in `dgmo.yaml`; the message \
         shows the lines to write.";
    NotOffered = "DG1221", "a catalogue has no such package",
        "The catalogue answered, and it has nothing of this name, or nothing that it shows to you. Correct the name in \
         `dgmo.yaml`; for what is not public, put a token where the catalogue's own program keeps it.";
    CatalogueAnswer = "DG1222", "a catalogue's answer is not understood",
        "What answers at the address is no catalogue of this kind, or speaks of the package in a way dgmo does not know. Look \
         at `sources:` in `dgmo.yaml` and at the catalogue's own settings.";
    NoVersionFits = "DG1223", "no version fits",
        "The catalogue has the package, but no version that `version:` in `dgmo.yaml` asks for. The message names the ones \
         nearest. Prereleases are taken only where they are asked for, and withdrawn versions never anew.";
    VersionNotUnderstood = "DG1224", "a requirement is not understood",
        "`version:` takes `14` or `^14` (that and what is compatible), `~1.7` (1.7 and its patches), `=1.7.1` (exactly), \
         `>=2, <4`, `1.* || 3`, `latest`, and a channel of the catalogue such as `beta`.";
    NoFileForSystem = "DG1225", "a release has no file for a system",
        "Among the files of the release none is for the system, as far as their names tell, or its publisher says that it is \
         for others only. Name one with `asset:` in \
         `dgmo.yaml`, a pattern such as `tool-{version}-{os}-{arch}.tar.gz`, or one for each system; or take the system out \
         of `systems:`.";
    FileAmbiguous = "DG1226", "several files of a release may be meant",
        "Their names do not tell which one is the usual one. Name it with `asset:` in `dgmo.yaml`; `*` stands for anything.";
    NeedsDisagree = "DG1227", "what packages need does not go together",
        "A package of a catalogue needs others, in versions it names, and no choice of versions is right for all of \
         them. The message says who needs what. Ask for another `version:` of the package, leave one of its `extras:` \
         out, or name another `python:`.";
    NoBuild = "DG1228", "a package has nothing built for a system",
        "dgmo takes what is built already: of Python packages the wheels, whose names tell for which Python and which \
         system they are; of crates the builds they tell of, or a file of their repository's release. It builds nothing \
         from source, since what comes of that depends on the machine. Ask for a version that has a wheel or a build, \
         name another Python with `python:`, take the system out of `systems:`, or build it and use `path:`.";
    DependencyMissing = "DG1229", "what a package needs cannot be had",
        "A package of a catalogue needs others, and one of them is not there, has no version that fits, is not for this kind \
         of machine, or comes from git, an address or a folder rather than from the catalogue. The message names who needs \
         what. Ask for another version of the package with `version:` in `dgmo.yaml`.";
    ProgramMissing = "DG1235", "a program that a catalogue is asked with is not installed",
        "Some catalogues are asked with their own program, so that its settings, logins and proxies hold: repositories with \
         `git`; and `gpgv` tells whether the list of an archive of Debian's is signed. The message names the program; install it with what your system installs programs with, or put its folder \
         on `PATH`.";
    ToolUnknown = "DG1240", "no index knows a short name",
        "A package that says nothing but a version is a tool of an index: of those that `indexes:` in `dgmo.yaml` names, or of \
         the one that is part of dgmo. None of them has this name. `dgmo search WORD` looks for it; or say where the \
         package comes from, such as `npm:` or `github:`.";
    IndexUnusable = "DG1241", "an index of tools cannot be used",
        "The file that `indexes:` in `dgmo.yaml` names is not there, is no index, or is not understood; each mistake is told with \
         its line. Whoever publishes it has to mend it; until then take it out of `indexes:`.";
    IndexExpired = "DG1242", "an index of tools is too old to be believed",
        "Its publisher says until when it may be used, so that nobody can hold newer ones back for ever. Ask for a newer one, \
         look whether this machine's clock is right, or take it out of `indexes:`. What is locked already does not need it.";
    IndexRolledBack = "DG1243", "an index of tools is older than one seen before",
        "The number in an index only ever grows, and this machine has seen a higher one from the same place: somebody serves \
         an old file, by mistake or to bring back what was corrected. Ask its publisher. If it was meant so, delete the file \
         that the message names.";
    PlaceholderUnknown = "DG1250", "an address has a placeholder nobody knows",
        "This code is not given any more: DG1007 says it, with the line. An address may hold `{version}`, `{system}`, \
         `{os}` and `{arch}`; a brace that is meant as such is written `%7B` or `%7D`.";
    VersionMissing = "DG1251", "an address needs a version",
        "This code is not given any more: DG1011 says it, with the line. The address holds `{version}`, and the package \
         says none; add `version:` to it in `dgmo.yaml`.";
    PackingUnknown = "DG1252", "nothing tells how a download is packed",
        "The end of the address is not one dgmo knows, such as `.tar.gz` or `.zip`. Say it with `unpack:` in \
         `dgmo.yaml`; a single program that is not packed has `unpack: program`.";
    SourceUnusable = "DG1253", "a package's source cannot be used",
        "The folder, the file or the archive a package comes from is not there or cannot be taken as it is; the \
         lines below the message say why. Correct the package in `dgmo.yaml`.";
    ResolveFailed = "DG1254", "some packages could not be resolved",
        "Each of them is listed with its reason. The lock was not changed. Correct them in `dgmo.yaml` and run \
         `dgmo lock` again.";
    SystemNotLocked = "DG1255", "the lock does not cover this kind of machine",
        "This code is not given any more: DG1051 says it of the manifest, DG1101 of the lock. Add this machine's system \
         to `systems:` in `dgmo.yaml` and run `dgmo lock`.";
    RealiseFailed = "DG1280", "some packages could not be made present",
        "Each of them is listed with its reason. Nothing of them is visible, and the current generation is what it \
         was. What was fetched is kept; run the command again when the reasons are gone.";
    TreeDiffers = "DG1281", "a package unpacks to something else than the lock says",
        "The bytes are the ones the lock names, but unpacking them gave another tree. The lock was edited by hand \
         or made by a version of dgmo that unpacks otherwise. Run `dgmo update` and look at the difference.";
    PathChanged = "DG1282", "a folder changed while it was taken",
        "A package's `path:` does not hold what it held when it was locked a moment ago. Run the command again when \
         nothing writes there any more; with `--locked`, run `dgmo lock` first.";
    PackageUnusable = "DG1283", "a package could not be unpacked",
        "The bytes are the ones the lock names, but unpacking them failed; the lines below the message say where. \
         Nothing of the package is visible. Of an address, look whether `unpack:` and `strip:` in `dgmo.yaml` fit \
         the file; of a package by name, ask for another `version:` or another `asset:`.";
    PackageTied = "DG1284", "a package is tied to a place",
        "A program, a script or a link of the package names a place that it would have to be in, in a way that cannot be led \
         to where it is; the message tells which, and it would not work. Nothing of the package is visible. Ask its publisher \
         for one that can be moved, or take it as it is with `relocatable: false` at the package in `dgmo.yaml`: a warning \
         then says what does not work.";

    // ---- 20: store
    ObjectMissing = "DG2001", "an object is not in the store",
        "Something names an object that is not there. `dgmo repair` takes it from wherever it still is: \
         other generations, the sources in the lock, another home. `dgmo store verify` only looks.";
    ObjectDamaged = "DG2002", "an object is damaged",
        "The bytes of an object no longer hash to its name: the disk failed or somebody wrote where nobody should. \
         `dgmo repair` takes it from wherever it still is and proves it before it replaces anything; if the disk fails, \
         look with `dmesg` and copy the home to another one.";
    ObjectNotATree = "DG2003", "an object is not a tree",
        "A tree object is intact but cannot be understood: a newer dgmo wrote it, or an id of something else was \
         given for a tree's. Run `dgmo --version` and use the newest dgmo that uses this home.";
    StoreNotRead = "DG2004", "a file of the store cannot be read",
        "The system refused to read a file below the home; the cause is in the message. Look at its owner and \
         permissions with `ls -l`, and at the disk's health with `dmesg`; then run `dgmo store verify`.";
    StoreNotWritten = "DG2005", "a file of the store cannot be written",
        "The system refused to write below the home; the cause is in the message. Nothing half written is left in \
         use: running the same command again is safe once the cause is gone.";
    StoreFull = "DG2006", "the disk is full",
        "Nothing was changed, and what had been written for this command was deleted again. Run `dgmo gc` to delete \
         what no generation needs, or `dgmo generations prune` first to keep fewer of them; `df -h` shows the disk.";
    StoreReadOnly = "DG2007", "the home is on a read-only file system",
        "dgmo can show what is there but not change it. Mount it writable (`mount -o remount,rw …`), or use another \
         home with `--home DIR`.";
    StoreNotAllowed = "DG2008", "the home may not be written by you",
        "The home belongs to somebody else, or its permissions were changed. Look with `ls -ld`; use your own home \
         with `--home DIR`, or run as the one who owns it. Never use `sudo` with your own home: it leaves files there \
         that you cannot change.";
    StoreSplit = "DG2009", "the home lies on more than one file system",
        "Names are moved within the home in one step, which no system can do across file systems. A folder below the \
         home is a mount point of its own; `findmnt` shows which. Move the whole home instead, with `--home DIR`.";
    StoreNotGuarded = "DG2010", "the store cannot be locked",
        "The lock files `store/gate` and `store/lock` must be there and the file system must know locks. On network \
         file systems, see that locking is on (`mount` shows `nolock` if not), or keep the home on a local disk.";
    HomeMissing = "DG2011", "there is no home here",
        "No `meta.json` was found where the home was looked for. `dgmo switch` makes one; `--home DIR` names another.";
    HomeUnsupported = "DG2012", "the home was made by another version of dgmo",
        "It uses something this version does not know and must not touch. Use the dgmo that made it or a newer one; \
         `dgmo --version` tells which this is.";
    HomeDamaged = "DG2013", "`meta.json` of the home is damaged",
        "It is written whole or not at all, so something else changed it. `dgmo repair` writes it anew and keeps the \
         damaged one in `found/`.";
    SourceNotRead = "DG2014", "something to add cannot be read",
        "The system refused to read a file or folder that was to go into the store; the cause is in the message. \
         Look at its permissions with `ls -l`. Nothing was added.";
    SourceChanged = "DG2015", "a file changed while it was read",
        "Its bytes could have been a mix of old and new, so nothing was added. It was tried several times. Stop what \
         writes to it, or add a copy of it.";
    SourceSpecial = "DG2016", "pipes, sockets and devices cannot be added",
        "The store holds files, folders and links. Delete it from the folder, or add a copy of the folder without it.";
    SourceTooDeep = "DG2017", "folders are nested too deeply",
        "More than 512 folders lie in each other, which no program could lay out again by path everywhere. This is \
         nearly always a mistake, such as a copy of a folder into itself.";
    SourceName = "DG2018", "a name or link cannot be stored",
        "Names must not be longer than 255 bytes, link targets not longer than 4,095, and on Windows both must be \
         Unicode; some file systems have longer ones. Rename it and try again.";
    LinkEscapes = "DG2019", "a link leads out of the folder that was added",
        "A link with an absolute target, or with `..` that climbs above the top, would show something else on every \
         machine. Make it relative, or allow it with `dgmo store add --allow-escaping-links`.";
    InsertBroken = "DG2020", "an insertion cannot be completed",
        "This code is not given any more: the first error that was shown is the cause, and without one it is a mistake \
         in dgmo, which DG9001 says.";
    LayOutFailed = "DG2021", "a tree cannot be laid out",
        "Its files could not be linked into a folder of the store; the cause is in the message. Nothing half laid out \
         is used. Run `dgmo store verify` if objects are missing.";
    StoreFrozen = "DG2022", "this home may only be read by this version",
        "A newer dgmo added something to it that this version does not know, so writing could break it. Use the newer \
         one to change it; reading, rollback included, needs only this one.";
    SourceHoldsHome = "DG2023", "a folder to add holds the home of dgmo",
        "Adding it would add the store to itself, while it changes. Add the folders inside it one by one, or use a home \
         elsewhere with `--home DIR`.";
    RootNotRead = "DG2030", "a root cannot be read",
        "Pins and leases tell what must stay; while one of them cannot be read, nothing is deleted. The cause is in \
         the message: look at the file's owner and permissions with `ls -l`.";
    RootDamaged = "DG2031", "a pin or a lease is damaged",
        "It is written whole or not at all, so something else changed it. While nobody can tell what it keeps, nothing \
         is deleted. `dgmo repair` moves it to `found/`, where you can read what is left of it; pin again what you need.";
    RootMissing = "DG2032", "what shall be pinned is not in the store",
        "Only what is there can be kept. Add it with `dgmo store add`, or fetch it with `dgmo switch`, then pin it.";
    RootsUnknown = "DG2033", "what generations keep cannot be told",
        "A generation could not be read, and while nobody can tell what it keeps, nothing is deleted. The cause is in \
         the message; run `dgmo store verify` to see what is wrong with the store.";

    NotAnId = "DG2070", "this is not an object's id",
        "An id is `b3:` and 64 hexadecimal digits; the first four or more are enough where they fit one object only. \
         `dgmo store add` and `dgmo store ls` print ids.";
    IdAmbiguous = "DG2071", "several objects' ids begin like this",
        "The digits typed fit more than one object. Type more of the id; `dgmo store ls` and `dgmo store add` print it \
         whole.";
    NotAFile = "DG2072", "this is not a file",
        "`dgmo store cat` prints files. `dgmo store ls ID` shows what a tree holds.";
    NotInTree = "DG2073", "the tree has no such path",
        "`dgmo store ls ID --deep` shows every path of the tree.";
    NoSuchPin = "DG2074", "there is no such pin",
        "`dgmo store pins` lists the pins there are.";

    // ---- 21: archives
    ArchiveNotRead = "DG2101", "an archive cannot be read",
        "The system refused to read the archive; the cause is in the message. Look at its permissions with `ls -l` \
         and, if it lies on a network file system, whether that answers. Nothing was added.";
    ArchiveDamaged = "DG2102", "an archive is damaged or cut short",
        "Its bytes end too early or do not fit together, after the entry that is named. Nothing was added. Download it \
         again; if a digest of it was published, compare it with `sha256sum` or `b3sum`.";
    ArchiveWrongPacking = "DG2103", "an archive is not packed the way it should be",
        "Its first bytes are those of something else; a web page instead of an archive often means that a download \
         asked for a log-in. Look at it with `file`, and say how it is packed with `unpack:` in the manifest.";
    ArchiveName = "DG2104", "an archive holds a name that is refused",
        "Names with `..`, absolute names and names that no file can have would put files where nobody expects them. \
         Nothing was added. Honest archives have none: tell its publisher before you use it.";
    ArchiveKind = "DG2105", "an archive holds something a tree cannot hold",
        "Devices, pipes and sockets have no content and no place in a package. Nothing was added. Unpack it by hand in \
         an empty folder, delete them, and use that folder with `path:`.";
    ArchiveLink = "DG2106", "an archive holds a link that is refused",
        "A link whose way leads out of the tree shows something else on every machine, and hard links must name an \
         entry before them. Nothing was added. If a leading folder that links name was stripped, use a smaller `strip:`.";
    ArchiveClash = "DG2107", "two entries of an archive contradict each other",
        "One name came as two kinds, or an entry lies below something that is not a folder: a known way to write \
         through links. Nothing was added. Tell its publisher before you use it.";
    ArchiveLimit = "DG2108", "an archive holds more than it may",
        "Small archives can be made that unpack to more than any disk holds, so there are limits; the message tells \
         which was passed and where. Nothing was added. If it is honest, unpack it by hand and use the folder with \
         `path:`.";
    ArchiveStrippedAway = "DG2109", "nothing of an archive is left after stripping",
        "`strip: N` drops N leading folders of each name and leaves out what has fewer. The message lists what is at \
         the top; use a smaller number in the manifest and run `dgmo lock`.";
    ArchiveUnsupported = "DG2110", "an archive uses something that is not supported",
        "Encrypted zip archives, rare compression methods and PAX sparse files are not unpacked. Nothing was added. \
         Unpack it with the program that made it, and use the folder with `path:`.";
    ProgramName = "DG2111", "a single program has no usable name",
        "A download that is one program becomes `bin/NAME`, so it needs a name without `/`. Say it with `bin: [NAME]` \
         in the manifest.";
    ExportNotWritten = "DG2130", "an archive cannot be written",
        "What shall take the archive refused it: a full disk, a closed pipe, a missing permission; the cause is in the \
         message. What was written so far is useless: delete it and export again.";
    ImportNotAnArchive = "DG2131", "what shall be imported is not an archive of dgmo",
        "It does not begin as `dgmo store export` writes it. Packages from elsewhere (tar, zip) are added with \
         `dgmo store add` or named in the manifest with `url:`.";
    ImportVersion = "DG2132", "an archive was written by another version of dgmo",
        "It uses a form this version does not know. Import it with the dgmo that wrote it or a newer one; \
         `dgmo --version` tells which this is.";
    ImportDamaged = "DG2133", "an archive for import is damaged or cut short",
        "Its bytes were changed or lost on the way, at the place that is named. None of its trees is visible. Copy the \
         archive again and import it again: files that arrived whole are not written twice.";
    ImportNotRead = "DG2134", "an archive for import cannot be read",
        "The system refused to read on; the cause is in the message. None of its trees is visible. Import it again when \
         the cause is gone: files that arrived whole are not written twice.";
    ImportLimit = "DG2135", "an archive for import holds more than it may",
        "A small archive can be made that unpacks to more than any disk holds, so there are limits; the message tells \
         which was passed. If you trust it, export it again without compression.";
    ImportLacking = "DG2136", "an archive for import needs objects that are not there",
        "It was exported for a store that has them already (`dgmo store export --missing-from`), and this one does not. \
         Export it again without leaving anything out.";

    // ---- 30: views, generations, activation
    GenerationMissing = "DG3001", "there is no such generation",
        "The number names a generation that was never made or has been pruned. \
         Run `dgmo generations list` to see which there are.";

    GenerationDamaged = "DG3002", "a file of the profile is damaged",
        "A file that dgmo wrote for this profile cannot be read as what it should be. Other generations are not touched \
         by that: `dgmo rollback N` makes another one current, and `dgmo switch` makes a new one from the manifest.";
    GenerationNewer = "DG3003", "a file was written by a newer dgmo",
        "The format is newer than this program knows. Use the newer dgmo; this one changes nothing it does not understand.";
    ProfileMissing = "DG3004", "the profile has no generations yet",
        "Nothing was ever switched to in this profile of this home. Run `dgmo switch`, or name another profile with \
         `--profile` or another home with `--home`; `dgmo profiles` lists the ones there are.";
    ProfileUnusable = "DG3005", "a file of the profile cannot be read or written",
        "The system refused to read or write below the home. Look at the cause: most often the permissions of the folder \
         it names, or a disk that is full (`dgmo gc`) or read-only. Nothing was changed.";
    PointerDamaged = "DG3006", "the pointer of the profile names no generation",
        "`current` is missing or points elsewhere than to a generation. `dgmo rollback N` points it at generation N; \
         `dgmo generations list` shows which there are.";
    Busy = "DG3007", "another command is changing the same thing",
        "One change at a time: another dgmo holds the profile or the manifest. It is named in the message. Wait for it, or \
         wait longer with `--wait 10m`. A process that died holds nothing.";
    PackagesClash = "DG3010", "packages have different files at the same place",
        "Two packages want to show a different file under one name. Give the one that shall win a higher `priority:`, or \
         say with `bin:` which programs each of them shows.";
    NoSuchProgram = "DG3011", "a package has no such program",
        "`bin:` names a file that is not in the package. The message lists the programs it has.";
    InTheWay = "DG3020", "files of yours are in the way",
        "dgmo never overwrites what it did not put there. Nothing was changed. Move the files away, or run the command \
         again with `--backup`: then each gets the name `NAME.before-dgmo`, and comes back when dgmo gives the path up.";
    TargetUnusable = "DG3021", "a home file could not be put in place",
        "The system refused to read or write in the target folder. Look at the cause: most often the permissions of the \
         folder it names. What had been done was undone.";
    JournalDamaged = "DG3022", "the record of an interrupted switch cannot be read",
        "A switch was interrupted, and what it wrote down about itself is damaged, so that dgmo cannot tell what to undo. \
         `dgmo repair` moves it to `found/` and brings the target folder in order: what any generation of the profile put \
         there is known, and what was set aside comes back.";
    NoNameAside = "DG3023", "there is no free name to set a file aside",
        "The name with `.before-dgmo` added is too long. Move the file away yourself and run the command again.";
    OtherTarget = "DG3024", "the profile's home files are in another target folder",
        "A profile has one target folder. Leave `--target` out, use another `--profile` for another folder, or give back \
         what it holds first with `dgmo rollback 0`.";
    CannotPrune = "DG3030", "this generation cannot be pruned",
        "The current generation and generation 0 are always kept. Make another one current first.";
    FileSourceMissing = "DG3040", "the source of a home file is not there",
        "`source:` and `template:` are relative to the manifest that names them. Create the file or correct the path.";
    FileSourceUnreadable = "DG3041", "the source of a home file cannot be read",
        "The system refused to read it. Look at the cause: most often its permissions, or that a template is not text.";
    TemplateFailed = "DG3042", "a template cannot be rendered",
        "The cause names the line. A name that is neither under `values:` nor one of `system`, `os` and `arch` is an \
         error, so that a typing mistake does not become an empty setting.";
    FileKind = "DG3043", "a setting does not fit the kind of a home file",
        "`mode:` is for files, `as: links` for folders. Take the setting out or name another source.";
    FileSourceChanged = "DG3044", "the source of a home file changed while it was read",
        "Something wrote to it between looking and copying. Nothing was changed; run the command again.";
    DiskFull = "DG3050", "the disk is full",
        "Nothing was changed. `dgmo gc` works on a full disk: it has a reserve. `dgmo rollback` needs no room either.";

    // ---- 33: trials
    HookFailed = "DG3301", "a hook failed before anything was changed",
        "A command under `hooks: before-switch:` did not end with 0 in its time, so nothing was changed and no generation \
         was made. The error shows the end of what it printed, the profile's `log/hooks.log` all of it. Mend it, or leave \
         hooks out once with `dgmo switch --no-hooks`.";
    HookTakenBack = "DG3302", "a hook failed after the change, so the change was taken back",
        "A command under `hooks: after-switch:` did not end with 0 in its time. The generation before is current again, \
         and the one that failed is marked in `dgmo generations list`. Mend the hook and run the command again, or leave \
         hooks out once with `--no-hooks`.";
    CheckFailed = "DG3303", "a required check failed, so the change was taken back",
        "Something under `checks:` did not hold after the change. The generation before is current again, and the one that \
         failed is marked in `dgmo generations list`. Mend what is looked at and run the command again. `required: false` \
         makes a check that is only told; `--no-checks` leaves them all out once.";
    TakenBack = "DG3304", "the change could not be completed, so it was taken back",
        "Something that belongs to the change failed after the pointer had moved; the cause is in the message. The \
         generation before is current again. Mend the cause and run the command again.";
    NotTakenBack = "DG3305", "a change could not be taken back",
        "It did not stand its trial, and the way back failed too; the cause is in the message. Nothing is forgotten: the \
         next command tries again, and `dgmo rollback N` goes to any generation you name.";
    AwaitsConfirmation = "DG3306", "a change waits to be confirmed",
        "It was made with `--confirm-within` and goes back by itself when nobody confirms it. Until then nothing else may \
         change the profile. `dgmo confirm` keeps it, `dgmo rollback` takes it back at once; `dgmo status` shows the time \
         that is left.";
    NothingToConfirm = "DG3307", "no change waits to be confirmed",
        "Only a change made with `dgmo switch --confirm-within TIME` waits, and only until its time is over or the machine \
         starts again; then it goes back by itself. `dgmo history` shows what happened.";
    NoSuchCheck = "DG3308", "the generation has no such check",
        "`dgmo check` looks at what the current generation asks for under `checks:`. Run `dgmo check` without a name to see \
         them all.";

    // ---- 34: services and state
    ServiceUnknown = "DG3401", "a service is named that there is not",
        "`after:` and the `services:` of a state folder name services of the manifest. Correct the name, or add the \
         service.";
    ServiceCircle = "DG3402", "services wait for each other in a circle",
        "Each of them starts only when the next is ready, so none could ever start. The message names them in order; take \
         one `after` of the circle away.";
    ServiceProgram = "DG3403", "the program of a service is not there",
        "A program without a slash is looked up in the generation's `bin`, then in the folders of `path:`, then in those of \
         the system. Correct `run:`, or add the package that has it.";
    ServiceNotStarted = "DG3404", "a service did not start",
        "It ended at once, or was not ready in its `start-timeout`. `dgmo services logs NAME` shows what it said. A switch \
         that needed it has been taken back.";
    ServiceNotStopped = "DG3405", "a service did not stop",
        "The init system or the supervisor that runs it says that it is still there. Look at the cause; \
         `dgmo services status` shows what runs.";
    ServicesNotRun = "DG3406", "nothing runs the services",
        "No init system answers here, as in a container, and no supervisor is running. `dgmo services run` is one: start it \
         in a terminal of its own, or as the entry of the container. Or whether one answers cannot be told, because its \
         program cannot be started: run that by hand to see what is wrong with it.";
    ServicesRunElsewhere = "DG3407", "the services are running already",
        "Two who supervise the same services would start each of them twice. Stop the other first: \
         `dgmo services status` says who it is.";
    ServiceNone = "DG3408", "the generation has no such service",
        "Services are those of the current generation. `dgmo services status` lists them; others are started by switching to \
         a manifest that has them.";
    SupervisorLost = "DG3409", "the supervisor cannot be talked to",
        "It was asked over the socket in the profile's folder `services` and did not answer as it should. It may be ending: \
         run the command again, and look at what it prints.";
    StateUnusable = "DG3410", "a state folder cannot be copied or brought back",
        "The system refused to read or write in it, or where its copy is kept. Look at the cause. The state itself is as it \
         was, and so is the generation.";
    StateMissing = "DG3411", "the generation has no kept state",
        "State is kept when a switch leaves a generation and touches a service that uses it. This generation was never left \
         that way. Roll back without `--with-state`, and bring the data in order by the program's own means.";
    StatePath = "DG3412", "a state folder cannot be where it is said to be",
        "It holds dgmo's own home, lies in it, or is no folder. Name the folder of the program's own data in `state:`.";

    // ---- 35: home files changed in place, and secrets
    SecretFailed = "DG3501", "a secret could not be fetched",
        "The command that gives it failed, or its file or variable is not there. Nothing was changed: secrets are fetched \
         before anything else is done. Mend the cause that is shown, or leave secrets out for once with \
         `--without-secrets`.";
    SecretEmpty = "DG3502", "a secret is empty or far too large",
        "What should give it gave nothing, or more than 1 MiB, which is no secret but a mistake. Nothing was changed. Look \
         at what the command prints, without showing it to others.";
    SecretKeyUnusable = "DG3503", "the key for telling secrets apart cannot be used",
        "`keys/secrets` in the home is 32 random bytes, with which dgmo tells whether a secret's file is as it wrote it, \
         without keeping anything of the secret. It cannot be read or is damaged. Move it away and run `dgmo \
         switch`: a new one is made, and all secrets are fetched anew.";
    NotManaged = "DG3504", "no home file of the current generation is there",
        "The path is not one that the current generation puts in place. `dgmo generations show` lists those it does. A \
         path counts from the target folder; one that begins with `./` or `/` counts as in any other program.";
    SecretElsewhere = "DG3505", "a secret is changed where it comes from",
        "dgmo never writes a secret down, so it can neither be edited in place nor adopted. Change it where it comes from, \
         then fetch it with `dgmo switch --refresh-secrets`.";
    NothingToAdopt = "DG3506", "there is nothing that can be adopted",
        "Only files and folders of files can be written back to a source: not a link to somewhere else, not a pipe, and \
         not what is missing. `dgmo restore FILE` puts back what the generation says, and keeps what is there now under \
         another name.";
    SourceChangedToo = "DG3507", "a file and its source were both changed",
        "Adopting would overwrite what changed in the source since the generation was made. Nothing was changed. Bring both \
         together in the source by hand, then run `dgmo restore FILE` and `dgmo switch`.";
    TemplateUnexplained = "DG3508", "no change of values explains a file",
        "The file comes from a template, and what was changed lies in the template's own text. Edit the template by hand, \
         then run `dgmo restore FILE` and `dgmo switch`.";
    TemplateAmbiguous = "DG3509", "several changes of values explain a file",
        "The file comes from a template, and more than one change of its values would give the same text, so dgmo would \
         have to guess. Change the values in the manifest by hand, then run `dgmo restore FILE` and `dgmo switch`.";
    AdoptNotText = "DG3510", "bytes that are no text cannot go into a manifest",
        "The entry has a `text:` or a `template:`, and the file is not UTF-8 any more. Move it to a file beside the manifest \
         and name that with `source:`.";
    AdoptNoEntry = "DG3511", "the manifest does not say where a file comes from",
        "The current generation has the file, but the manifest has no entry for it any more, or another one. Run \
         `dgmo restore FILE` and `dgmo switch`, or name the manifest the generation was made from with `-f FILE`.";
    EditorFailed = "DG3512", "the editor could not be used",
        "`VISUAL` or `EDITOR` names a program that could not be started or that failed. The file is writable all the same: \
         edit it with any program, then run `dgmo adopt FILE`, or `dgmo restore FILE` to undo it.";
    EditDrifted = "DG3513", "something else is in the place of the file",
        "`dgmo edit` begins with the file as the generation says, and there is nothing, a folder or a link to somewhere \
         else in its place. `dgmo restore FILE` puts the file back and keeps what is there under another name.";
    SourceNotWritten = "DG3514", "the source of a home file cannot be written",
        "The system refused to write the file that a change shall go to. What had been written was put back. Look at the \
         cause: most often its permissions or those of its folder (`ls -l`), then run `dgmo adopt` again.";
    DriftMissing = "DG3520", "a home file is missing",
        "Somebody deleted it. `dgmo restore FILE` puts it back; `dgmo switch` puts back all that are missing.";
    DriftChanged = "DG3521", "a home file was changed",
        "Somebody wrote to it, or replaced it, as most editors do. `dgmo adopt FILE` writes it back to its source; \
         `dgmo restore FILE` puts the generation's content back and keeps the changed one under another name.";
    DriftEditable = "DG3522", "a home file is there to be edited",
        "`dgmo edit` made it a real file, and its content is still the generation's. `dgmo adopt FILE` once it is edited; \
         `dgmo restore FILE` makes it a link again.";
    DriftForeignLink = "DG3523", "a link to somewhere else is in the place of a home file",
        "Somebody replaced the link. `dgmo restore FILE` puts the right one back and keeps the other under another name.";
    DriftOther = "DG3524", "something else is in the place of a home file",
        "A folder, a pipe or a device is where a file should be. `dgmo restore FILE` keeps it under another name and puts \
         the file back.";
    DriftUnknown = "DG3525", "a file nobody knows is in a folder dgmo made",
        "Another program put it there. `dgmo adopt FILE` takes it into the source folder; or move it away. It is never \
         deleted by dgmo.";
    DriftPart = "DG3526", "a part of the generation is missing",
        "Somebody deleted something below the home. `dgmo switch` brings it back.";

    // ---- 36: running programs, environments of shells
    ProgramUnknown = "DG3601", "there is no such program",
        "Neither the generation nor the rest of `PATH` has a program of this name, or the generation has no package of \
         it. The message names the nearest ones there are; `dgmo tree` shows every package and its programs. A shell or \
         a program started by `dgmo shell`, `exec` or `run` stays in its generation: `--at current` takes the current one.";
    ProgramAmbiguous = "DG3602", "a package has several programs",
        "None of them is called as the package is, and `bin:` does not name the main one first. Say which one is meant: \
         `dgmo run PKG --bin NAME`.";
    ProgramNone = "DG3603", "a package has no programs",
        "There is nothing executable in it, neither in `bin` nor at its top. `dgmo store ls` shows what the tree holds.";
    ProgramNotStarted = "DG3604", "a program could not be started",
        "The system refused to start it; the cause is in the message. Not found, although the file is there, means that \
         what it is run by is missing: the interpreter in its first line, or the loader of another C library. An exec \
         format error means that it was made for another kind of machine. If a file of it is gone, `dgmo switch` \
         puts it back.";
    ProjectDamaged = "DG3605", "what is known of a folder's environment is damaged",
        "A file below `projects` in the home says which folders may set the environment of a shell, and one of them \
         cannot be read as that. Nothing is taken from that folder. Run `dgmo allow` in it to decide again.";
    GenerationHeld = "DG3606", "a generation is in use",
        "Programs that were started in it, or shells that set it, still run. A generation that is in use is not pruned; \
         the message names who uses it. Let them end, or prune the others: the rule of `dgmo generations prune` passes \
         by those that are in use.";
    WhyUnknown = "DG3607", "nothing is known by that name",
        "`dgmo why` takes the name of a package, a path of a file, or the beginning of an object's id. \
         `dgmo tree` shows the packages of a generation.";
    ManifestOfProfile = "DG3608", "a profile was made from this manifest",
        "A project has a profile of its own, named after its folder. The current generation of the default profile was made \
         from this very manifest, and both would hold the same files. Go back with `dgmo rollback --profile default`, then \
         run `dgmo allow` again; or leave the folder as it is: shells need no hook for the default profile, but \
         `eval \"$(dgmo env)\"`.";

    // ---- 37: looking for a cause, importing, making room
    TargetFreeNotReached = "DG3701", "there cannot be so much free space",
        "`dgmo gc --target-free` deletes what nothing needs and drops, oldest first, generations the rule does not keep, and \
         only as many as are needed. All of that was not enough. Keep fewer generations with `--keep`, take pins and \
         labels away, or ask for less.";
    BisectEnds = "DG3710", "the two ends do not differ",
        "`dgmo bisect` looks for what breaks a command between a generation where it works and one where it does not. One \
         of the two is not as said: run the command there by hand and name other ends with `--good` and `--bad`. The \
         command runs with a home folder of its own; `--own-home` lets it see yours.";
    BisectNoGood = "DG3711", "the command works in no earlier generation",
        "`dgmo bisect` went back through the generations and the command failed in each. Either what breaks it is older \
         than them, or it is not in a generation at all. See `dgmo generations`.";
    BisectUnsteady = "DG3712", "the command does not answer the same each time",
        "What was found was run again, and this time the command answered differently, so nothing can be told from it. \
         Make the command steady, or have each candidate run several times with `--repeat`.";
    BisectUntested = "DG3713", "a generation cannot be tested",
        "The command answered with 125, or could not be started at all, or the generation cannot be put together any \
         more, where an answer is needed. Name other ends with `--good` and `--bad`.";
    ImportUnknown = "DG3720", "it is not known what kind of file this is",
        "dgmo imports from a `Brewfile`, `mise.toml`, `.tool-versions`, `pixi-global.toml`, the `manifest.json` of a Nix \
         profile, a folder of home-manager's files, a chezmoi source folder, and a stow folder. Name the kind: \
         `dgmo import brewfile PATH`.";
    ImportUnreadable = "DG3721", "what shall be imported cannot be read",
        "The file or folder is not there, cannot be opened, is far too large, or is not what its kind says. The message \
         names the place.";
    BrowseUnavailable = "DG3730", "the browser of generations cannot be shown",
        "`dgmo generations browse` fills the screen, so both its input and its output must be a terminal, and dgmo must \
         have been built with it (`--features tui`). `dgmo generations list` needs neither.";

    // ---- 38: repair, doctor, uninstall
    ObjectLost = "DG3801", "an object is lost",
        "It is damaged or missing, something needs it, and none of the places dgmo looked has its bytes: other \
         generations, the sources in the lock and the manifest, `--from`. Offer a place that has it, a home or an \
         exported archive: `dgmo repair --from OTHER`. If nobody has it, `dgmo switch` makes a new generation from the \
         sources as they are now, and `dgmo generations prune N` drops the one that needs it.";
    ObjectUseless = "DG3802", "a damaged object is of no use to anyone",
        "No generation, pin or lease needs it, so it is not repaired. `dgmo gc --keep-generations` deletes it.";
    LaidOutDiffers = "DG3803", "a laid-out tree does not show what it should",
        "Somebody changed, added or removed something below `store/trees`, or a disk forgot it. `dgmo repair` puts it in \
         order; what does not belong there is moved to `found/` in the home.";
    StoreForeign = "DG3804", "something in the store does not belong there",
        "Only dgmo writes there, and this it did not write. `dgmo repair` moves it to `found/` in the home, where you can \
         look at it; delete it if you do not miss it.";
    StoreMode = "DG3805", "a file of the store has the wrong permissions",
        "Objects are read-only, so that no program changes what all generations share. `dgmo repair` sets them right; if \
         it happens again, look for what runs `chmod` or copies the home about.";
    GenerationNotWhole = "DG3806", "a part of a generation is not what was made",
        "Its view, its home files, its environment or its record was changed or is missing. All of them can be made again \
         from the record and the store: `dgmo repair` does.";
    HomeNotWhole = "DG3807", "a part of the home is missing",
        "A folder or a lock file every home has is not there. They hold nothing by themselves: `dgmo repair` makes them \
         again.";
    Leftovers = "DG3808", "a process that died left something behind",
        "It is of no use to anyone and harmless. The next command that writes removes it; `dgmo repair` does so now.";
    NotOnPath = "DG3810", "the programs of the current generation are not on the search path",
        "This shell does not know of them. `eval \"$(dgmo env)\"` tells it; the same line in the start file of your shell \
         tells every new one.";
    Shadowed = "DG3811", "another program of the same name is found first",
        "The search path has a folder before the view in which there is another program of that name, often of another \
         package manager. `eval \"$(dgmo env)\"` puts the view first; in a start file it has to stand after what the \
         other one put there.";
    NoLinks = "DG3812", "the file system of the home has no hard links",
        "Laid-out trees are hard links of objects. Without them dgmo would copy each file, and cannot promise what it \
         promises. Keep the home on a file system that has them, with `--home DIR`.";
    ClockBehind = "DG3813", "the clock is behind the newest generation",
        "A generation was made at a time that is yet to come, so either the clock is wrong now or it was then. What is kept \
         by age is judged wrongly while it is so. Set the clock; `dgmo history` shows what was made when.";
    ReserveMissing = "DG3814", "the reserve is missing",
        "The reserve is a file that is given up on a full disk, so that `dgmo gc` and `dgmo rollback` have room to work. \
         `dgmo repair` makes it again once there is room.";
    HomeOpen = "DG3815", "others may write to the home",
        "Whoever may write there may change the programs you run. `dgmo repair` takes the right away from everybody but \
         its owner.";
    DiskNearlyFull = "DG3816", "the disk is nearly full",
        "Less than a twentieth and less than a gigabyte is free where the home is. `dgmo gc` deletes what no generation \
         needs; `df -h` shows the disk.";
    HistoryTorn = "DG3817", "the history has lines that cannot be read",
        "A power cut or another program left them. They are passed over, and nothing depends on them. `dgmo repair` takes \
         them out and keeps the old file in `found/`.";
    CacheDamaged = "DG3818", "a cache cannot be used",
        "Something that is no folder is where a cache should be. Caches may be deleted without loss; `dgmo repair` moves \
         it away and makes the folder again.";
    Unfinished = "DG3819", "a command was interrupted",
        "A switch, a rollback or an uninstallation was stopped in the middle. The next command brings it to an end; \
         `dgmo repair` does so now.";
    RepairSourceUnusable = "DG3830", "what `--from` names is nothing to repair from",
        "It has to be the home of a dgmo (the folder with `meta.json`), an archive of `dgmo store export`, a folder of \
         files, or the `https:`, `http:` or `file:` address of a mirror: a server of plain files over a home or over its folder \
         `store/objects`. Look at the path.";
    NotConfirmed = "DG3840", "this needs to be confirmed",
        "This code is not given any more: DG3901 says it. `dgmo uninstall --yes` asks nothing; with `--dry-run` in its \
         place it shows what would go.";
    HomeNotRemoved = "DG3841", "the home could not be removed",
        "What dgmo put into your folders is given back already; only the home itself is left, whole or in part. Look at \
         the cause, most often the permissions of the folder it is in, and run `dgmo uninstall --yes` again: it goes on.";
    Declined = "DG3901", "you did not agree",
        "The command asks before it does what cannot be undone, and the answer was not `y`, or there was no terminal to \
         ask at. Nothing was changed. Run it again, or with `--yes` to be asked nothing.";

    // ---- 40: command line
    Usage = "DG4001", "the command was asked wrongly",
        "A flag or an argument is unknown, missing or does not fit the others. \
         Run `dgmo help` or `dgmo help COMMAND` for what there is.";
    NoFolder = "DG4002", "a folder dgmo needs is not known",
        "Without `HOME` in the environment dgmo cannot tell where your files are. Name the folders with `--home DIR` and \
         `--target DIR`.";
    Interrupted = "DG4003", "the command was interrupted",
        "Ctrl-C or a signal ended it. Nothing is half done: run it again, or run any other command.";
    BadName = "DG4004", "a name cannot be one of its kind",
        "Names of packages, profiles and pins hold letters, digits and `._-+` and begin with a letter or a digit. The \
         message says what is wrong with this one; choose another.";

    // ---- 90: our own bugs
    Bug = "DG9001", "dgmo did something it believed to be impossible",
        "This is a mistake in dgmo, not in your files. Nothing you have is at risk: every change is made whole or \
         not at all. Please report it with the text of the message.";
}
