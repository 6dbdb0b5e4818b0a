import { execFile } from 'node:child_process';
import { RoomError } from '../errors.js';
import { printable } from './printable.js';

/** What is on a partition or disk, as blkid(8) sees it. Texts are fit to be shown. */
export interface FileSystemFacts {
  /** `vfat`, `exfat`, `ext4`, …; also `crypto_LUKS` and the like, which are none. */
  readonly type: string;
  readonly label: string | null;
  /** The name that a file system keeps wherever it is plugged in. */
  readonly uuid: string | null;
}

/** A device that does not answer must not hold up everything else. */
const patience = 20_000;

/** blkid says so where there is nothing that it knows, or it may not look. */
const nothing = 2;

/**
 * Looks at what is on a device, by `blkid --probe`: no daemon and no cache. Null: nothing that it knows. The device is a stranger's; what it says is
 * read in the form in which blkid has escaped all that is not a letter.
 *
 * @throws RoomError ERR_COURIER_TOOL.
 */
export async function probeFileSystem(path: string): Promise<FileSystemFacts | null> {
  const { PATH = '' } = process.env;
  const env = { PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' };
  const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((resolve) => {
    const options = { env, timeout: patience, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 } as const;
    execFile('blkid', ['--probe', '--output', 'udev', path], options, (error, text) =>
      resolve({ code: error?.code ?? 0, stdout: text }),
    );
  });
  if (code === 'ENOENT')
    throw new RoomError('ERR_COURIER_TOOL', 'blkid is not installed', { hint: 'apt-get install util-linux' });
  return code === nothing ? null : parseProbe(stdout);
}

/** Pure. */
export function parseProbe(text: string): FileSystemFacts | null {
  const values = new Map(
    text.split('\n').map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)] as const;
    }),
  );
  const type = values.get('ID_FS_TYPE');
  if (type === undefined || !/^[\w.-]{1,64}$/.test(type)) return null;
  return {
    type,
    label: decoded(values.get('ID_FS_LABEL_ENC')),
    uuid: decoded(values.get('ID_FS_UUID_ENC')),
  };
}

/** `\x1b` for each byte that is no letter, digit or one of a few more, or no UTF-8. */
function decoded(encoded: string | undefined): string | null {
  if (encoded === undefined || encoded === '') return null;
  const pieces = encoded.split(/\\x([0-9a-f]{2})/i);
  const bytes = pieces.map((piece, i) =>
    i % 2 === 0 ? Buffer.from(piece) : Buffer.from([parseInt(piece, 16)]),
  );
  return printable(Buffer.concat(bytes).toString('utf8').trim());
}
