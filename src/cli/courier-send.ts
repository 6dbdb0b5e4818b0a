import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  send,
  Vault,
  type CapsuleSource,
  type SendOptions,
  type SendPlan,
  type SendRequest,
  type SendTarget,
  type SentCargo,
} from '../index.js';
import { commandOf } from './command.js';
import { UsageError } from './command-error.js';
import type { CommandLine, CommandPage } from './command-line.js';
import { exitCodes } from './exit-code.js';
import { interruptible } from './interruptible.js';
import { print, printJson, writeJsonLine } from './output.js';
import { printable } from './printable.js';
import { ProgressLine } from './progress-line.js';
import { textTable } from './text-table.js';
import { transferText } from './transfer-text.js';
import { bytesInWords } from './units.js';
import { vaultOption, withVault } from './vault-option.js';

export const page = {
  name: 'anchor courier send',
  usage: ['[options] SOURCE… --to TARGET'],
  about: [
    'Sends things one way, once, and verified: hashed while they are read, brought to the device, read back from there, and only then named.',
    'SOURCE is vault:KIND/NAME[@GENERATION], or a path. One capsule or parcel goes as it is; everything else becomes NAME.parcel, a directory of ' +
      'plain files with manifests that sha256sum reads.',
    'TARGET is a directory, a drive (/dev/sdb1, /dev/sdb, uuid:…), or a vault (its directory, or vault:PATH). A drive that is not mounted is mounted for this ' +
      'command alone and unmounted again.',
  ],
  options: {
    to: { value: 'TARGET', help: 'where it goes' },
    name: { value: 'NAME', help: 'what the parcel is called (default: as the first source)' },
    as: { value: 'KIND/NAME', help: 'what a source that is a path is called in a vault that it goes to' },
    split: {
      value: 'SIZE',
      help: 'store larger files in parts of this size; fat32: those of 4 GiB and more, in parts of 1 GiB (default on FAT)',
    },
    sign: { value: 'KEY', help: 'sign the parcel with this SSH key' },
    'only-drive': { value: 'UUID', many: true, help: 'refuse any other drive; repeatable' },
    'max-size': { value: 'SIZE', help: 'refuse to send more than this' },
    yes: { help: 'consent to sending to a drive (default: asked on a terminal)' },
    restart: { help: 'begin anew where an earlier attempt left something' },
    'dry-run': { help: 'say what would be done, and do nothing' },
    ...vaultOption,
    json: { help: 'print the result as JSON, and progress as lines of JSON on standard error' },
  },
  notes: [
    'What was interrupted goes on with the same command: what is there and right is not copied again.',
    'With --vault, or a SOURCE in one, it is recorded in its audit log.',
  ],
} as const satisfies CommandPage;

export const command = commandOf(page, run);

type Line = CommandLine<typeof page.options>;

async function run(line: Line): Promise<number> {
  const { vault: path, json, to } = line.options;
  const sources = [...line.words, ...(line.rest ?? [])].map(sourceOf);
  const hint = `usage: ${page.name} ${page.usage[0]}`;
  if (sources.length === 0) throw new UsageError('SOURCE is missing', hint);
  if (to === undefined) throw new UsageError('--to TARGET is missing', hint);
  const inVault = sources.some((source) => typeof source !== 'string');
  const sendFrom = (vault?: Vault): Promise<SentCargo> =>
    withTarget(to, (target) =>
      watched(json === true, (options, pause) =>
        send(
          { ...requestOf(line, sources, target, vault), onConsent: consent(line, options.signal, pause) },
          options,
        ),
      ),
    );
  const sent = await (path === undefined && !inVault ? sendFrom() : withVault(path, sendFrom));
  if (json === true) printJson(sent);
  else print(sentText(sent));
  return exitCodes.done;
}

const vaultPrefix = 'vault:';

function sourceOf(text: string): CapsuleSource {
  return text.startsWith(vaultPrefix) ? { vault: text.slice(vaultPrefix.length) } : text;
}

