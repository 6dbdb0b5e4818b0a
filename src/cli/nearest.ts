/** Below this a word is another word and no typo. */
const leastAlike = 0.55;

/** The candidate that was most likely meant, or null when none is alike. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let bound = leastAlike;
  for (const candidate of candidates) {
    const alike = likeness(word.toLowerCase(), candidate.toLowerCase());
    if (alike < bound || (alike === bound && best !== null)) continue;
    best = candidate;
    bound = alike;
  }
  return best;
}

/** `: did you mean …?`, or nothing. */
export function didYouMean(word: string, candidates: readonly string[], prefix = ''): string {
  const near = nearest(word, candidates);
  return near === null ? '' : ` (did you mean ${prefix}${near}?)`;
}

/**
 * 0 to 1. Pairs of neighbouring letters see a letter that is missing or too many; single letters see two that changed
 * places, which in a short word leave no pair as it was.
 */
function likeness(left: string, right: string): number {
  return (shared(pairs(left), pairs(right)) + shared(Array.from(left), Array.from(right))) / 2;
}

/** Dice's coefficient: how much of both is in both. */
function shared(left: readonly string[], right: readonly string[]): number {
  const rest = [...right];
  let common = 0;
  for (const part of left) {
    const at = rest.indexOf(part);
    if (at < 0) continue;
    rest.splice(at, 1);
    common += 1;
  }
  return (2 * common) / (left.length + right.length);
}

/** The ends of the word count as letters. */
function pairs(word: string): string[] {
  const marked = `^${word}$`;
  return Array.from({ length: marked.length - 1 }, (_, at) => marked.slice(at, at + 2));
}
