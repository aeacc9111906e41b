import { readFileSync } from 'node:fs'
import { z } from 'zod'

/** The variables of a process, as its `main.ts` reads them; nothing else does. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A configuration that cannot be used: one message that names every wrong variable and shows no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/**
 * Reads a configuration or throws one `ConfigError`, so a deploy fails once and not five times. An empty variable
 * counts as missing. `NAME_FILE` gives `NAME` from a file's content without its last line break.
 */
export function readConfig<Schema extends z.ZodType>(schema: Schema, env: Environment): z.infer<Schema> {
  const { values, unreadable } = withFiles(env)
  const read = schema.safeParse(values)
  if (read.success && unreadable.length === 0) return read.data
  const wrong = read.success ? [] : read.error.issues.map((issue) => whatIsWrong(issue, values))
  throw new ConfigError(
    ['The configuration is not usable:', ...[...unreadable, ...new Set(wrong)].map((line) => `  ${line}`)].join('\n'),
  )
}

function whatIsWrong({ path, message }: z.core.$ZodIssue, values: Readonly<Record<string, string>>): string {
  const name = path.join('.')
  if (name === '' || name in values) return `${name || 'the environment'}: ${message}`
  return message.startsWith('Invalid input') ? `${name}: is missing` : `${name}: is missing; it ${message}`
}

function withFiles(env: Environment): { values: Record<string, string>; unreadable: string[] } {
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  )
  const values = Object.fromEntries(given)
  const unreadable: string[] = []
  for (const [name, path] of given.filter(([name]) => SECRETS_FROM_FILES.has(name))) {
    try {
      values[name.slice(0, -'_FILE'.length)] = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    } catch {
      unreadable.push(`${name}: the file cannot be read`)
    }
  }
  return { values, unreadable }
}

/** Only these: the environment of a machine has other names that end so. */
const SECRETS_FROM_FILES = new Set(
  [
    'JWT_SECRET',
    'JWT_PUBLIC_KEY',
    'LLM_AUTH_TOKEN',
    'OPENAI_API_KEY',
    'POSTGRES_URL',
    'REDIS_URL',
    'KAFKA_SASL_USERNAME',
    'KAFKA_SASL_PASSWORD',
  ].map((name) => `${name}_FILE`),
)

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `60s`, `5m`, `250ms`, `1h`, or a number of seconds; gives milliseconds. */
export function duration(limits: { readonly minMs: number; readonly maxMs: number }) {
  return z.string().transform((text, context) => {
    const [, amount, unit] = DURATION.exec(text.trim()) ?? []
    const ms = Number(amount) * UNIT_MS[unit === 'ms' || unit === 'm' || unit === 'h' ? unit : 's']
    if (ms >= limits.minMs && ms <= limits.maxMs) return ms
    context.addIssue(
      `has to be a duration such as 60s, 5m or 250ms, between ${limits.minMs / 1000} s and ${limits.maxMs / 1000} s`,
    )
    return z.NEVER
  })
}

/** A whole number between the limits. */
export function wholeNumber(limits: { readonly min: number; readonly max: number }) {
  return z.string().transform((text, context) => {
    const value = /^\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN
    if (value >= limits.min && value <= limits.max) return value
    context.addIssue(`has to be a whole number from ${limits.min} to ${limits.max}`)
    return z.NEVER
  })
}

/** `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`, in any case. */
export const flag = z.string().transform((text, context) => {
  const word = text.trim().toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(word)) return true
  if (['false', '0', 'no', 'off'].includes(word)) return false
  context.addIssue('has to be true or false')
  return z.NEVER
})

const HOST_AND_PORT = /^(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/

/** `host:port`, several separated by commas. */
export const hostList = z.string().transform((text, context) => {
  const hosts = text.split(',').map((host) => host.trim())
  if (hosts.every((host) => HOST_AND_PORT.test(host))) return hosts
  context.addIssue('has to be host:port, several separated by commas')
  return z.NEVER
})

const MOST_WEIGHT = 1_000
const NAME_AND_WEIGHT = /^([\x21-\x2b\x2d-\x7e]{1,128})=(\d{1,4})$/

/** `name=weight`, several separated by commas, each weight a whole number from 1 to 1000. */
export const weights = z.string().transform((text, context) => {
  const entries = text.split(',').map((entry) => NAME_AND_WEIGHT.exec(entry.trim()))
  const read = entries.map((entry) => [entry?.[1] ?? '', Number(entry?.[2] ?? 0)] as const)
  if (text === '') return new Map<string, number>()
  if (read.every(([, weight]) => weight >= 1 && weight <= MOST_WEIGHT)) return new Map(read)
  context.addIssue(`has to be name=weight, several separated by commas, weights whole numbers from 1 to ${MOST_WEIGHT}`)
  return z.NEVER
})

/** Where PostgreSQL is. The message never shows the value: it may hold a password. */
export const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'has to be an address such as postgresql://user:password@host:5432/database',
})