async function withTarget<T>(to: string, work: (target: SendTarget) => Promise<T>): Promise<T> {
  const named = to.startsWith(vaultPrefix) ? to.slice(vaultPrefix.length) : null;
  if (named !== null || existsSync(join(to, 'anchor-vault.json'))) {
    const vault = await Vault.open(named ?? to);
    try {
      return await work({ vault });
    } finally {
      await vault.close();
    }
  }
  return work(/^(\/dev\/|uuid:)/i.test(to) ? { drive: to } : { directory: to });
}

function requestOf(
  line: Line,
  sources: readonly CapsuleSource[],
  to: SendTarget,
  vault: Vault | undefined,
): SendRequest {
  const { name, as, split, sign, 'only-drive': drives, 'max-size': maxBytes } = line.options;
  return {
    sources,
    to,
    policy: {
      ...(drives === undefined ? {} : { drives }),
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
    dryRun: line.options['dry-run'] === true,
    restart: line.options.restart === true,
    ...(vault === undefined ? {} : { vault }),
    ...(name === undefined ? {} : { name }),
    ...(as === undefined ? {} : { as }),
    ...(split === undefined ? {} : { split }),
    ...(sign === undefined ? {} : { sign }),
  };
}

/** A line that shows how far it is, or lines of JSON; a signal stops it. */
async function watched<T>(
  json: boolean,
  work: (options: SendOptions, pause: () => void) => Promise<T>,
): Promise<T> {
  const progress = new ProgressLine(process.stderr, !json);
  try {
    return await interruptible((signal) =>
      work(
        {
          signal,
          onProgress: (state) => {
            if (json) writeJsonLine(2, { progress: state });
            else progress.show(transferText(state));
          },
        },
        () => progress.clear(),
      ),
    );
  } finally {
    progress.clear();
  }
}

/** Asks, or takes --yes for an answer. Without a terminal nobody can be asked. */
function consent(
  { options }: Line,
  signal: AbortSignal | undefined,
  pause: () => void,
): NonNullable<SendRequest['onConsent']> {
  return async (plan) => {
    if (options.yes === true) return true;
    if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
    pause();
    process.stderr.write(`${planText(plan)}Send it? [y/N] `);
    // Not as a terminal of readline's own: Ctrl-C stays a signal, and the end of input is an answer.
    const asking = createInterface({ input: process.stdin, terminal: false });
    try {
      const end = { signal: signal ?? new AbortController().signal };
      const line = once(asking, 'line', end).then(([text]) => String(text));
      const answer = await Promise.race([line, once(asking, 'close', end).then(() => '')]);
      return /^(y|yes)$/i.test(answer.trim());
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      asking.close();
      process.stdin.destroy();
    }
  };
}

/** Pure. */
export function planText({ path, target, items, files, bytes, present, split }: SendPlan): string {
  const drive = [
    target.model,
    target.label === null ? null : `"${target.label}"`,
    target.uuid === null ? null : `uuid:${target.uuid}`,
    target.fileSystem,
    target.free === null ? null : `${bytesInWords(target.free)} free`,
  ];
  return textTable([
    ['to', printable(path)],
    [
      target.kind,
      [target.device ?? target.path, ...drive].filter((fact) => fact !== null && fact !== '').join('  '),
    ],
    ...items.map(({ source, bytes: size }) => ['send', `${printable(source)}  ${bytesInWords(size)}`]),
    ['in all', `${bytesInWords(bytes)} in ${files} files${split === 0 ? '' : `, ${split} of them in parts`}`],
    ...(present === 0 ? [] : [['there', `${bytesInWords(present)} of an earlier attempt`]]),
  ]);
}

/** Pure. */
export function sentText({ plan, dryRun, id, stored, kept, released }: SentCargo): string {
  if (dryRun) return `${planText(plan)}nothing was done\n`;
  return textTable([
    ...(stored.length > 0
      ? stored.map((reference) => ['stored', reference])
      : [['path', printable(plan.path)]]),
    ...(id === null ? [] : [['id', id]]),
    ['payload', `${bytesInWords(plan.bytes)} in ${plan.files} files, read back`],
    ...(kept === 0 ? [] : [['kept', `${bytesInWords(kept)} were there already`]]),
    ...(released ? [['drive', 'unmounted: it may be pulled out']] : []),
  ]);
}
