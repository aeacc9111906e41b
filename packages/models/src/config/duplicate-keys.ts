/**
 * The members of a JSON text that an object has twice, each as a JSON pointer. `JSON.parse` keeps the last of them
 * and says nothing. The text has to be JSON.
 */
export function duplicateKeys(json: string): readonly string[] {
  const found: string[] = []
  const open: Container[] = []
  let lastText = ''
  for (const [token] of json.matchAll(TOKENS)) {
    const inside = open.at(-1)
    switch (token) {
      case '{':
      case '[':
        open.push({ path: pathWithin(inside), names: token === '{' ? new Set() : undefined, at: 0 })
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (typeof inside?.at === 'number') inside.at += 1
        break
      case ':':
        if (inside !== undefined && !enter(inside, lastText)) found.push(pathWithin(inside))
        break
      default:
        lastText = token
    }
  }
  return found
}

/** An object remembers the names of its members; an array has none, and counts. */
interface Container {
  readonly path: string
  readonly names: Set<string> | undefined
  at: string | number
}

/** False when the object has a member of this name already. */
function enter(container: Container, quoted: string): boolean {
  container.at = String(JSON.parse(quoted))
  const isNew = !container.names?.has(container.at)
  container.names?.add(container.at)
  return isNew
}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g

function pathWithin(container: Container | undefined): string {
  return container === undefined ? '' : `${container.path}/${pointerStep(container.at)}`
}

/** One step of a JSON pointer (RFC 6901). */
export function pointerStep(key: PropertyKey): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}
