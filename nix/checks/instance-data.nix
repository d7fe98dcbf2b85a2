# A machine switches once to the system that a file names. It does nothing if the name is its own or is not a valid name. If it
# refuses to switch, it restarts once, and never twice for the same name.
{ module }:

{ pkgs, ... }:

{
  name = "dabei-instance-data";

  nodes.machine = {
    imports = [ module ];
    dabei.instanceData = {
      enable = true;
      flake = "github:me/infra";
      files = [ "/instance-data.json" ];
      rebuild = [
        "${pkgs.writeShellScript "rebuild" ''
          echo "$*" >> /rebuilt
          [ "$1" != switch ] || [ ! -e /refuses ]
        ''}"
      ];
      restart = [ "${pkgs.writeShellScript "restart" ''echo restart >> /rebuilt''}" ];
    };
  };

  testScript = ''
    def given(text):
        machine.succeed(f"echo '{text}' > /instance-data.json; rm -f /rebuilt")
        return machine.execute("systemctl restart dabei-instance-data.service")[0]

    machine.wait_for_unit("dabei-instance-data.service")
    machine.fail("test -e /rebuilt")
    assert given('{"hostname": "web-02.example.org"}') == 0
    assert machine.succeed("cat /rebuilt").strip() == "switch --flake github:me/infra#web-02"
    assert given('{"hostname": "machine"}') == 0
    machine.fail("test -e /rebuilt")
    assert given('{"hostname": "x; reboot"}') != 0
    machine.fail("test -e /rebuilt")
    machine.succeed("touch /refuses")
    assert given('{"hostname": "web-02"}') == 0
    assert machine.succeed("cat /rebuilt").split("\n")[:3] == [
        "switch --flake github:me/infra#web-02", "boot --flake github:me/infra#web-02", "restart"
    ]
    # The machine has restarted once for this name, and still has another one.
    assert given('{"hostname": "web-02"}') != 0
    assert machine.succeed("cat /rebuilt").strip() == "switch --flake github:me/infra#web-02"
  '';
}
