/** Types that the readers of the old system's network share. */

/** Contents by path below the capture's directory: "link.json", "resolved/resolved.conf", "leases/networkd/2". */
export type CapturedFiles = Readonly<Record<string, string>>;

/** A part of the old system's network that dabei does not restore. */
export interface LeftOut {
  /** "docker0", "route to 10.0.0.0/8", "IPv4 rule 100", "192.0.2.7 on eth0" */
  name: string;
  why: string;
}
