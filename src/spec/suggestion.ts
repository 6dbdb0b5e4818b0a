/** Longer words are not compared: the work grows with the product of the lengths, and a typo is not that long. */
const longestCompared = 40;

/** The candidate that a word was most likely meant to be, or null when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > longestCompared) return null;
  const lowered = word.toLowerCase();
  let best: string | null = null;
  // A third of the letters may be wrong, at most three.
  let bound = Math.min(3, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(lowered, candidate.toLowerCase());
    if (distance < bound) {
      best = candidate;
      bound = distance;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, column - 2) + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, to.length);
}

function at(costs: readonly number[], index: number): number {
  return costs[index] ?? Infinity;
}
