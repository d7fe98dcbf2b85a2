/** The reader alone: dabei writes no YAML. */
declare module 'js-yaml' {
  /** Opaque: what values a text may have. */
  export type Schema = { readonly brand: unique symbol };
  /** As JSON, without merge keys, dates and binary data (YAML 1.2, 10.2). */
  export const JSON_SCHEMA: Schema;
  /** @throws YAMLException; may nest as deep as the stack */
  export function load(text: string, options?: { schema?: Schema }): unknown;
}
