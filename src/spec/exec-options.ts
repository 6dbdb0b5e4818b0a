import type { CapabilityName } from './capabilities.js';
import { keysOf } from './field.js';
import type { StdioSpec } from './stdio.js';

/** How `room.exec()` starts one more process in a room. What is absent is as the command of the room has it, but `stdio`. */
export interface ExecOptions {
  /** The whole environment of the process: none of the room's variables are added, only PATH has a default. */
  env?: Readonly<Record<string, string>>;
  /** Working directory in the room, absolute. */
  cwd?: string;
  /** As `user` of a spec. */
  user?: string | number;
  /** As `capabilities` of a spec. */
  capabilities?: readonly CapabilityName[];
  /** Default: three pipes. */
  stdio?: StdioSpec;
}

/** Every key of the options. */
export const execOptionKeys = keysOf<ExecOptions>({
  env: true,
  cwd: true,
  user: true,
  capabilities: true,
  stdio: true,
});
