import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '@magictask/runtime'
import { type ModelsConfig, readModelsConfig } from '../src/index.ts'

/** A folder of this run. */
export const folder = mkdtempSync(join(tmpdir(), 'models-config-'))
let files = 0

/** The path of a new file with this text. */
export function fileWith(text: string): string {
  const path = join(folder, `${files++}.json`)
  writeFileSync(path, text)
  return path
}

/** What a configuration file says, of this text or of this value as JSON. */
export function read(file: unknown, env: Record<string, string> = {}): ModelsConfig {
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  return readModelsConfig({ MAGICTASK_CONFIG: fileWith(text), ...env }, ['spam_check', 'title_optimize'])
}

/** The lines that name what is wrong with a file. */
export function mistakes(file: unknown, env: Record<string, string> = {}): readonly string[] {
  try {
    read(file, env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
}
