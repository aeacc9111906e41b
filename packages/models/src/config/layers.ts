/** JSON as it was read: nothing is known of it. */
export type Tree = { readonly [key: string]: unknown }

/** One tree over another: objects are joined member by member, everything else is replaced. */
export function layered(below: Tree, above: Tree): Tree {
  const joined = Object.entries(above).map(([key, value]): readonly [string, unknown] => {
    const under = Object.hasOwn(below, key) ? below[key] : undefined
    return [key, isTree(under) && isTree(value) ? layered(under, value) : value]
  })
  return Object.fromEntries([...Object.entries(below), ...joined])
}

/** A tree of one value at the end of a path. */
export function treeOf(path: readonly string[], value: unknown): Tree {
  const [key = '', ...rest] = path
  return { [key]: rest.length === 0 ? value : treeOf(rest, value) }
}

/** Whether a value is an object with members. */
export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
