/** Names of setrlimit(2) in lower case, without RLIMIT_. */
export type RlimitName =
  | 'as'
  | 'core'
  | 'cpu'
  | 'data'
  | 'fsize'
  | 'memlock'
  | 'msgqueue'
  | 'nice'
  | 'nofile'
  | 'nproc'
  | 'rtprio'
  | 'rttime'
  | 'sigpending'
  | 'stack';

/** One number for both limits, or `{ soft, hard }`; `'unlimited'` is RLIM_INFINITY. Defaults: core 0, nofile 1024 soft and 4096 hard. */
export type RlimitsSpec = Partial<Readonly<Record<RlimitName, RlimitValue | { soft: RlimitValue; hard: RlimitValue }>>>;

export type RlimitValue = number | 'unlimited';
