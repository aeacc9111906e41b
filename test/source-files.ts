import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')

const IMPORTS =
  /^(?:import|export)\b[^;'"`]*?\bfrom '([^']+)'|^import '([^']+)'|\b(?:import|load|require)\(\s*'([^']+)',?\s*\)/gm

/** Comments, strings, templates and regular expressions, in the order in which they hide one another. */
const HIDDEN =
  /\/\*.*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|\$\{(?:[^{}`]|\{[^{}]*\}|`[^`]*`)*\}|[^`\\])*`|(?<=[=(,:!&|?[{;\n]\s*)\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*/gs

const Manifest = z.object({
  name: z.string(),
  exports: z.unknown(),
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
})

/** A package or app of this repository, by the name of its folder. */
export interface Workspace {
  readonly name: string
  readonly folder: string
  readonly manifest: z.infer<typeof Manifest>
}

/** A TypeScript file. `code` is its text without comments and without what stands in strings, line by line the same. */
export interface SourceFile {
  readonly path: string
  readonly workspace: Workspace | undefined
  readonly text: string
  readonly code: string
  readonly imports: readonly string[]
}

export const workspaces: readonly Workspace[] = globSync('{packages,apps}/*/package.json', { cwd: root })
  .sort()
  .map((path) => ({
    name: basename(dirname(path)),
    folder: dirname(path),
    manifest: Manifest.parse(JSON.parse(read(path))),
  }))

/** What runs in production. */
export const sources: readonly SourceFile[] = sourceFiles('{packages,apps}/*/src/**/*.ts')

/** What runs in tests. */
export const tests: readonly SourceFile[] = sourceFiles('{packages/*/,apps/*/,}test/**/*.ts')

/** The documents, as paths from the root. */
export const documents: readonly string[] = globSync(['*.md', 'docs/**/*.md', '{packages,apps}/*/*.md'], { cwd: root })

/** The text of a file of this repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Whether the repository has this file or folder. */
export function exists(path: string): boolean {
  return existsSync(join(root, path))
}

/** The library that an import names: `@scope/name` or `name`; undefined for files, Node's own and our packages. */
export function libraryOf(specifier: string): string | undefined {
  if (/^(?:\.|node:|@magictask\/)/.test(specifier)) return undefined
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function sourceFiles(pattern: string): readonly SourceFile[] {
  return globSync(pattern, { cwd: root })
    .sort()
    .map((path) => {
      const text = read(path)
      const workspace = workspaces.find(({ folder }) => path.startsWith(`${folder}/`))
      return { path, workspace, text, code: withoutCommentsAndStrings(text), imports: importsOf(text) }
    })
}

function importsOf(text: string): readonly string[] {
  return [...text.matchAll(IMPORTS)].flatMap(([, from, bare, called]) => from ?? bare ?? called ?? [])
}

function withoutCommentsAndStrings(text: string): string {
  return text.replace(HIDDEN, (hidden) => hidden.replace(/[^\n]/g, ' '))
}
