import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { RoomError } from '../errors.js';

/** What the loader found itself running on. */
export interface Platform {
  /** `linux`, `darwin`, … */
  readonly system: string;
  /** `x64`, `arm64`, … */
  readonly architecture: string;
  /** `glibc`, `musl`, or null where there is no C library to speak of. */
  readonly libc: 'glibc' | 'musl' | null;
  /** Version of Node without the `v`. */
  readonly node: string;
  /** Release of the kernel, as in uname(2). */
  readonly kernel: string;
}

/** Describes this process. Cheap: one read of /proc/self/maps at most. */
export function currentPlatform(): Platform {
  return {
    system: process.platform,
    architecture: process.arch,
    libc: process.platform === 'linux' ? libcOfThisProcess() : null,
    node: process.versions.node,
    kernel: release(),
  };
}

/** Throws ERR_ROOM_UNSUPPORTED_PLATFORM unless rooms can exist on this platform at all. */
export function requireSupported(platform: Platform): void {
  if (platform.system === 'linux' && platform.architecture === 'x64') return;
  throw new RoomError(
    'ERR_ROOM_UNSUPPORTED_PLATFORM',
    `rooms need Linux on x64; this is ${platform.system} on ${platform.architecture}`,
    {
      hint: 'Types, specs and plans work everywhere; open an Anchor on a Linux x64 machine, a virtual one will do.',
    },
  );
}

/** The words for a platform in an error message. */
export function describePlatform(platform: Platform): string {
  const libc = platform.libc === null ? '' : `, ${[platform.libc, glibcVersion()].filter(Boolean).join(' ')}`;
  return `${platform.system} ${platform.kernel} ${platform.architecture}${libc}, Node ${platform.node}`;
}

/** musl's loader is mapped into every program that uses it. The diagnostic report would say so too, but takes milliseconds. */
function libcOfThisProcess(): 'glibc' | 'musl' {
  try {
    return readFileSync('/proc/self/maps', 'latin1').includes('/ld-musl-') ? 'musl' : 'glibc';
  } catch {
    return 'glibc';
  }
}

/** Only for messages: the report is slow. */
function glibcVersion(): string | undefined {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime;
}
