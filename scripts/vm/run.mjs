// Runs compiled tests in a virtual machine and prints TAP; see docs/testing.md. Needs the tests compiled and the addon built.
import { main } from '../../.build/test/vm/harness/cli.js';

process.exitCode = await main(process.argv.slice(2));
