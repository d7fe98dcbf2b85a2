# For images that many machines boot: at boot, a machine reads its name from a file or from its provider's metadata. If its
# configuration has another name, the machine switches to the system of the new name in a flake; if the running system refuses
# to switch, the machine restarts into the new one. Disabled by default.
{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkOption types;
  cfg = config.dabei.instanceData;

  # What the installer asks these providers, too (agent/config/sources/metadata); a test compares both.
  providers = lib.importJSON ./metadata.json;

  headersOf =
    headers:
    lib.concatLists (
      lib.mapAttrsToList (name: value: [
        "--header"
        "${name}: ${value}"
      ]) headers
    );

  ask =
    {
      url,
      headers ? { },
      token ? null,
      filter ? null,
      ...
    }:
    lib.concatStrings [
      (lib.optionalString (token != null) ''
        token=$(get --request PUT ${lib.escapeShellArgs (headersOf token.headers ++ [ token.url ])})
      '')
      "get ${lib.escapeShellArgs (headersOf headers)}"
      (lib.optionalString (token != null) " --header \"${token.sentAs}: $token\"")
      " ${lib.escapeShellArg url}"
      (lib.optionalString (filter != null) " | jq --raw-output ${lib.escapeShellArg "${filter} // empty"}")
    ];

  # Holds the name for which this machine restarted last, which prevents a loop of restarts.
  restarted = "/var/lib/dabei/restarted-for";

  script = pkgs.writeShellApplication {
    name = "dabei-instance-data";
    runtimeInputs = [
      pkgs.coreutils
      pkgs.curl
      pkgs.jq
    ];
    text = ''
      get() {
        curl --silent --fail --noproxy '*' --max-time 10 --retry 6 --retry-all-errors "$@"
      }

      wanted() {
        files=(${lib.escapeShellArgs cfg.files})
        for file in "''${files[@]}"; do
          if [ -r "$file" ]; then
            jq --raw-output '.hostname // .hostName // empty' "$file"
            return
          fi
        done
        ${if cfg.provider == null then "true" else ask providers.${cfg.provider}}
      }

      name=$(wanted)
      # Providers append a domain to the name; the first label is the name of the system.
      name=''${name%%.*}
      case $name in
        "")
          echo "no name is given to this machine"
          exit 0
          ;;
        *[!A-Za-z0-9-]* | -*)
          echo "the name given to this machine is not a valid host name" >&2
          exit 1
          ;;
      esac
      # Do not compare with the kernel's host name: another program may have set it to the provider's name already.
      if [ "$name" = ${lib.escapeShellArg config.networking.hostName} ]; then
        rm -f ${restarted}
        echo "this machine is $name"
        exit 0
      fi
      echo "this machine becomes $name"
      rebuild() {
        ${lib.escapeShellArgs cfg.rebuild} "$1" --flake ${lib.escapeShellArg cfg.flake}"#$name"
      }
      before=$(readlink /run/current-system)
      status=0
      rebuild switch || status=$?
      [ "$status" != 0 ] || exit 0
      # A pre-switch check or a switch inhibitor (NixOS 26.05: another systemd, another D-Bus) refuses before it changes
      # anything. A restart does not repair what fails after the switch, such as a unit.
      if [ "$(readlink /run/current-system)" != "$before" ]; then
        echo "this machine is $name now, but not everything started (exit code $status)" >&2
        exit "$status"
      fi
      if [ "$(cat ${restarted} 2>/dev/null)" = "$name" ]; then
        echo "this machine has restarted once to become $name, and is ${config.networking.hostName}:" \
          "the system $name of the flake sets another networking.hostName; it is not restarted again" >&2
        exit 1
      fi
      echo "the running system refused to switch (exit code $status); $name starts with a restart"
      rebuild boot
      mkdir -p "$(dirname ${restarted})"
      echo "$name" >${restarted}
      exec ${lib.escapeShellArgs cfg.restart}
    '';
  };
in
{
  options.dabei.instanceData = {
    enable = lib.mkEnableOption "switching, at boot, to the system of the name that a file or the provider gives to this machine";

    flake = mkOption {
      type = types.str;
      example = "github:me/infra";
      description = ''
        The flake whose nixosConfigurations has a system for each name. It is part of this system and never taken from
        the instance data: someone who controls the instance data can select only among your systems.
      '';
    };

    files = mkOption {
      type = types.listOf types.path;
      default = [ "/boot/instance-data.json" ];
      description = "JSON files with the key `hostname`. The first readable file provides the name; the provider is then not asked.";
    };

    provider = mkOption {
      type = types.nullOr (types.enum (lib.attrNames providers));
      default = null;
      description = "The provider whose metadata service provides the name if none of the files is readable.";
    };

    rebuild = mkOption {
      type = types.listOf types.str;
      default = [ "/run/current-system/sw/bin/nixos-rebuild" ];
      defaultText = lib.literalExpression ''[ "/run/current-system/sw/bin/nixos-rebuild" ]'';
      internal = true;
      description = "The command that runs with `switch --flake FLAKE#NAME`, or with `boot` if the running system refuses to switch.";
    };

    restart = mkOption {
      type = types.listOf types.str;
      default = [
        "/run/current-system/sw/bin/systemctl"
        "reboot"
      ];
      internal = true;
      description = "The command that restarts the machine once the boot loader starts the new system by default.";
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.services.dabei-instance-data = {
      description = "Switch to the system of this machine's name";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      # switch-to-configuration starts the new system's services only below targets that are active.
      after = [
        "network-online.target"
        "multi-user.target"
      ];
      # This service runs the switch, so the switch must not restart it.
      restartIfChanged = false;
      unitConfig.X-StopOnRemoval = false;
      environment.HOME = "/root";
      path = [
        config.nix.package
        pkgs.gitMinimal
      ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = lib.getExe script;
        TimeoutStartSec = "1h";
      };
    };
  };
}
