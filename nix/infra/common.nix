# What all machines share.
{ pkgs, ... }:

{
  environment.systemPackages = [ pkgs.tmux ];
}
