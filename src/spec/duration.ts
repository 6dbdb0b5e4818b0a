/** Milliseconds as a number, or a string such as `'500ms'`, `'30s'`, `'10min'`, `'2h'`, `'1d'`. */
export type Duration = number | string;
