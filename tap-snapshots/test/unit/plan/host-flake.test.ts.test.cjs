/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-dhcp 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."vm" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-mirror 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."storage" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-static 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."web-01" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-user-flake 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  # The system comes from your own flake, the input \`config\`. What is true of this machine alone (file systems,
  # boot loader, host id, network) is in the files beside this one and replaces what your flake says about it.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      takes the newest version of your flake, before the next rebuild
  #
  # Rebuilding from your flake directly leaves these files out, and then the machine does not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = "github:me/infra";

  outputs =
    { config, ... }:
    {
      nixosConfigurations."web-01" = config.nixosConfigurations."web".extendModules {
        modules = [
          ./hardware.nix
          ./dabei.nix
          (
            { lib, ... }:
            {
              # Holds only where your flake sets none.
              system.stateVersion = lib.mkDefault "26.05";
            }
          )
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of bios-user-flake-networkd 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  # The system comes from your own flake, the input \`config\`. What is true of this machine alone (file systems,
  # boot loader, host id, network) is in the files beside this one and replaces what your flake says about it.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      takes the newest version of your flake, before the next rebuild
  #
  # Rebuilding from your flake directly leaves these files out, and then the machine does not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = "https://example.org/infra.tar.gz?dir=hosts";

  outputs =
    { config, ... }:
    {
      nixosConfigurations."web-01" = config.nixosConfigurations."networkd".extendModules {
        modules = [
          ./hardware.nix
          ./dabei.nix
          (
            { lib, ... }:
            {
              # Holds only where your flake sets none.
              system.stateVersion = lib.mkDefault "26.05";
            }
          )
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-bond-vlan-bridge 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."rack" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-dhcp 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."vm" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-mirror 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."storage" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-static 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  #   nixos-rebuild switch                     builds and activates what is described here
  #   nix flake update --flake /etc/nixos      takes a newer nixpkgs, before the next rebuild
  #
  # runtime-info.json  what was found out about this machine: disks, addresses, drivers
  # hardware.nix       platform, drivers, firmware
  # dabei.nix          file systems, boot loader, network, SSH
  description = "NixOS on a machine installed by dabei";

  inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";

  outputs =
    { nixpkgs, ... }:
    {
      nixosConfigurations."web-01" = nixpkgs.lib.nixosSystem {
        modules = [
          ./hardware.nix
          ./dabei.nix
          {
            # The release whose formats the data on this machine follow. It stays as it is when you upgrade.
            system.stateVersion = "26.05";

            # Your own configuration goes here, or into files of your own listed above.
          }
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > flake.nix of uefi-user-flake-static 1`] = `
{
  # Written by dabei when it installed this machine; from then on it is yours.
  #
  # The system comes from your own flake, the input \`config\`. What is true of this machine alone (file systems,
  # boot loader, host id, network) is in the files beside this one and replaces what your flake says about it.
  #
  #   nixos-rebuild switch                     builds and activates it
  #   nix flake update --flake /etc/nixos      takes the newest version of your flake, before the next rebuild
  #
  # Rebuilding from your flake directly leaves these files out, and then the machine does not find its disks.
  description = "NixOS on a machine installed by dabei, from its owner's flake";

  inputs.config.url = "github:me/infra";

  outputs =
    { config, ... }:
    {
      nixosConfigurations."web-01" = config.nixosConfigurations."web".extendModules {
        modules = [
          ./hardware.nix
          ./dabei.nix
          (
            { lib, ... }:
            {
              # Holds only where your flake sets none.
              system.stateVersion = lib.mkDefault "26.05";
            }
          )
        ];
      };
    };
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-dhcp 1`] = `
{
  "version": 1,
  "hostName": "vm",
  "domain": null,
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-mirror 1`] = `
{
  "version": 1,
  "hostName": "storage",
  "domain": null,
  "hostId": "deadbeef",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "ASRock",
    "model": "B565D4",
    "cpuVendor": "AMD",
    "cpuModel": "AMD Ryzen 5 3600",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116aa",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116bb",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "igb"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-static 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": "example.org",
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": null,
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-user-flake 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of bios-user-flake-networkd 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "bios",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": "https://example.org/infra.tar.gz?dir=hosts#nixosConfigurations.networkd",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-bond-vlan-bridge 1`] = `
{
  "version": 1,
  "hostName": "rack",
  "domain": null,
  "hostId": "deadbeef",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "ASRock",
    "model": "B565D4",
    "cpuVendor": "AMD",
    "cpuModel": "AMD Ryzen 5 3600",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:01",
        "name": "eno1",
        "keepName": false,
        "driver": "igb",
        "macAddress": null,
        "mtu": null,
        "bond": "bond0",
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      },
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:02",
        "name": "eno2",
        "keepName": true,
        "driver": "igb",
        "macAddress": null,
        "mtu": null,
        "bond": "bond0",
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      },
      {
        "kind": "loopback",
        "mac": null,
        "name": "lo",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "203.0.113.9/32",
            "peer": null
          }
        ],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      },
      {
        "kind": "bond",
        "mac": null,
        "name": "bond0",
        "keepName": false,
        "driver": null,
        "macAddress": "a8:a1:59:00:00:01",
        "mtu": 9000,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [
          "bond0.7",
          "bond0.8"
        ],
        "options": {
          "mode": "802.3ad",
          "miimon": 100,
          "lacpRate": "fast",
          "xmitHashPolicy": "layer3+4"
        },
        "addresses": [],
        "routes": [
          {
            "destination": "10.66.0.0/16",
            "gateway": null,
            "onlink": false,
            "metric": null,
            "table": null,
            "type": "blackhole",
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [
          {
            "family": "ipv4",
            "priority": 1000,
            "not": false,
            "from": "198.51.100.0/24",
            "to": null,
            "fwmark": null,
            "iif": null,
            "oif": null,
            "table": 100,
            "type": null,
            "suppressPrefixLength": null
          },
          {
            "family": "ipv6",
            "priority": 1001,
            "not": false,
            "from": null,
            "to": null,
            "fwmark": "16/255",
            "iif": "eno2",
            "oif": null,
            "table": null,
            "type": "prohibit",
            "suppressPrefixLength": null
          }
        ],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      },
      {
        "kind": "vlan",
        "mac": null,
        "name": "bond0.7",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": {
          "id": 7,
          "protocol": "802.1Q"
        },
        "addresses": [
          {
            "address": "198.51.100.7/24",
            "peer": null
          },
          {
            "address": "192.0.2.1/32",
            "peer": "192.0.2.2/32"
          }
        ],
        "routes": [
          {
            "destination": "10.20.0.0/16",
            "gateway": null,
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": [
              "198.51.100.2@bond0.7 2",
              "198.51.100.3@bond0.7"
            ]
          },
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": "198.51.100.7",
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "0.0.0.0/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": 5,
            "table": 100,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": 1400,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      },
      {
        "kind": "vlan",
        "mac": null,
        "name": "bond0.8",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": "br0",
        "vlans": [],
        "options": {
          "id": 8,
          "protocol": "802.1ad"
        },
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      },
      {
        "kind": "bridge",
        "mac": null,
        "name": "br0",
        "keepName": false,
        "driver": null,
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": {
          "stp": true,
          "forwardDelay": 4
        },
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": {
          "iaid": 1493172225,
          "duidType": 2,
          "duid": "00:00:ab:11:aa:bb:cc:dd"
        },
        "acceptRa": true,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53"
      ],
      "search": []
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116aa",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116bb",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "igb",
      "bonding",
      "8021q",
      "bridge"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-dhcp 1`] = `
{
  "version": 1,
  "hostName": "vm",
  "domain": null,
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [],
    "dns": {
      "servers": [],
      "search": []
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-mirror 1`] = `
{
  "version": 1,
  "hostName": "storage",
  "domain": null,
  "hostId": "deadbeef",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "ASRock",
    "model": "B565D4",
    "cpuVendor": "AMD",
    "cpuModel": "AMD Ryzen 5 3600",
    "virtualization": false
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:01",
        "name": "eth0",
        "keepName": false,
        "driver": "igb",
        "macAddress": null,
        "mtu": 1400,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [],
        "routes": [],
        "rules": [],
        "dhcp": true,
        "clientId": "mac",
        "acceptRa": true,
        "dns": null
      },
      {
        "kind": "physical",
        "mac": "a8:a1:59:00:00:02",
        "name": "eth1",
        "keepName": false,
        "driver": "igb",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "10.0.0.2/24",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "10.1.0.0/16",
            "gateway": "10.0.0.1",
            "onlink": false,
            "metric": 50,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      }
    ],
    "dns": {
      "servers": [],
      "search": []
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116aa",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    },
    {
      "path": "/dev/disk/by-id/nvme-eui.0025388b710116bb",
      "espPartuuid": "00000002-0000-8000-8000-000000000001",
      "espMountpoint": "/boot-2",
      "swapPartuuid": "00000003-0000-8000-8000-000000000001",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000001"
    }
  ],
  "modules": {
    "disks": [
      "nvme"
    ],
    "network": [
      "igb"
    ]
  },
  "impermanence": null,
  "consoles": []
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-static 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": null,
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 2200,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`

exports[`test/unit/plan/host-flake.test.ts > TAP > the generated directory > runtime-info.json of uefi-user-flake-static 1`] = `
{
  "version": 1,
  "hostName": "web-01",
  "domain": null,
  "hostId": "8425e349",
  "system": "x86_64-linux",
  "firmware": "uefi",
  "machine": {
    "vendor": "QEMU",
    "model": "Standard PC",
    "cpuVendor": "Intel",
    "cpuModel": "Intel Xeon Processor",
    "virtualization": "kvm"
  },
  "flake": "github:me/infra#web",
  "rootAuthorizedKeys": [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW admin@example"
  ],
  "sshPort": 22,
  "sshHostKeys": [
    "ed25519"
  ],
  "network": {
    "interfaces": [
      {
        "kind": "physical",
        "mac": "52:54:00:12:34:56",
        "name": "eth0",
        "keepName": false,
        "driver": "virtio_net",
        "macAddress": null,
        "mtu": null,
        "bond": null,
        "primary": false,
        "bridge": null,
        "vlans": [],
        "options": null,
        "addresses": [
          {
            "address": "198.51.100.7/32",
            "peer": null
          },
          {
            "address": "2001:db8:1::7/64",
            "peer": null
          }
        ],
        "routes": [
          {
            "destination": "0.0.0.0/0",
            "gateway": "198.51.100.1",
            "onlink": true,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          },
          {
            "destination": "::/0",
            "gateway": "fe80::1",
            "onlink": false,
            "metric": null,
            "table": null,
            "type": null,
            "source": null,
            "scope": null,
            "mtu": null,
            "advmss": null,
            "nexthops": []
          }
        ],
        "rules": [],
        "dhcp": false,
        "clientId": "mac",
        "acceptRa": false,
        "dns": null
      }
    ],
    "dns": {
      "servers": [
        "192.0.2.53",
        "2001:db8::53"
      ],
      "search": [
        "example.org"
      ]
    }
  },
  "pool": {
    "name": "rpool",
    "datasets": [
      {
        "name": "rpool/local/root",
        "mountpoint": "/"
      },
      {
        "name": "rpool/local/nix",
        "mountpoint": "/nix"
      },
      {
        "name": "rpool/safe/home",
        "mountpoint": "/home"
      },
      {
        "name": "rpool/safe/persist",
        "mountpoint": "/persist"
      }
    ]
  },
  "disks": [
    {
      "path": "/dev/disk/by-path/pci-0000:00:04.0",
      "espPartuuid": "00000002-0000-8000-8000-000000000000",
      "espMountpoint": "/boot",
      "swapPartuuid": "00000003-0000-8000-8000-000000000000",
      "zfsPartuuid": "00000004-0000-8000-8000-000000000000"
    }
  ],
  "modules": {
    "disks": [
      "virtio_pci",
      "virtio_blk",
      "virtio_scsi",
      "sd_mod"
    ],
    "network": [
      "virtio_pci",
      "virtio_net"
    ]
  },
  "impermanence": null,
  "consoles": [
    "tty0",
    "ttyS0,115200"
  ]
}

`
