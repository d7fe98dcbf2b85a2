# The test driver runs this after test.nix has imported json and set `facts`; `cache` is its one node.
import base64
import os
import shutil
import subprocess

ssh_options = "-i /root/id -o UserKnownHostsFile=/root/known -o ConnectTimeout=5 -o BatchMode=yes"
ssh = f"ssh {ssh_options} -o StrictHostKeyChecking=yes root@{facts['address']}"
work = os.path.join(os.environ.get("TMPDIR", "/tmp"), "disks")
os.makedirs(work, exist_ok=True)


def encode(text):
    return base64.b64encode(text.encode()).decode()


def disk_file(serial):
    return os.path.join(work, f"{serial}.qcow2")


def start(name, serials, *more):
    """A machine with these disks, in the same network as the cache."""
    parts = [
        f"{facts['qemu']}/qemu-kvm",
        "-m 4096 -smp 2 -no-reboot",
        f"-device virtio-net-pci,netdev=vlan1,mac={facts['mac']}",
        '-netdev vde,id=vlan1,sock="$QEMU_VDE_SOCKET_1"',
    ]
    for serial in serials:
        parts.append(f"-drive file={disk_file(serial)},format=qcow2,if=none,id={serial}")
        parts.append(f"-device virtio-blk-pci,drive={serial},serial={serial}")
    if facts["uefi"]:
        variables = os.path.join(work, "variables.fd")
        if not os.path.exists(variables):
            shutil.copyfile(facts["variables"], variables)
            os.chmod(variables, 0o600)
        parts.append(f"-drive if=pflash,format=raw,unit=0,readonly=on,file={facts['firmware']}")
        parts.append(f"-drive if=pflash,format=raw,unit=1,file={variables}")
    made = create_machine(" ".join([*parts, *more]), name=name)
    made.start()
    return made


def unlock():
    """Runs the line that the console prints, and answers whatever stage 1 asks, until stage 1 ends and the connection with it."""
    wait_for_port = f"ssh-keyscan -T 20 -t ed25519 -p 2222 {facts['address']} | grep -q ed25519"
    cache.wait_until_succeeds(wait_for_port, timeout=600)
    cache.execute(
        f"while printf '%s\\n' {facts['passphrase']}; do sleep 5; done | timeout 600 "
        f"ssh -tt -p 2222 {ssh_options} -o StrictHostKeyChecking=accept-new root@{facts['address']} "
        "systemd-tty-ask-password-agent --watch"
    )


with subtest("a binary cache with the system"):
    cache.wait_for_unit("nginx.service")
    cache.succeed("install -m 600 /etc/id /root/id", "mkdir -p /srv/cache")
    cache.succeed("nix-store --generate-binary-cache-key check-1 /root/cache.key /root/cache.pub")
    store = "file:///srv/cache?compression=zstd&secret-key=/root/cache.key"
    nix = "nix --extra-experimental-features nix-command"
    cache.succeed(f"{nix} copy --to '{store}' {' '.join(facts['roots'])}", timeout=1800)
    if facts["nixpkgs"] is not None:
        cache.succeed(f"ln -s {facts['nixpkgs']} /srv/nixpkgs.tar.gz")

with subtest("the configuration, with the host key of the old system"):
    cache.succeed("ssh-keygen -q -t ed25519 -N '' -f /root/host")
    host_key = cache.succeed("cat /root/host")
    cache.succeed(f"echo {facts['address']} $(cat /root/host.pub) > /root/known")
    config = json.loads(cache.succeed("cat /etc/config.json"))
    config["ssh"] = {"hostKeys": [host_key]}
    config["system"]["trustedPublicKeys"] = [cache.succeed("cat /root/cache.pub").strip()]
    cache.succeed(f"umask 077; echo {encode(json.dumps(config))} | base64 -d > /root/config.json")

with subtest("the installer"):
    for serial in facts["serials"]:
        subprocess.run([f"{facts['qemu']}/qemu-img", "create", "-q", "-f", "qcow2", disk_file(serial), "16G"], check=True)
    parameters = [
        "console=ttyS0",
        f"ip={facts['address']}::192.168.1.1:255.255.255.0:::none",
        f"dabei.authorized_key={encode(facts['publicKey'])}",
        f"dabei.ssh_host_key={encode(host_key)}",
    ]
    append = " ".join(parameters)
    installer = start(
        "installer",
        facts["serials"],
        f"-kernel {facts['kernel']} -initrd {facts['initrd']} -append '{append}'",
    )
    cache.wait_until_succeeds(f"{ssh} true", timeout=300)
    cache.succeed(f"{ssh} 'umask 077; cat > /root/config.json' < /root/config.json")
    if facts["evaluates"]:
        # Systems prefer to build what is quick to build; here, they have it from the cache.
        cache.succeed(f"{ssh} 'echo always-allow-substitutes = true >> /etc/nix/nix.conf'")
    cache.succeed(f"{ssh} dabei plan /root/config.json", timeout=300)
    cache.succeed(f"{ssh} dabei install /root/config.json", timeout=3600)
    cache.execute(f"{ssh} poweroff")
    installer.wait_for_shutdown()

with subtest("the disks alone"):
    installed = start("installed", facts["serials"])
    if facts["encrypted"]:
        unlock()
    cache.wait_until_succeeds(f"{ssh} true", timeout=600)
    assert cache.succeed(f"{ssh} hostname").strip() == facts["hostName"]
    if facts["encrypted"]:
        assert cache.succeed(f"{ssh} hostid").strip() == facts["hostId"]
        cache.succeed(f"{ssh} zpool status -x rpool")
    cache.succeed(f"{ssh} systemctl is-system-running --wait", timeout=300)

with subtest("nixos-rebuild"):
    if facts["evaluates"]:
        options = " ".join(
            [
                "--option substituters http://192.168.1.1/cache",
                f"--option trusted-public-keys '{config['system']['trustedPublicKeys'][0]}'",
                "--option always-allow-substitutes true",
            ]
        )
        cache.succeed(f'{ssh} "nixos-rebuild switch {options}"', timeout=1800)
    else:
        cache.succeed(f"{ssh} nixos-rebuild switch --store-path {facts['toplevel']}", timeout=600)
    cache.succeed(f"{ssh} true")

if len(facts["serials"]) > 1:
    with subtest("without the first disk"):
        cache.execute(f"{ssh} poweroff")
        installed.wait_for_shutdown()
        degraded = start("degraded", facts["serials"][1:])
        unlock()
        cache.wait_until_succeeds(f"{ssh} true", timeout=600)
        assert "DEGRADED" in cache.succeed(f"{ssh} zpool status rpool")
