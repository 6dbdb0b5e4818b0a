import test from 'ava';
import { capabilityNames, parseCapabilities } from '../../src/spec/capabilities.js';
import { refuses } from './refusal.js';

refuses([
  [{ capabilities: null }, 'type', 'capabilities'],
  [{ capabilities: 'CHOWN' }, 'type', 'capabilities'],
  [{ capabilities: { CHOWN: true } }, 'type', 'capabilities'],
  [{ capabilities: [0] }, 'type', 'capabilities[0]'],
  [{ capabilities: ['CHOWN', null] }, 'type', 'capabilities[1]'],
  [{ capabilities: ['ALL'] }, 'value', 'capabilities[0]'],
  [{ capabilities: [''] }, 'value', 'capabilities[0]'],
  [{ capabilities: ['chown'] }, 'value', 'capabilities[0]'],
  [{ capabilities: ['CAP_CHOWN'] }, 'value', 'capabilities[0]'],
  [{ capabilities: ['CHOWN\0'] }, 'value', 'capabilities[0]'],
  [{ capabilities: ['toString'] }, 'value', 'capabilities[0]'],
]);

test('sorted by number, each once', (t) => {
  t.deepEqual(parseCapabilities(['BPF', 'KILL', 'CHOWN', 'KILL', 'SETUID'], 'capabilities'), [0, 5, 7, 39]);
});

test('the numbers are those of linux/capability.h', (t) => {
  t.is(capabilityNames.length, 41);
  t.is(capabilityNames.indexOf('SYS_ADMIN'), 21);
  t.is(capabilityNames.indexOf('SETFCAP'), 31);
  t.is(capabilityNames.indexOf('CHECKPOINT_RESTORE'), 40);
});

for (const wrong of ['CAP_NET_ADMIN', 'net_admin', 'NET_ADMN', 'cap_net_admin']) {
  test(`${wrong} is nearly NET_ADMIN`, (t) => {
    t.throws(() => parseCapabilities([wrong], 'capabilities'), { message: /did you mean NET_ADMIN\?/ });
  });
}
