/** A text that a stranger wrote, as a terminal may have it. Pure. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
