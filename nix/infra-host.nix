# What @hostName@ is for.
{ lib, ... }:

{
  # Without this line the system would be built without its disks, boot loader and addresses, and would not start.
  dabei.host = lib.importJSON ./runtime-info.json;

  # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
  system.stateVersion = @stateVersion@;
}
