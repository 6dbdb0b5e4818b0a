import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RoomError, type ErrorCode, type FaultDetails } from '../errors.js';
import { declarationError, declarationName, lineOfName } from './declaration.js';
import { lockName, type FlakeInput } from './lock-file.js';
import type { NixLog, NixMessage } from './nix-log.js';
import { inStore, type NixSettings } from './nix-program.js';
import type { Stage } from './stage.js';

/** What a failure is explained with. */
export interface FailureContext {
  /** Of the owner. */
  readonly directory: string;
  readonly stage: Stage;
  readonly settings: NixSettings;
  readonly inputs: readonly FlakeInput[];
}

interface Known {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly hint?: string;
}

/** Texts of Nix 2.8 and later. What none of them matches is a mistake in the flake. */
const known: readonly Known[] = [
  {
    pattern: /requires lock file changes/,
    code: 'ERR_FLAKE_LOCK',
    hint: 'anchor flake lock pins what flake.nix names',
  },
  {
    pattern: /NAR hash mismatch in input|attribute mismatch in input/,
    code: 'ERR_FLAKE_INPUT_CHANGED',
  },
  {
    pattern: /hash mismatch in (fixed-output derivation|file downloaded)/,
    code: 'ERR_FLAKE_INPUT_CHANGED',
    hint: 'whoever publishes it has changed it: look at what is new before you pin it',
  },
  { pattern: /may not be deterministic/, code: 'ERR_FLAKE_NOT_REPRODUCIBLE' },
  {
    pattern:
      /unable to start build process|while setting up the build environment|mounting \/proc|namespaces are not enabled|sandboxing builds/,
    code: 'ERR_FLAKE_SANDBOX',
    hint: 'build as root or where user namespaces are allowed; { sandbox: false } builds without, and the manifest says so',
  },
  {
    pattern:
      /unable to download|resolve host|Cannot find Git revision|program 'git'|executing 'git'|cannot fetch input|cannot find flake '/,
    code: 'ERR_FLAKE_INPUT',
    hint: 'inputs are fetched from where flake.lock says; without network they have to be in the store: docs/flakes.md',
  },
  {
    pattern: /does not provide attribute/,
    code: 'ERR_FLAKE_OUTPUT',
    hint: 'a flake gives its plank as packages.x86_64-linux.plank',
  },
];

const builderFailed =
  /builder for '([^']+\.drv)' failed|build of '([^']+\.drv)' .*failed|Cannot build '([^']+\.drv)'/;

/** The error for a run of Nix that failed: its reason, where, and the end of the log of the build. */
export async function nixFailure(log: NixLog, step: string, context: FailureContext): Promise<RoomError> {
  const built = log.errors.map(({ text }) => builderFailed.exec(text)?.slice(1).find(Boolean)).find(Boolean);
  const first = log.errors[0];
  const rule = known.find(({ pattern }) => log.errors.some(({ text }) => pattern.test(text)));
  if (rule !== undefined && (built === undefined || rule.code === 'ERR_FLAKE_SANDBOX'))
    return ofRule(rule, log, step, context);
  if (built !== undefined) return ofBuild(built, log, step, context);
  const gone = context.inputs.find(
    ({ type, from }) => type === 'path' && first?.text.includes(`'${from.slice('path:'.length)}'`) === true,
  );
  if (gone !== undefined)
    return new RoomError('ERR_FLAKE_INPUT', `input ${gone.name}: ${oneLine(first!.text)}`, {
      step,
      path: gone.from.slice('path:'.length),
      hint: 'it is neither there nor in the store',
    });
  if (first === undefined) {
    const said = log.other.slice(-5).join('; ');
    return new RoomError('ERR_FLAKE_TOOL', `nix failed and gave no reason${said === '' ? '' : `: ${said}`}`, {
      step,
    });
  }
  // Only inputs are looked at there, and what is wrong in a file has its place in it.
  if ((step === 'flake.lock' || step === 'flake.inputs') && first.file === null)
    return new RoomError('ERR_FLAKE_INPUT', oneLine(first.text), { step });
  return ofEvaluation(first, step, context);
}

