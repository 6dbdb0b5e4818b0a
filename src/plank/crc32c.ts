/** The Castagnoli polynomial 0x1EDC6F41, bits reversed, as the kernel's lib/crc32c uses it. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value;
});

/**
 * CRC-32C the way erofs stores it: started from all ones and *not* inverted at the end
 * (`crc32c(~0, …)` in fs/erofs/super.c), so it differs from the usual published check value by that inversion.
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] as number);
  return crc >>> 0;
}
