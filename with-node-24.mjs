/**
 * Runs a program of this repository on the Node 24 that the lock file pins, whatever Node the machine has (20 or later).
 *
 *     node with-node-24.mjs apps/cli/src/main.ts start --once
 *
 * Packages that are missing, or older than the lock file, are installed first. Signals go on to the program, its exit
 * code or signal becomes ours, and it ends when we do. `--stamp` only notes which lock file was installed.
 * In a container's image (`MAGICTASK_IMAGE=1`) all is there: its own Node runs the program, and nothing is installed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = import.meta.dirname ?? new URL('.', import.meta.url).pathname
const isImage = process.env.MAGICTASK_IMAGE === '1'
const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const node = isImage ? process.execPath : pinnedNode
const stampFile = join(root, 'node_modules', '.magictask-lock')
const installingFile = join(root, '.installing')
const INSTALL_LIMIT_MS = 15 * 60_000

/** Flags that `npm start --once` keeps for itself unless `--` stands before them; it leaves them in the environment. */
const FLAGS_NPM_SWALLOWS = {
  start: { once: 'switch', again: 'switch', file: 'value' },
  token: { tenant: 'value', tier: 'value' },
}

if (process.argv[2] === '--stamp') stamp()
else await main(process.argv.slice(2))

async function main(args) {
  if (!isImage && !isInstalled()) await installAlone()
  run(withSwallowedFlags(args))
}

function run(args) {
  const onParentsWord = ['--import', pathToFileURL(join(root, 'on-parents-word.mjs')).href]
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', ...onParentsWord, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, MAGICTASK_LAUNCHER: String(process.pid) },
  })
  const tell = (signal) => child.connected && child.send({ launcherGot: signal }, () => undefined)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, tell)
  if (process.env.npm_lifecycle_event !== undefined) whenOrphaned(() => tell('SIGTERM'))
  child.on('error', (error) => fail(`Node 24 could not be started: ${error.message}`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

/** npm that is killed does not tell its script. Only under npm: a shell that ends leaves what nohup started alone. */
function whenOrphaned(act) {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    act()
  }, 500)
}

/**
 * `--file x` becomes `npm_config_file=true` and a loose `x`; `--file=x` keeps its value. Of two loose values nobody
 * can tell which was whose, so that is refused.
 */
function withSwallowedFlags([program, command, ...args]) {
  const flags = Object.entries(FLAGS_NPM_SWALLOWS[process.env.npm_lifecycle_event] ?? {})
    .map(([name, kind]) => ({ name, kind, value: process.env[`npm_config_${name}`] ?? '' }))
    .filter(({ name, value }) => value !== '' && !args.includes(`--${name}`))
  const valueless = flags.filter(({ kind, value }) => kind === 'value' && value === 'true')
  if (valueless.length > 1 || (valueless.length === 1 && args.length !== 1)) {
    const names = valueless.map(({ name }) => `--${name}`).join(' and ')
    fail(
      `npm kept ${names} for itself; put -- before the flags: npm run ${process.env.npm_lifecycle_event} -- ${names} ...`,
    )
  }
  const rest = valueless.length === 0 ? args : []
  const kept = flags.flatMap(({ name, kind, value }) => {
    if (kind === 'switch') return [`--${name}`]
    return [`--${name}`, value === 'true' ? args[0] : value]
  })
  return [program, ...(command === undefined ? [] : [command]), ...rest, ...kept]
}

/** What has to be installed: this lock file, for this kind of machine. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  return `${createHash('sha256').update(lock).digest('hex')} ${process.platform}-${process.arch}`
}

function isInstalled() {
  return existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted()
}

/** Without Node 24 the installation is not whole (scripts were ignored, or dev packages left out): no stamp. */
function stamp() {
  if (existsSync(node)) writeFileSync(stampFile, wanted())
}

/** Of several that start at once on a fresh clone, one installs and the others wait for it. */
async function installAlone() {
  const since = Date.now()
  while (!tookTurn()) {
    if (Date.now() - since > INSTALL_LIMIT_MS) fail(`Another installation does not end; remove ${installingFile}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  try {
    if (!isInstalled()) install()
  } finally {
    rmSync(installingFile, { force: true })
  }
}

/** Takes the file that says who installs, also from one who died over it. */
function tookTurn() {
  try {
    const file = openSync(installingFile, 'wx')
    writeFileSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') fail(`Packages have to be installed, and ${root} cannot be written: ${error.message}`)
    if (isAbandoned(installingFile)) rmSync(installingFile, { force: true })
    return false
  }
}

function isAbandoned(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs < 2_000) return false
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH'
  }
}

function install() {
  process.stderr.write('Installing the packages of package-lock.json; this takes about a minute.\n')
  const flags = ['ci', '--include=dev', '--include=optional', '--ignore-scripts=false', '--loglevel=error']
  const cli = process.env.npm_execpath
  const [command, first] = cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []]
  const { status } = spawnSync(command, [...first, ...flags], {
    cwd: root,
    stdio: ['ignore', 2, 2], // standard output belongs to the program
    shell: command === 'npm' && process.platform === 'win32',
  })
  if (status !== 0) fail('npm ci failed; see above.')
  stamp()
  if (!isInstalled()) fail(`npm ci left no Node 24 at ${node}.`)
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}
