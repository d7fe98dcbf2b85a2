# The first boot on trial: as long as nobody has logged in to a system that was just installed, the rescue system is the default of the
# boot menu. dabei begins it; this ends it. Later, on request, the first boot of every generation. Needs rescue.nix and trial-*.sh.
{
  config,
  lib,
  options,
  pkgs,
  utils,
  ...
}:

let
  cfg = config.dabei.trial;
  inherit (config.dabei) rescue;
  inherit (config.boot) loader;
  systemdBoot = loader.systemd-boot.enable;
  reports = cfg.confirm == "report";
  ssh = config.services.openssh;
  listens = lib.head (
    ssh.listenAddresses
    ++ [
      {
        addr = "127.0.0.1";
        port = null;
      }
    ]
  );
  # A lease or a router may have none.
  isDefault =
    route:
    (route.gateway or null) != null
    && (route.table or null) == null
    && lib.elem (route.destination or "") [
      "0.0.0.0/0"
      "::/0"
    ];
  routed = lib.any (each: lib.any isDefault (each.routes or [ ])) (rescue.machine.network.interfaces or [ ]);

  esps = lib.unique (rescue.esps ++ map (disk: disk.espMountpoint) (rescue.machine.disks or [ ]));
  stateOf = esp: "${esp}/dabei/trial";

  text =
    action:
    let
      variables = {
        inherit action;
        inherit (cfg) confirm;
        asks = if cfg.asks then "yes" else "";
        # Whoever has unlocked the first start at the console is there.
        autologin =
          if cfg.asks && !(lib.hasPrefix "generation" action) then
            ""
          else
            toString config.services.getty.autologinUser;
        # The others are copies of the ESP of systemd-boot.
        esps = toString (if action == "menu" then rescue.esps else esps);
        # Stage 1 mounts them itself.
        devices = toString (map (esp: config.fileSystems.${esp}.device) esps);
        minutes = toString (if cfg.minutes > 0 then cfg.minutes else 30);
        routed = if routed then "yes" else "";
        ssh_address = lib.removePrefix "[" (lib.removeSuffix "]" listens.addr);
        ssh_port =
          if !ssh.enable then
            ""
          else
            toString (if listens.port == null then lib.head ssh.ports else listens.port);
        systemd_boot = if systemdBoot then "yes" else "";
      };
    in
    lib.concatMapStrings (name: "${name}=${lib.escapeShellArg variables.${name}}\n") (lib.attrNames variables)
    + builtins.readFile ./trial-state.sh
    + lib.concatMapStrings builtins.readFile (
      if action == "menu" then
        [ ./trial-menu.sh ]
      else
        [
          ./trial-proof.sh
          ./trial-wait.sh
        ]
    );

  menu = pkgs.writeScript "dabei-trial" (
    ''
      #!${pkgs.bash}/bin/bash
      PATH=${pkgs.coreutils}/bin:${pkgs.util-linux}/bin
    ''
    + text "menu"
  );
  # Of `confirm` "report".
  reaching = lib.optionals reports [
    config.programs.ssh.package
    pkgs.curl
    pkgs.iproute2
    pkgs.iputils
  ];
  countsBoots = options.boot.loader.systemd-boot ? bootCounting;
  # systemd-boot sets it where the entry that it starts has a counter (https://systemd.io/BOOT_LOADER_INTERFACE/).
  counted = "/sys/firmware/efi/efivars/LoaderBootCountPath-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

  call = ''
    [ $? -eq 0 ] || exit 1
    ${menu} || echo "warning: the boot menu does not know of the trial" >&2
  '';

  first = lib.mkIf (cfg.minutes > 0 && rescue.enable) {
    warnings =
      lib.optional
        (lib.elem (config.services.openssh.settings.LogLevel or "INFO") [
          "QUIET"
          "FATAL"
          "ERROR"
        ])
        "the first boot is not confirmed by a login over SSH, because services.openssh.settings.LogLevel hides logins";

    # After the rescue entry, before the ESP is copied to the other disks.
    boot.loader.systemd-boot.extraInstallCommands = lib.mkIf systemdBoot (lib.mkOrder 410 call);
    boot.loader.grub.extraInstallCommands = lib.mkIf loader.grub.enable (lib.mkAfter call);

    boot.initrd.availableKernelModules = [
      "vfat"
      "nls_cp437"
      "nls_iso8859-1"
    ]
    # systemd opens it as soon as it is there (systemd.watchdog_sec of the trial's entry; systemd(1)).
    ++ cfg.watchdog;

    # Neither of them has default dependencies: those would end it before the restart that it asks for. The one of stage 1 watches what comes
    # after its targets, too: the activation, and the change to the system, which takes no unit of the same name for one that it has to start.
    boot.initrd.systemd.services.dabei-trial-stage1 = {
      description = "First boot on trial";
      wantedBy = [ "initrd.target" ];
      unitConfig = {
        DefaultDependencies = "no";
        IgnoreOnIsolate = true;
        # Of the trial's entry alone.
        ConditionKernelCommandLine = "dabei.trial";
      };
      serviceConfig.Type = "simple";
      script = text "stage1";
    };
    systemd.services.dabei-trial = {
      description = "First boot on trial";
      wantedBy = [ "sysinit.target" ];
      # A disk of a mirror may be absent, so local-fs.target does not wait for its ESP; the conditions have to.
      after = [ "local-fs.target" ] ++ map (esp: "${utils.escapeSystemdPath esp}.mount") esps;
      unitConfig = {
        DefaultDependencies = "no";
        IgnoreOnIsolate = true;
        ConditionKernelCommandLine = "|dabei.trial";
        # A trial that ended in stage 1 or in the rescue system leaves the token, which goes at the next start.
        ConditionPathExists =
          map (esp: "|${stateOf esp}") esps ++ lib.optional reports "|/var/lib/dabei/trial-report";
      };
      path = [ pkgs.util-linux ] ++ reaching;
      serviceConfig.Type = "simple";
      script = text "system";
    };
  };

  generations = lib.mkIf cfg.enable {
    assertions = [
      {
        assertion = systemdBoot && countsBoots;
        message = "dabei.trial.enable needs systemd-boot, and a NixOS that has boot.loader.systemd-boot.bootCounting";
      }
    ];

    boot.kernelParams = [
      "panic=30"
      "systemd.watchdog_sec=60"
    ];
    boot.initrd.availableKernelModules = cfg.watchdog;

    # Without default dependencies, as above: stage 1 restarts a generation without a network, and the system confirms it.
    boot.initrd.systemd.services.dabei-generation-stage1 = {
      description = "First boot of a generation on trial";
      wantedBy = [ "initrd.target" ];
      unitConfig = {
        DefaultDependencies = "no";
        IgnoreOnIsolate = true;
        ConditionPathExists = [ counted ];
      };
      serviceConfig.Type = "simple";
      script = text "generation1";
    };
    systemd.services.dabei-generation = {
      description = "First boot of a generation on trial";
      requiredBy = [ "boot-complete.target" ];
      before = [ "boot-complete.target" ];
      unitConfig = {
        DefaultDependencies = "no";
        ConditionPathExists = [ counted ];
      };
      path = reaching;
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        TimeoutStartSec = "infinity";
      };
      script = text "generation";
    };
  };
