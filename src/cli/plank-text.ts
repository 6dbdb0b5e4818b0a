import type { PlankReport } from '../index.js';
import { textTable } from './text-table.js';
import { bytesInWords } from './units.js';

/** What is known about a plank, for people. Pure. */
export function plankText(report: PlankReport): string {
  const { compression, compressionLevel } = report;
  return textTable([
    ['path', report.path],
    ['identity', report.identity],
    ['format', report.format],
    ['compression', compressionLevel === null ? compression : `${compression}, level ${compressionLevel}`],
    ['size', `${bytesInWords(report.size)} (${report.size} bytes)`],
    ['block size', bytesInWords(report.blockSize)],
    ['inodes', String(report.inodes)],
    ['created', report.created?.toISOString() ?? 'unknown'],
    ...(report.flags.length === 0 ? [] : [['flags', report.flags.join(', ')]]),
  ]);
}