function ofRule(
  { pattern, code, hint }: Known,
  log: NixLog,
  step: string,
  context: FailureContext,
): RoomError {
  const { text } = log.errors.find((error) => pattern.test(error.text))!;
  const input = context.inputs.find(({ narHash, rev, from }) =>
    [narHash, rev ?? narHash, from].some((mark) => text.includes(mark)),
  );
  const derivation = /'(\/nix\/store\/[^']+\.drv)'/.exec(text)?.[1];
  const tail = derivation === undefined ? [] : log.tailOf(derivation);
  const named = input === undefined ? {} : { hint: changedHint(input.name) };
  return new RoomError(code, `${input === undefined ? '' : `input ${input.name}: `}${oneLine(text)}`, {
    step,
    ...(code === 'ERR_FLAKE_LOCK' ? { path: join(context.directory, lockName) } : {}),
    ...(hint === undefined ? {} : { hint }),
    ...(code === 'ERR_FLAKE_INPUT_CHANGED' ? named : {}),
    ...(tail.length === 0 ? {} : { log: tail }),
  });
}

export function changedHint(name: string): string {
  return `look at what has changed, then take it: anchor flake lock --update ${name.split('/')[0] ?? name}`;
}

async function ofBuild(
  derivation: string,
  log: NixLog,
  step: string,
  context: FailureContext,
): Promise<RoomError> {
  const tail = log.tailOf(derivation);
  const name = derivation.replace(/^.*\/[a-z0-9]{32}-/, '').replace(/\.drv$/, '');
  const reason = log.errors.find(({ text }) => text.includes(derivation))?.text ?? 'it failed';
  const how = /failed (with exit code \d+|due to signal \d+ \([^)]*\)|to [a-z ]+)/.exec(reason)?.[1];
  const why = tail.filter((line) => line.trim() !== '').at(-1);
  const message = `the build of ${name} failed${how === undefined ? '' : ` ${how}`}${why === undefined ? '' : `: ${why}`}`;
  const about = tail.find((line) => line.startsWith(`${declarationName}: `));
  const place = about === undefined ? {} : await placeInDeclaration(about, context);
  return new RoomError('ERR_FLAKE_BUILD', message, { step, ...place, log: tail });
}

async function ofEvaluation(message: NixMessage, step: string, context: FailureContext): Promise<RoomError> {
  const [, about] = /^(?:.*: )?anchor\.env\.json: (.*)$/s.exec(message.text) ?? [];
  if (about !== undefined) {
    const { line = null } = await placeInDeclaration(about, context);
    return declarationError(oneLine(about), join(context.directory, declarationName), line);
  }
  const place = await placeOf(message, context);
  const { shown, details } = place;
  const where = shown === '' ? '' : `${shown}:${details.line === undefined ? '' : `${details.line}:`} `;
  return new RoomError('ERR_FLAKE_EVALUATE', `${where}${oneLine(message.text)}`, { step, ...details });
}

/** The line that has what a message about the declaration names in quotes. */
async function placeInDeclaration(
  about: string,
  { directory, stage }: FailureContext,
): Promise<FaultDetails> {
  const text = (await stage.read(declarationName)) ?? '';
  const names = [...about.matchAll(/"([^"]+)"/g)].map(([, name]) => name!);
  const line = names.map((name) => lineOfName(text, name)).find((each) => each !== null);
  return { path: join(directory, declarationName), ...(line === undefined ? {} : { line }) };
}

/** Nix names the copy in its store. A file that is the same in the flake is that file; another is one of an input. */
async function placeOf(
  { file, line }: NixMessage,
  { directory, stage, settings }: FailureContext,
): Promise<{ shown: string; details: FaultDetails }> {
  const [, inside] = file === null ? [] : (/\/nix\/store\/[a-z0-9]{32}-source\/(.+)$/.exec(file) ?? []);
  if (file === null || inside === undefined) return { shown: '', details: {} };
  const stored = file.startsWith('/nix/store/') ? inStore(settings, file) : file;
  const same = await Promise.all([stage.read(inside), readFile(stored, 'utf8')]).then(
    ([ours, theirs]) => ours === theirs,
    () => false,
  );
  const where = line === null ? {} : { line };
  if (same) return { shown: inside, details: { path: join(directory, inside), ...where } };
  return { shown: file, details: { path: file, ...where } };
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