in
{
  options.dabei.trial = {
    enable = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether the first boot of every new generation is on trial, too: unless it is confirmed within `minutes` (30, if that is 0), the
        machine restarts into the generation before. Needs systemd-boot that counts boots.
      '';
    };
    minutes = lib.mkOption {
      type = lib.types.ints.unsigned;
      default = 0;
      description = ''
        Minutes from the kernel's start until a system that was just installed restarts into its rescue system, unless somebody has
        logged in. 0: no trial.
      '';
    };
    confirm = lib.mkOption {
      type = lib.types.enum [
        "login"
        "report"
      ];
      default = "login";
      description = ''
        What confirms it: a login by SSH, in stage 1 or later, or on a console; with "report", also an answer of the receiver of reports
        whose address and token dabei left in /var/lib/dabei; without one, that sshd answers, and a gateway.
      '';
    };
    asks = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether stage 1 waits for a person: then the system itself, once it is unlocked, waits for a login without a limit.";
    };
    watchdog = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Kernel modules of this machine's watchdog, which stage 1 starts, for a boot that hangs.";
    };
  };

  config = lib.mkMerge [
    first
    generations
    (lib.optionalAttrs countsBoots {
      boot.loader.systemd-boot.bootCounting = lib.mkIf cfg.enable {
        enable = true;
        tries = lib.mkDefault 1;
      };
    })
  ];
}
