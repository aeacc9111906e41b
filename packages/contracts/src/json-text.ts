/** JSON that is already text. It goes into an answer as it is, so that the same bytes appear on every surface. */
export interface JsonText {
  readonly jsonText: string
}

/** Marks text that is JSON already. */
export const jsonText = (text: string): JsonText => ({ jsonText: text })

/** An object's JSON text, fields in the order given; undefined ones are left out, `JsonText` is embedded untouched. */
export function objectText(fields: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${isJsonText(value) ? value.jsonText : JSON.stringify(value)}`)
  return `{${members.join(',')}}`
}

function isJsonText(value: unknown): value is JsonText {
  return typeof value === 'object' && value !== null && 'jsonText' in value && typeof value.jsonText === 'string'
}
