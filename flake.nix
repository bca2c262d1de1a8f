# dgmo for people who have Nix: the release archive as a package, without any inputs to fetch or to keep current.
#
# packaging/release.json names the published archives. Nothing is built: `fetchTarball` proves the digest, and Nix's own
# link farm (`builtin:buildenv`, which needs no shell) gives the package its `bin`.
{
  description = "Declarative generations of programs and config files: switch, roll back, never half";

  inputs = { };

  outputs = { self }:
    let
      release = builtins.fromJSON (builtins.readFile ./packaging/release.json);

      package = system: archive:
        derivation {
          name = "dgmo-${release.version}";
          system = "builtin";
          builder = "builtin:buildenv";
          # For each: active, priority, how many outputs, and the outputs.
          derivations = [ "true" "5" "1" (builtins.fetchTarball { inherit (archive) url sha256; }) ];
          manifest = ./packaging/release.json;
          preferLocalBuild = true;
        };

      packages = builtins.mapAttrs (system: archive: { default = package system archive; }) release.archives;
    in
    {
      inherit packages;

      apps = builtins.mapAttrs
        (system: of: {
          default = {
            type = "app";
            program = "${of.default}/bin/dgmo";
          };
        })
        packages;
    };
}
