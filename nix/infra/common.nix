# The configuration of all machines.
{ pkgs, ... }:

{
  environment.systemPackages = [ pkgs.tmux ];
}
