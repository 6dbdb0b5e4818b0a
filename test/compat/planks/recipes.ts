/** What goes into one plank. */
export interface Recipe {
  /** Debian packages; what they depend on comes along. */
  readonly packages: readonly string[];
  /** Dependencies that the programs do not touch in these tests, left out for their size. */
  readonly without: readonly string[];
  /** This machine's Node and npm, in /usr/local. */
  readonly node: boolean;
}

// What every Debian has though nothing depends on it.
const essential = ['base-files', 'bash', 'coreutils', 'dash', 'findutils', 'grep', 'libc-bin', 'sed'];

export const recipes = {
  programs: {
    packages: [
      ...essential,
      'default-jre-headless',
      'diffutils',
      'dpkg',
      'gcc',
      'gdb',
      'git',
      'gzip',
      'libc6-dev',
      'ncurses-base',
      'postgresql',
      'procps',
      'python3',
      'redis-server',
      'sqlite3',
      'strace',
      'tar',
    ],
    without: ['ca-certificates-java', 'git-man', 'libc-l10n', 'locales', 'usrmerge'],
    node: true,
  },
  python: {
    packages: ['base-files', 'coreutils', 'dash', 'libc-bin', 'python3'],
    without: [],
    node: false,
  },
  chromium: {
    packages: [...essential, 'chromium-headless-shell'],
    // Pulled in by scripts that start the browser with a window.
    without: ['libgl1', 'libgl1-mesa-dri', 'libllvm15', 'libz3-4', 'x11-utils', 'xdg-utils'],
    node: false,
  },
} satisfies Record<string, Recipe>;

export type PlankName = keyof typeof recipes;
