/** Bytes as a whole number, or a string such as `'512KiB'`, `'64MiB'`, `'8GiB'`, `'100MB'`. */
export type Size = number | string;
