# What runtime-info.json calls the options of bonds and the attributes of routes, and what others call them:
#   kernel    the bonding driver (Documentation/networking/bonding.rst)
#   ip        ip-route(8)
#   networkd  systemd.netdev(5) and systemd.network(5), with the unit that it wants or as text
#   mode      the only mode of a bond in which the driver takes it
# Made from agent/config/schema/bond-options.ts and route-attributes.ts.
{
  bond = {
    mode = {
      kernel = "mode";
      networkd = "Mode";
    };
    miimon = {
      kernel = "miimon";
      networkd = "MIIMonitorSec";
      unit = "ms";
    };
    updelay = {
      kernel = "updelay";
      networkd = "UpDelaySec";
      unit = "ms";
    };
    downdelay = {
      kernel = "downdelay";
      networkd = "DownDelaySec";
      unit = "ms";
    };
    arpInterval = {
      kernel = "arp_interval";
      networkd = "ARPIntervalSec";
      unit = "ms";
    };
    arpIpTargets = {
      kernel = "arp_ip_target";
      networkd = "ARPIPTargets";
    };
    primaryReselect = {
      kernel = "primary_reselect";
      networkd = "PrimaryReselectPolicy";
    };
    failOverMac = {
      kernel = "fail_over_mac";
      networkd = "FailOverMACPolicy";
    };
    lacpRate = {
      kernel = "lacp_rate";
      networkd = "LACPTransmitRate";
      mode = "802.3ad";
    };
    adSelect = {
      kernel = "ad_select";
      networkd = "AdSelect";
      mode = "802.3ad";
    };
    xmitHashPolicy = {
      kernel = "xmit_hash_policy";
      networkd = "TransmitHashPolicy";
    };
    minLinks = {
      kernel = "min_links";
      networkd = "MinLinks";
    };
  };
  route = {
    metric = {
      ip = "metric";
      networkd = "Metric";
    };
    table = {
      ip = "table";
      networkd = "Table";
    };
    source = {
      ip = "src";
      networkd = "PreferredSource";
    };
    scope = {
      ip = "scope";
      networkd = "Scope";
    };
    mtu = {
      ip = "mtu";
      networkd = "MTUBytes";
      text = true;
    };
    advmss = {
      ip = "advmss";
      networkd = "TCPAdvertisedMaximumSegmentSize";
      text = true;
    };
  };
}
