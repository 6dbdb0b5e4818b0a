// Makes the planks of test/compat from packages of this machine's Debian, unless they are in the cache; see
// docs/compatibility.md. Needs the tests compiled, root, and the first time a network.
import { makePlanks } from '../../.build/test/compat/planks/cli.js';

await makePlanks();
