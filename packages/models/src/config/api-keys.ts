import { readFileSync } from 'node:fs'
import type { Environment } from '@magictask/runtime'
import type { ProviderEntry } from './models-file.ts'

/** A key, none, or why it cannot be used. */
export type KeyRead = { readonly key: string } | 'none' | { readonly unusable: string }

/** The key of a provider: of its variable, of the file that `<variable>_FILE` names, or of its own file. One that names neither needs none: its key is empty. */
export function readKey(entry: Pick<ProviderEntry, 'keyVariable' | 'keyFile'>, env: Environment): KeyRead {
  const { keyVariable, keyFile } = entry
  const value = keyVariable === undefined ? undefined : env[keyVariable]
  if (value !== undefined && value !== '') return checked(value, `${keyVariable}`)
  const file = keyVariable === undefined ? undefined : env[`${keyVariable}_FILE`]
  if (file !== undefined && file !== '') return fromFile(file, `${keyVariable}_FILE`)
  if (keyFile !== undefined) return fromFile(keyFile, 'keyFile')
  return keyVariable === undefined ? { key: '' } : 'none'
}

function fromFile(path: string, saidBy: string): KeyRead {
  try {
    return checked(readFileSync(path, 'utf8').replace(/\r?\n$/, ''), saidBy)
  } catch {
    return { unusable: `${saidBy}: the file cannot be read` }
  }
}

/** It goes into a header, where anything else would be refused at every call, or would end the header. */
function checked(key: string, saidBy: string): KeyRead {
  return /^[\x21-\x7e]+$/.test(key)
    ? { key }
    : { unusable: `${saidBy}: a key has to be visible characters without blanks` }
}
