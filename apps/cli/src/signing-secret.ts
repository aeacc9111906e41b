import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { secretKey, type TokenVariables } from '@magictask/api'
import { ConfigError } from '@magictask/runtime'
import { type Home, makeHome } from './home.ts'

/**
 * The secret that tokens are signed with: `JWT_SECRET`, else one that is made once and kept in the home. Undefined where
 * `JWT_PUBLIC_KEY` or `JWT_JWKS_URL` says that somebody else signs.
 */
export function signingSecret(config: TokenVariables, home: Home): string | undefined {
  if (config.JWT_SECRET !== undefined) return config.JWT_SECRET.key.export().toString()
  return (config.JWT_PUBLIC_KEY ?? config.JWT_JWKS_URL) === undefined ? keptSecret(home) : undefined
}

function keptSecret(home: Home): string {
  const kept = readSecret(home) ?? makeSecret(home)
  if (secretKey(kept) !== undefined) return kept
  throw new ConfigError(`${home.secretFile} has to hold at least 32 bytes; without it a new secret is made`)
}

/** Whole or not at all, and of two that make one at the same time the first wins. */
function makeSecret(home: Home): string {
  makeHome(home)
  const unfinished = `${home.secretFile}.${process.pid}`
  writeFileSync(unfinished, randomBytes(48).toString('base64url'), { mode: 0o600 })
  try {
    linkSync(unfinished, home.secretFile)
  } catch (error) {
    if (readSecret(home) === undefined) throw error
  } finally {
    rmSync(unfinished, { force: true })
  }
  return readFileSync(home.secretFile, 'utf8')
}

function readSecret({ secretFile }: Home): string | undefined {
  try {
    return readFileSync(secretFile, 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
