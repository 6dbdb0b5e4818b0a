import type { ExecutionContext } from 'ava';
import { Anchor, type NixSpec, type RoomSpec, type RunResult } from '../../src/index.js';
import { hideNix } from './hide-nix.js';
import { nixPlank } from './nix-plank.js';
import { OfflineFlake } from './offline-flake.js';

/** The offline flake in rooms that have Nix, and its vault. From its making on the host has none. */
export class NixRooms {
  private constructor(
    readonly offline: OfflineFlake,
    readonly anchor: Anchor,
    readonly plank: string,
  ) {}

  static async make(t: ExecutionContext): Promise<NixRooms> {
    const offline = await OfflineFlake.make(t);
    // Said each time that it is built, so that a test sees whether it was.
    offline.addPackage('slow', 'echo "slow is built" >&2; mkdir $out; echo ${hello} > $out/x');
    const plank = await nixPlank();
    hideNix(t);
    const anchor = await Anchor.open({ vault: offline.vault.path, reserve: 0 });
    t.teardown(() => anchor.close());
    return new NixRooms(offline, anchor, plank);
  }

  spec(line: string, nix: NixSpec, more: Partial<RoomSpec> = {}): RoomSpec {
    return {
      plank: this.plank,
      command: ['sh', '-ec', line],
      nix: { ...(nix.mode === 'bind' || nix.keep === 'never' ? {} : { size: '64MiB' }), ...nix },
      mounts: [{ host: this.offline.directory, at: '/flake' }],
      limits: { disk: '512MiB', files: 65_536 },
      ...more,
    };
  }

  async run(line: string, nix: NixSpec, more?: Partial<RoomSpec>): Promise<RunResult> {
    const result = await this.anchor.run(this.spec(line, nix, more));
    await result.room.removed;
    return result;
  }

  /** Builds a package; its path in the store, and whether it was built here. */
  async build(
    t: ExecutionContext,
    name: string,
    nix: NixSpec,
    before = '',
  ): Promise<{ readonly path: string; readonly built: boolean; readonly result: RunResult }> {
    const result = await this.run(`${before}\n${buildLine(name)}`, nix);
    t.deepEqual([result.outcome.reason, result.outcome.exitCode], ['exited', 0], result.stderr);
    const [{ outputs }] = JSON.parse(result.stdout) as [{ outputs: { out: string } }];
    return { path: outputs.out, built: /slow is built/.test(result.stderr), result };
  }
}

/** In 2.8 there is no other way to hear a path than JSON. */
export function buildLine(name: string): string {
  return `nix build -L --no-link --json path:/flake#${name}`;
}
