import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const launcher = join(import.meta.dirname, '..', 'with-node-24.mjs')
const folder = mkdtempSync(join(tmpdir(), 'magictask-launcher-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Drains for a moment after the first signal; like our apps it then leaves a second one to the system, which kills. */
const DRAINING = `
  const alive = setInterval(() => undefined, 1_000)
  const hear = (signal) => {
    for (const name of ['SIGINT', 'SIGTERM']) process.removeListener(name, hear)
    process.stdout.write(' heard ' + signal)
    setTimeout(() => { process.stdout.write(' drained'); clearInterval(alive) }, 300)
  }
  for (const name of ['SIGINT', 'SIGTERM']) process.on(name, hear)
  process.stdout.write('up')
`

interface Launched {
  readonly child: ChildProcess
  readonly said: () => string
  readonly ended: Promise<number | NodeJS.Signals>
}

/** A process group of its own, so that a signal can be sent to all of it as a terminal does. */
function launch(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Launched {
  const file = join(folder, `${Math.random()}.mjs`)
  writeFileSync(file, program)
  const child = spawn(process.execPath, [launcher, file, ...args], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 0))
  })
  return { child, said: () => said, ended }
}

async function launchDraining(): Promise<Launched> {
  const launched = launch(DRAINING, ['drain'])
  if (launched.child.stdout !== null) await once(launched.child.stdout, 'data')
  return launched
}

test('the program runs on Node 24 with its arguments, its input and its exit code', async () => {
  const { child, said, ended } = launch(
    `const input = await new Response(process.stdin).text()
     process.stdout.write([process.version.split('.')[0], ...process.argv.slice(2), input].join(' '))
     process.exit(7)`,
    ['start', '--once'],
  )
  child.stdin?.end('hello')
  expect(await ended).toBe(7)
  expect(said()).toBe('v24 start --once hello')
})

test('a program that has nothing more to do ends by itself', async () => {
  expect(await launch('process.stdout.write("done")', []).ended).toBe(0)
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s to the launcher lets the program end in its own time', async (signal) => {
  const { child, said, ended } = await launchDraining()
  child.kill(signal)
  expect(await ended).toBe(0)
  expect(said()).toContain(`heard ${signal} drained`)
})

test.each(['SIGINT', 'SIGTERM'] as const)('%s to the whole group is heard once', async (signal) => {
  const { child, said, ended } = await launchDraining()
  process.kill(-(child.pid ?? 0), signal)
  expect(await ended).toBe(0)
  expect(said()).toContain(`heard ${signal} drained`)
})

test('a program that listens to no signal dies of it, and so does the launcher', async () => {
  const { child, ended } = launch('process.stdout.write("up"); setInterval(() => undefined, 1_000)', [])
  if (child.stdout !== null) await once(child.stdout, 'data')
  child.kill('SIGTERM')
  expect(await ended).toBe('SIGTERM')
})

test('a program whose launcher is killed ends in good order', async () => {
  const { child, said, ended } = await launchDraining()
  child.kill('SIGKILL')
  await ended // the output is closed when the program has ended too
  expect(said()).toContain('heard SIGTERM drained')
})

test('in an image the program runs on the Node that is there, and nothing is installed', () => {
  const image = mkdtempSync(join(folder, 'image-'))
  const files = ['on-parents-word.mjs', 'package-lock.json', 'show.mjs', 'with-node-24.mjs']
  for (const file of files.filter((name) => name !== 'show.mjs')) cpSync(join(launcher, '..', file), join(image, file))
  writeFileSync(join(image, 'show.mjs'), 'process.stdout.write(process.execPath)')
  const { status, stdout } = spawnSync(process.execPath, [join(image, 'with-node-24.mjs'), join(image, 'show.mjs')], {
    env: { MAGICTASK_IMAGE: '1' },
    encoding: 'utf8',
  })
  expect([status, stdout]).toEqual([0, process.execPath])
  expect(readdirSync(image).toSorted()).toEqual(files)
})

const SHOW = 'process.stdout.write(process.argv.slice(2).join(" "))'

test.each([
  { typed: 'npm start --once', args: ['start'], npm: { once: 'true' }, given: 'start --once' },
  {
    typed: 'npm start --file x --once',
    args: ['start', 'x'],
    npm: { file: 'true', once: 'true' },
    given: 'start --once --file x',
  },
  { typed: 'npm start --file=x', args: ['start'], npm: { file: 'x' }, given: 'start --file x' },
  { typed: 'npm start -- --once', args: ['start', '--once'], npm: {}, given: 'start --once' },
])('$typed gives the program its flags', async ({ args, npm, given }) => {
  const swallowed = Object.entries(npm).map(([name, value]) => [`npm_config_${name}`, value])
  const { said, ended } = launch(SHOW, args, { npm_lifecycle_event: 'start', ...Object.fromEntries(swallowed) })
  expect(await ended).toBe(0)
  expect(said()).toBe(given)
})
