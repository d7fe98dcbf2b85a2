# NixOS VM tests. CONTRIBUTING.md says how to run them.
{
  pkgs,
  packages,
  modules,
  # Store path of nixpkgs.
  source,
}:

import ./install {
  inherit pkgs packages source;
  module = modules.default;
}
// {
  rescue = import ./rescue.nix { inherit pkgs packages; };
  runtime-info = pkgs.testers.runNixOSTest (import ./runtime-info.nix { module = modules.default; });
  instance-data = pkgs.testers.runNixOSTest (import ./instance-data.nix { module = modules.instance-data; });
}
