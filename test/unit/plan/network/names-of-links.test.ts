import t from 'tap';
import { networkSchema } from '../../../../agent/config/schema/network.ts';
import { namesOfLinks } from '../../../../agent/plan/network/names-of-links.ts';

t.test(
  'what cards are called; nothing that the configuration makes, and nothing that it only refers to',
  t => {
    const { interfaces } = networkSchema.parse({
      interfaces: [
        { name: 'lo', addresses: ['192.0.2.9/32'] },
        { name: 'eno1', mac: '52:54:00:12:34:56' },
        { mac: '52:54:00:12:34:57' },
        { name: 'eno2' },
        { only: true },
        {
          name: 'bond0',
          bond: { members: ['eno3', '52:54:00:12:34:58'], mode: 'active-backup', primary: 'eno3' },
        },
        { name: 'bond0.5', vlan: { link: 'bond0', id: 5 } },
      ],
    });
    t.same(namesOfLinks({ interfaces }), ['52:54:00:12:34:56', '52:54:00:12:34:57', 'eno2']);
    t.end();
  },
);
