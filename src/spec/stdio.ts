/** `pipe`: a stream of the Room; `inherit`: the same fd of this process; `ignore`: /dev/null; a number: that fd of this process. */
export type StreamSpec = 'pipe' | 'inherit' | 'ignore' | number;

/** One word for all three, one for each of stdin, stdout and stderr, or a pseudo-terminal. */
export type StdioSpec =
  | 'pipe'
  | 'inherit'
  | 'ignore'
  | readonly [stdin: StreamSpec, stdout: StreamSpec, stderr: StreamSpec]
  | { pty: PtySpec };

export interface PtySpec {
  /** Default 80. */
  columns?: number;
  /** Default 24. */
  rows?: number;
}
