// Fetches Debian's kernels and makes everything the guests need; `--refresh` looks for newer kernels.
import { makeGuests } from '../../.build/test/vm/harness/cli.js';

await makeGuests(process.argv.includes('--refresh'));
