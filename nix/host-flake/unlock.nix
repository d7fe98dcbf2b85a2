# `unlock` in stage 1: asks for the passphrases until they fit, then continues the boot.
#   ssh -t -p 2222 root@ADDRESS unlock
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (config.boot) initrd zfs;

  # NixOS imports these in stage 1, each by a service of its own.
  prefix = "zfs-import-";
  pools = map (lib.removePrefix prefix) (
    lib.filter (lib.hasPrefix prefix) (lib.attrNames initrd.systemd.services)
  );

  # The datasets whose keys NixOS asks for, as arguments of `zfs list`.
  credentials = zfs.requestEncryptionCredentials;
  datasets =
    pool:
    if credentials == true then
      [
        "-r"
        pool
      ]
    else
      lib.filter (name: lib.head (lib.splitString "/" name) == pool) (
        if credentials == false then [ ] else credentials
      );

  line =
    pool:
    lib.concatStringsSep " " (
      [
        pool
        (toString (zfs.pools.${pool}.devNodes or zfs.devNodes))
      ]
      ++ datasets pool
    );

  # sshd starts it with -c and the command, and systemd-tty-ask-password-agent, which owners put here, has no -c.
  shell = initrd.systemd.users.root.shell or "/bin/bash";
in
{
  warnings =
    lib.optional
      (
        initrd.network.ssh.enable
        && !(lib.elem (baseNameOf shell) [
          "ash"
          "bash"
          "dash"
          "fish"
          "sh"
          "zsh"
        ])
      )
      "`unlock` does not start by SSH: boot.initrd.systemd.users.root.shell is ${shell}, which runs no command. Set it to /bin/bash";

  boot.initrd.systemd = {
    extraBin.unlock = pkgs.writeScript "unlock" (builtins.readFile ./unlock.sh);
    contents."/etc/unlock.conf".text = lib.concatMapStrings (pool: "${line pool}\n") pools;
  };
}
