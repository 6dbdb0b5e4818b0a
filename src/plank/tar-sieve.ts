import { Transform, type TransformCallback } from 'node:stream';
import { buildFailure } from './build-failure.js';
import { parsePaxRecords, parseTarHeader, tarRecord, type TarMember } from './tar-member.js';

/** Extended headers are kept in memory; no honest name is longer. */
const mostExtendedBytes = 1024 * 1024;

/**
 * A tar goes in, a tar goes out that is safe and useful to unpack: device nodes are gone (only root could make them, so the
 * plank would depend on who built it), and a name that leads out of the tree, an unknown kind of member or a missing end is
 * an error instead of whatever the unpacking program makes of it. The program's own protections stay the second line.
 */
export class TarSieve extends Transform {
  /** Directories that members lie in but that no member declares: their mode would be that of this process's umask. */
  get undeclaredDirectories(): string[] {
    return [...this.#implied].filter((path) => !this.#declared.has(path)).sort();
  }

  readonly #implied = new Set<string>();
  /** Directories, and the links that may stand in for one. */
  readonly #declared = new Set<string>();
  /** Device nodes that were left out: a hard link to one goes with it. */
  readonly #dropped = new Set<string>();
  #partial: Buffer = Buffer.alloc(0);
  /** Bytes of the current member that are still to come, padding included. */
  #remaining = 0;
  #passing = true;
  /** What extended headers say about the next member, and their raw records. */
  #overrides = new Map<string, string>();
  #held: Buffer[] = [];
  #extended: { readonly type: string; readonly size: number; readonly pieces: Buffer[] } | null = null;
  #inMap = false;
  #afterMap = 0;
  #ended = false;
  #sawBytes = false;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#sawBytes = true;
      this.#take(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    if (this.#ended) return done();
    if (!this.#sawBytes) return done(broken('it is empty'));
    done(broken('it is truncated: its end mark is missing'));
  }

  #take(chunk: Buffer): void {
    let at = 0;
    // Behind the end mark there may be padding, which the unpacking program may no longer read.
    while (at < chunk.length && !this.#ended) {
      if (this.#remaining > 0) {
        const piece = chunk.subarray(at, at + this.#remaining);
        at += piece.length;
        this.#remaining -= piece.length;
        if (this.#extended) this.#extended.pieces.push(piece);
        else if (this.#passing) this.push(piece);
        if (this.#remaining === 0) this.#closeExtended();
        continue;
      }
      const piece = chunk.subarray(at, at + tarRecord - this.#partial.length);
      at += piece.length;
      this.#partial = this.#partial.length === 0 ? piece : Buffer.concat([this.#partial, piece]);
      if (this.#partial.length < tarRecord) return;
      // The chunk belongs to the stream: what outlives this call is copied.
      const record = Buffer.from(this.#partial);
      this.#partial = Buffer.alloc(0);
      if (this.#inMap) this.#mapRecord(record);
      else this.#header(record);
    }
    if (this.#partial.length > 0) this.#partial = Buffer.from(this.#partial);
  }

  #header(record: Buffer): void {
    if (record.every((byte) => byte === 0)) {
      this.#ended = true;
      this.push(Buffer.alloc(2 * tarRecord));
      return;
    }
    const member = parseTarHeader(record);
    if (member === null) throw broken('a header in it is damaged, or it is no tar');
    if ('xgLK'.includes(member.type)) this.#openExtended(member, record);
    else this.#member(member, record);
  }

  #openExtended({ type, size }: TarMember, record: Buffer): void {
    if (size > mostExtendedBytes) throw broken(`a name or attribute in it is ${size} bytes long`);
    this.#extended = { type, size, pieces: [record] };
    this.#remaining = padded(size);
    if (size === 0) this.#closeExtended();
  }

  #closeExtended(): void {
    if (!this.#extended) return;
    const { type, size, pieces } = this.#extended;
    this.#extended = null;
    const whole = Buffer.concat(pieces);
    const data = whole.subarray(tarRecord, tarRecord + size);
    if (type === 'L' || type === 'K') {
      const value = data.toString('latin1').replace(/\0.*$/s, '');
      this.#overrides.set(type === 'L' ? 'path' : 'linkpath', value);
    } else {
      const records = parsePaxRecords(data);
      if (records === null) throw broken('an extended header in it is malformed');
      // Global headers carry comments (git archive). One that names or sizes members would mean all of them.
      if (type === 'g') {
        if (['path', 'linkpath', 'size'].some((key) => records.has(key)))
          throw broken('it has a global header that names members');
        return;
      }
      for (const [key, value] of records) this.#overrides.set(key, value);
    }
    this.#held.push(whole);
  }

  #member(header: TarMember, record: Buffer): void {
    const overrides = this.#overrides;
    const held = this.#held;
    this.#overrides = new Map();
    this.#held = [];
    const { type } = header;
    // GNU sparse files of the pax kind carry their real name apart; the stored size is the one that counts here.
    const name = overrides.get('GNU.sparse.name') ?? overrides.get('path') ?? header.name;
    const linkName = overrides.get('linkpath') ?? header.linkName;
    const size = overrides.has('size') ? Number(overrides.get('size')) : header.size;
    if (!Number.isSafeInteger(size) || size < 0) throw broken(`${shown(name)} in it has no sane size`);
    if (!'0123456SV'.includes(type))
      throw broken(`${shown(name)} in it is of the unknown kind ${shown(type)}`);

    // Links, directories and FIFOs have no data, whatever their size field says (GNU tar's read_header, for links).
    const bytes = type === '0' || type === 'S' || type === 'V' ? padded(size) : 0;
    this.#passing = type !== 'V' && this.#admit(name, type, linkName);
    if (this.#passing) {
      for (const piece of held) this.push(piece);
      this.push(record);
    }
    this.#inMap = header.mapFollows;
    if (this.#inMap) this.#afterMap = bytes;
    else this.#remaining = bytes;
  }

  #mapRecord(record: Buffer): void {
    this.push(record);
    this.#inMap = record[504] !== 0;
    if (!this.#inMap) this.#remaining = this.#afterMap;
  }

  /** Decides over a member and remembers what it means for the tree. */
  #admit(name: string, type: string, linkName: string): boolean {
    const parts = inside(name, name);
    const drop =
      type === '3' || type === '4' || (type === '1' && this.#dropped.has(inside(linkName, name).join('/')));
    if (drop) {
      this.#dropped.add(parts.join('/'));
      return false;
    }
    this.#dropped.delete(parts.join('/'));
    if (type === '5' || type === '2') this.#declared.add(parts.join('/'));
    for (let depth = 1; depth < parts.length; depth++) this.#implied.add(parts.slice(0, depth).join('/'));
    return true;
  }
}

/** The parts of a path below the root of the tree; an absolute one is taken as relative, as tar does. */
function inside(path: string, member: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw broken(`${shown(member)} in it leads out of the tree (${shown(path)})`);
  return parts;
}

function padded(size: number): number {
  return Math.ceil(size / tarRecord) * tarRecord;
}

function shown(name: string): string {
  return JSON.stringify(Buffer.from(name, 'latin1').toString('utf8'));
}

function broken(what: string) {
  return buildFailure(`the tar cannot be used: ${what}`, {
    step: 'plank.unpack',
    hint: 'make the tar again; tar -tvf shows what is in it',
  });
}
