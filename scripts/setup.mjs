// Brings a clone to where it can run: `node scripts/setup.mjs start|test|ci|build`.
// Runs before node_modules exists, so it imports nothing but Node itself. Says nothing when there is nothing to do.
import { ensureModules } from './setup/modules.mjs';
import { ensureNative } from './setup/native.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { ensureTypeScript } from './setup/typescript.mjs';
import { SetupError } from './setup/run.mjs';

// What each purpose adds to the one before it.
const packageGroups = { build: [], start: ['start'], test: ['start', 'test'], ci: ['start', 'test', 'ci'] };

const purpose = process.argv[2] ?? 'start';
try {
  const groups = packageGroups[purpose];
  if (groups === undefined)
    throw new SetupError(`unknown purpose "${purpose}"; one of ${Object.keys(packageGroups).join(', ')}`);
  checkPlatform();
  ensurePackages(groups);
  ensureModules();
  ensureNative();
  ensureTypeScript(
    purpose === 'test' || purpose === 'ci' ? ['tsconfig.json', 'test/tsconfig.json'] : ['tsconfig.json'],
  );
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`\nsetup: ${error.message}\n`);
  process.exitCode = 1;
}

function checkPlatform() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new SetupError(`Node 20.19 or newer is needed, this is ${process.versions.node}`);
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(`rooms need Linux on x86-64, this is ${process.platform} on ${process.arch}`);
  }
}
