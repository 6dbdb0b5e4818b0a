/** What a vault keeps. */
export const vaultKinds = ['planks', 'models', 'datasets', 'flakes'] as const;

export type VaultKind = (typeof vaultKinds)[number];
