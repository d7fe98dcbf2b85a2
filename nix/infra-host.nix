# The configuration of @hostName@.
{ lib, ... }:

{
  # Without this line, the system would lack its disks, boot loader and addresses, and would not boot.
  dabei.host = lib.importJSON ./runtime-info.json;

  # The release whose data formats this machine uses. Do not change it when you upgrade.
  system.stateVersion = @stateVersion@;
}
