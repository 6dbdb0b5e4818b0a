import type { RoomError } from '../errors.js';
import { tagFiles } from './layout.js';
import { decodeText } from './manifest.js';
import { problem } from './problem.js';

/** bag-info.txt: what is known about a capsule beside its content. */
export interface BagInfo {
  /** Bytes and number of the payload files. */
  readonly bytes: number;
  readonly files: number;
  /** `2026-11-21`, in UTC. */
  readonly date: string;
  /** Id of the vault that it was packed from. */
  readonly vaultId: string | null;
  /** SHA-256 of the last line of that vault's audit log: pins its history outside of the machine. */
  readonly auditHead: string | null;
}

/** What it says of what kind of bag this is. */
export const capsuleProfile = 'anchor-replay-capsule/1';

const labels = {
  oxum: 'Payload-Oxum',
  date: 'Bagging-Date',
  size: 'Bag-Size',
  profile: 'BagIt-Profile-Identifier',
  vault: 'Anchor-Vault-Id',
  audit: 'Anchor-Audit-Head',
} as const;

/** Pure. */
export function bagInfoText(info: BagInfo, profile = capsuleProfile): string {
  const lines: readonly (readonly [label: string, value: string | null])[] = [
    [labels.oxum, `${info.bytes}.${info.files}`],
    [labels.date, info.date],
    [labels.size, inWords(info.bytes)],
    [labels.profile, profile],
    [labels.vault, info.vaultId],
    [labels.audit, info.auditHead],
  ];
  return lines.flatMap(([label, value]) => (value === null ? [] : [`${label}: ${value}\n`])).join('');
}

/** What it says, or what is wrong with it. Pure. */
export function parseBagInfo(bytes: Uint8Array, profile = capsuleProfile): BagInfo | RoomError {
  const wrong = (why: string): RoomError => problem('ERR_COURIER_TAG_FILE', tagFiles.info, why);
  const text = decodeText(bytes);
  if (text === null) return wrong('is no UTF-8 text');
  const values = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '' && index === text.split('\n').length - 1) break;
    const [, label, value] = /^([A-Za-z][A-Za-z0-9-]*): (\S.*)$/.exec(line) ?? [];
    if (label === undefined || value === undefined) return wrong(`line ${index + 1} is no label and value`);
    if (values.has(label)) return wrong(`${label} is there twice`);
    values.set(label, value);
  }
  const found = values.get(labels.profile);
  if (found !== profile)
    return problem(
      'ERR_COURIER_VERSION',
      tagFiles.info,
      `says that this is ${found === undefined ? 'no capsule' : JSON.stringify(found)}, not ${profile}`,
      'It is another kind of bag, or was made by a newer version.',
    );
  const oxum = /^(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,8})$/.exec(values.get(labels.oxum) ?? '');
  if (oxum === null) return wrong(`has no ${labels.oxum}`);
  const date = values.get(labels.date) ?? '';
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return wrong(`has no ${labels.date}`);
  return {
    bytes: Number(oxum[1]),
    files: Number(oxum[2]),
    date,
    vaultId: values.get(labels.vault) ?? null,
    auditHead: values.get(labels.audit) ?? null,
  };
}

/** `3 kB`, `1.2 GB`: for people, Payload-Oxum is exact. */
function inWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
