import test from 'ava';
import { bagInfoText, parseBagInfo } from '../../src/capsule/bag-info.js';
import { RoomError } from '../../src/errors.js';

const info = { bytes: 1_500_000, files: 3, date: '2026-11-21', vaultId: 'v', auditHead: 'f'.repeat(64) };
const codeOf = (text: string): string => {
  const parsed = parseBagInfo(Buffer.from(text));
  return parsed instanceof RoomError ? parsed.code : 'none';
};

test('what is written is read', (t) => {
  const text = bagInfoText(info);
  t.is(text.split('\n')[0], 'Payload-Oxum: 1500000.3');
  t.true(text.includes('Bag-Size: 1.5 MB\n'));
  t.deepEqual(parseBagInfo(Buffer.from(text)), info);
  const alone = { ...info, vaultId: null, auditHead: null };
  t.deepEqual(parseBagInfo(Buffer.from(bagInfoText(alone))), alone);
});

test('other bags, and texts with a fault', (t) => {
  const text = bagInfoText(info);
  t.is(codeOf(text.replace('capsule/1', 'capsule/2')), 'ERR_COURIER_VERSION');
  t.is(codeOf('Payload-Oxum: 1.1\n'), 'ERR_COURIER_VERSION');
  const faults = [
    text.replace('1500000.3', '1500000'),
    text.replace('1500000.3', '-1.3'),
    text.replace('1500000.3', '01.3'),
    text.replace('2026-11-21', 'today'),
    `${text}Payload-Oxum: 1.1\n`,
    text.replace(': ', ':'),
    text.replace('\n', '\r\n'),
    `${text} continued\n`,
    `\ufeff${text}`,
  ];
  for (const fault of faults) t.is(codeOf(fault), 'ERR_COURIER_TAG_FILE', fault);
});
