import type { Outcome, Plan, Room } from '../index.js';
import { textTable } from './text-table.js';
import { bytesInWords, microsecondsInWords } from './units.js';

/** What `--json` writes at the end. */
export interface RunReport {
  readonly id: string;
  readonly granted: Room['granted'];
  readonly timings: Room['timings'];
  readonly outcome: Outcome;
}

export function runReport(room: Room, outcome: Outcome): RunReport {
  return { id: room.id, granted: room.granted, timings: room.timings, outcome };
}

/** What `--verbose` says at the end. Pure. */
export function verboseReport({ id, granted, timings, outcome }: RunReport): string {
  const rows = [
    ...Object.entries(timings.phases).map(([phase, time]) => [`  ${phase}`, microsecondsInWords(time)]),
    ['  start in all', microsecondsInWords(timings.total)],
  ];
  const notes = granted.notes.map(({ field, text }) => `anchor: note on ${field}: ${text}\n`);
  return [
    `anchor: room ${id} ${ending(outcome)}\n`,
    textTable(rows, [1]),
    `anchor: used ${usageInWords(outcome)}\n`,
    ...notes,
  ].join('');
}

/** What was not kept of what the room left for the vault, and with `all` what was. Pure. */
export function dropzoneReport({ dropzones }: Outcome, all: boolean): string {
  return dropzones
    .flatMap(({ at, collected, checkpoints, ...left }) => {
      const kept = [...(checkpoints?.kept ?? []), ...left.kept];
      const refused = [...(checkpoints?.refused ?? []), ...left.refused];
      return [
        ...(collected || !all ? [] : [`anchor: nothing of ${at} was kept: the command did not return 0\n`]),
        ...(all
          ? kept.map(({ reference, size }) => `anchor: kept ${reference} (${bytesInWords(size)})\n`)
          : []),
        ...refused.map(
          ({ entry, why }) => `anchor: ${entry === '' ? at : `${entry} in ${at}`} was not kept: ${why}\n`,
        ),
      ];
    })
    .join('');
}

function ending({ reason, exitCode, signal }: Outcome): string {
  if (signal !== null) return `${reason} (${signal})`;
  return exitCode === null ? reason : `${reason} (code ${exitCode})`;
}

function usageInWords({ usage }: Outcome): string {
  const counted: [string, string | null][] = [
    ['wall', microsecondsInWords(usage.wall)],
    ['user', time(usage.cpuUser)],
    ['system', time(usage.cpuSystem)],
    ['memory peak', size(usage.memoryPeak)],
    ['largest process', size(usage.maxRss)],
    ['processes peak', usage.processesPeak === null ? null : String(usage.processesPeak)],
    ['disk', size(usage.diskPeak)],
  ];
  return counted.flatMap(([name, value]) => (value === null ? [] : [`${name} ${value}`])).join(', ');
}

function time(value: number | null): string | null {
  return value === null ? null : microsecondsInWords(value);
}

function size(value: number | null): string | null {
  return value === null ? null : bytesInWords(value);
}

/** struct sock_filter, linux/filter.h. */
const bytesPerInstruction = 8;

/** A plan as JSON: the filter, which is bytes, as base64. Pure. */
export function planInJson(plan: Plan): string {
  const { seccomp } = plan;
  const filter =
    seccomp === null
      ? null
      : {
          instructions: seccomp.byteLength / bytesPerInstruction,
          base64: Buffer.from(seccomp).toString('base64'),
        };
  return `${JSON.stringify({ ...plan, seccomp: filter }, null, 2)}\n`;
}
