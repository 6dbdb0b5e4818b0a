/**
 * `'default'`; the default with some syscalls allowed again; or a profile of one's own in the format of the OCI runtime
 * specification (`linux.seccomp`), which replaces the default.
 */
export type SeccompSpec = 'default' | { allow: readonly string[] } | { profile: OciSeccompProfile };

/** https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp, and Docker's `archMap`/`includes` form. */
export interface OciSeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: readonly string[];
  syscalls?: readonly OciSyscallRule[];
  [key: string]: unknown;
}

export interface OciSyscallRule {
  names: readonly string[];
  action: string;
  errnoRet?: number;
  args?: readonly OciSyscallArgument[];
  [key: string]: unknown;
}

export interface OciSyscallArgument {
  index: number;
  value: number;
  valueTwo?: number;
  op: string;
}
