import type { EnvironmentChange, FlakeBuild, FlakeInput, InstalledPackage } from '../index.js';
import { textTable } from './text-table.js';

/** One line for each: `+ packages hello`, `~ env A 1 -> 2`. Pure. */
export function changesText(changes: readonly EnvironmentChange[]): string {
  return changes
    .map(({ field, name, before, after }) => {
      const [old, now] = [before, after].map(inWords);
      if (field === 'packages') return `${old === undefined ? '+' : '-'} packages ${name}\n`;
      if (old === undefined) return `+ ${field} ${name} ${now ?? ''}\n`;
      return now === undefined ? `- ${field} ${name} ${old}\n` : `~ ${field} ${name} ${old} -> ${now}\n`;
    })
    .join('');
}

function inWords(value: EnvironmentChange['after']): string | undefined {
  if (typeof value !== 'object') return value;
  return ('command' in value ? value.command : value).join(' ');
}

/** Pure. */
export function buildText({ reference, active, stored, manifest }: FlakeBuild): string {
  const { plank, outPath, nix, sandboxed, rebuilt } = manifest;
  return textTable([
    ['plank', `${reference}  ${active ? 'active' : 'not active'}${stored ? '' : ', as it was'}`],
    ['digest', plank],
    ['from', outPath],
    ['nix', `${nix}${sandboxed ? ', in its sandbox' : ''}${rebuilt ? ', built twice' : ''}`],
  ]);
}

/** Pure. */
export function inputsText(inputs: readonly FlakeInput[]): string {
  return textTable(inputs.map(({ name, from, rev, narHash }) => [name, `${from}  ${rev ?? narHash}`]));
}

/** Pure. */
export function installedText(installed: readonly InstalledPackage[]): string {
  return textTable(installed.map(({ name, version, path }) => [name, `${version ?? '-'}  ${path}`]));
}
