import type { Environment } from '@magictask/runtime'
import { layered, type Tree, treeOf } from './layers.ts'

/** What a variable's value is put over. */
export interface Said {
  readonly variable: string
  readonly path: readonly string[]
}

/**
 * Every value of the file by environment: `MAGICTASK__` and the path, its steps joined by two underscores, as in
 * `MAGICTASK__providers__deepseek__baseUrl`. A value that is JSON is taken as such, every other as text.
 */
export function fromEnvironment(env: Environment): { readonly tree: Tree; readonly said: readonly Said[] } {
  const said: Said[] = []
  let tree: Tree = {}
  for (const [variable, value] of Object.entries(env)) {
    const path =
      NAMED[variable] ?? (variable.startsWith(PREFIX) ? variable.slice(PREFIX.length).split('__') : undefined)
    if (path === undefined || value === undefined || value === '') continue
    said.push({ variable, path })
    tree = layered(tree, treeOf(path, variable in NAMED ? value : parsed(value)))
  }
  return { tree, said }
}

const PREFIX = 'MAGICTASK__'

/** Names that others know already. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  OPENAI_MODEL: ['providers', 'openai', 'model'],
  OPENAI_BASE_URL: ['providers', 'openai', 'baseUrl'],
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
