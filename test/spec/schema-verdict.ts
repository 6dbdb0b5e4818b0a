import { readFileSync } from 'node:fs';

/** The part of JSON Schema 2020-12 that schema/room-spec.schema.json uses; anything else in a schema is an error here. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
}

type Check = (operand: never, value: unknown, root: Schema, schema: Schema) => boolean;
type Members = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
};

/** Each keyword says yes to values of types that it is not about, as the specification has it. */
const checks: Readonly<Record<string, Check>> = {
  type: (type: string, value) => types[type]?.(value) ?? false,
  const: (expected: unknown, value) => value === expected,
  enum: (expected: readonly unknown[], value) => expected.includes(value),
  pattern: (source: string, value) => typeof value !== 'string' || new RegExp(source, 'u').test(value),
  minLength: (least: number, value) => typeof value !== 'string' || Array.from(value).length >= least,
  maxLength: (most: number, value) => typeof value !== 'string' || Array.from(value).length <= most,
  minimum: (least: number, value) => typeof value !== 'number' || value >= least,
  maximum: (most: number, value) => typeof value !== 'number' || value <= most,
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  maxItems: (most: number, value) => !Array.isArray(value) || value.length <= most,
  prefixItems: (prefix: readonly Schema[], value, root) =>
    !Array.isArray(value) ||
    prefix.every((item, index) => index >= value.length || follows(value[index], item, root)),
  items: (item: Schema, value, root, schema) =>
    !Array.isArray(value) ||
    value
      .slice((schema['prefixItems'] as readonly Schema[] | undefined)?.length ?? 0)
      .every((element) => follows(element, item, root)),
  required: (keys: readonly string[], value) =>
    !isObject(value) || keys.every((key) => Object.hasOwn(value, key)),
  minProperties: (least: number, value) => !isObject(value) || Object.keys(value).length >= least,
  propertyNames: (name: Schema, value, root) =>
    !isObject(value) || Object.keys(value).every((key) => follows(key, name, root)),
  properties: (properties: Readonly<Record<string, Schema>>, value, root) =>
    !isObject(value) ||
    Object.entries(properties).every(
      ([key, item]) => !Object.hasOwn(value, key) || follows(value[key], item, root),
    ),
  additionalProperties: (others: Schema | false, value, root, schema) =>
    !isObject(value) ||
    Object.entries(value)
      .filter(([key]) => !Object.hasOwn(schema.properties ?? {}, key))
      .every(([, member]) => others !== false && follows(member, others, root)),
  oneOf: (schemas: readonly Schema[], value, root) =>
    schemas.filter((schema) => follows(value, schema, root)).length === 1,
  not: (schema: Schema, value, root) => !follows(value, schema, root),
  $ref: (reference: string, value, root) => follows(value, resolve(reference, root), root),
};

const notes = new Set(['$schema', '$id', '$defs', 'title', 'description', 'default']);

/** The schema that is published. The tests run in the root of the package. */
export function readSchema(): Schema {
  return JSON.parse(readFileSync('schema/room-spec.schema.json', 'utf8')) as Schema;
}

/** What `#/$defs/name` stands for. */
export function resolve(reference: string, root: Schema): Schema {
  const found = root.$defs?.[reference.replace(/^#\/\$defs\//, '')];
  if (found === undefined) throw new Error(`no ${reference}`);
  return found;
}

/** Does the schema say yes? */
export function follows(value: unknown, schema: Schema, root: Schema = schema): boolean {
  return Object.entries(schema).every(([keyword, operand]) => {
    if (notes.has(keyword)) return true;
    const check = checks[keyword];
    if (check === undefined) throw new Error(`the keyword ${keyword} is not known here`);
    return check(operand as never, value, root, schema);
  });
}
