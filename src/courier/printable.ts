/**
 * A text that a device gives of itself (label, model, file names), fit to be shown: what a terminal would act on, or that changes the
 * direction of writing, is written as `\u001b`.
 */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
