import { nixString } from '../../agent/plan/host-flake/templates.ts';
import { bondRows } from '../../agent/config/schema/bond-options.ts';
import { routeRows } from '../../agent/config/schema/route-attributes.ts';

/** nix/host-flake/network-options.nix, from the tables of the configuration's schema. */
export function networkOptionsNix(): string {
  return `# What runtime-info.json calls the options of bonds and the attributes of routes, and what others call them:
#   kernel    the bonding driver (Documentation/networking/bonding.rst)
#   ip        ip-route(8)
#   networkd  systemd.netdev(5) and systemd.network(5), with the unit that it wants or as text
#   mode      the only mode of a bond in which the driver takes it
# Made from agent/config/schema/bond-options.ts and route-attributes.ts.
{
${section(
  'bond',
  bondRows.map(([name, { kernel, networkd, unit, mode }]) => [name, { kernel, networkd, unit, mode }]),
)}
${section(
  'route',
  routeRows.map(([name, { ip, networkd, text }]) => [name, { ip, networkd, text }]),
)}
}
`;
}

type Row = readonly [name: string, values: Readonly<Record<string, string | true | undefined>>];

function section(name: string, rows: readonly Row[]): string {
  const lines = rows.flatMap(([row, values]) => [
    `    ${row} = {`,
    ...Object.entries(values).flatMap(([key, value]) =>
      value === undefined ? [] : [`      ${key} = ${value === true ? 'true' : nixString(value)};`],
    ),
    '    };',
  ]);
  return [`  ${name} = {`, ...lines, '  };'].join('\n');
}
