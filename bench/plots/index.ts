import type { RunReport } from '../run-report.js';
export function plotsOf(_run: RunReport): { name: string; svg: string }[] {
  return [];
}
