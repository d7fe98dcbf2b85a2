# Layouts as owners write them for disko, by name.
import ./worlds.nix // import ./others.nix
