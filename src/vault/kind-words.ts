import type { TreeEntry } from '../../types/addon.js';

/** What a message calls that which is neither a file nor a directory. */
export const kindWords: Readonly<Record<Exclude<TreeEntry['kind'], 'file' | 'directory'>, string>> = {
  mount: 'another file system',
  link: 'a symbolic link',
  fifo: 'a FIFO',
  socket: 'a socket',
  block: 'a block device',
  character: 'a character device',
};
