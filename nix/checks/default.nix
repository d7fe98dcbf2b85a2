# NixOS VM tests.
{
  pkgs,
  packages,
  modules,
}:

{
  rescue = import ./rescue.nix { inherit pkgs packages; };
  runtime-info = pkgs.testers.runNixOSTest (import ./runtime-info.nix { module = modules.default; });
  instance-data = pkgs.testers.runNixOSTest (import ./instance-data.nix { module = modules.instance-data; });
}
