import type { z } from 'zod'
import { isTree, type Tree } from './layers.ts'
import { ModelsFile } from './models-file.ts'

/**
 * What is left of a file once everything that does not fit its description is cut out of it, in ever larger pieces: so
 * that what contradicts something else in it can be named in the same breath. Undefined when too little is left.
 */
export function readablePart(tree: Tree): ModelsFile | undefined {
  let left = tree
  for (let cut = 0; cut < LARGEST_CUT; cut++) {
    const read = ModelsFile.safeParse(left)
    if (read.success) return read.data
    for (const path of read.error.issues.flatMap(wrongPaths))
      left = without(left, path.slice(0, Math.max(1, path.length - cut)))
  }
  return undefined
}

const LARGEST_CUT = 6

function wrongPaths(issue: z.core.$ZodIssue): readonly (readonly string[])[] {
  const path = issue.path.map(String)
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path]
}

/** A list is cut out whole: the places of what is left in it would be others. */
function without(tree: Tree, [key = '', ...rest]: readonly string[]): Tree {
  const { [key]: inside, ...others } = tree
  return rest.length > 0 && isTree(inside) ? { ...others, [key]: without(inside, rest) } : others
}
