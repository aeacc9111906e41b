import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '@magictask/runtime'
import { kafkaJars } from './kafka-jars.ts'
import { freePort, KAFKA_VERSION, kafkaProperties } from './kafka-properties.ts'
import type { KafkaWayDeps, TestKafka } from './test-kafka.ts'

/** Java's best compiler takes minutes to give back what it spends, on a core that the tests need. */
const BRIEF_LIFE = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** A Kafka that Java runs on this machine, on free ports of the loopback address. It ends with this process, however that ends. */
export async function startKafkaFromJars({ env, isUp }: KafkaWayDeps): Promise<TestKafka> {
  await java(['-version']).catch((error: unknown) => {
    throw new Error('there is no java', { cause: error })
  })
  const jars = join(await kafkaJars(env), '*')
  const home = await mkdtemp(join(tmpdir(), 'magictask-kafka-'))
  const broker = `127.0.0.1:${await freePort()}`
  const configFile = await writeConfig(home, broker)
  await java(['-cp', jars, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', configFile])

  let running: JavaProcess | undefined
  async function start(): Promise<void> {
    running ??= spawnJava([...BRIEF_LIFE, '-cp', jars, 'kafka.Kafka', configFile], join(home, 'kafka.log'))
    await isUp([broker], running.gone)
  }
  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await running?.end(signal)
    running = undefined
  }
  await start()
  return {
    brokers: [broker],
    how: `Kafka ${KAFKA_VERSION} from Maven's jars`,
    stop: () => end('SIGKILL'),
    start,
    async [Symbol.asyncDispose]() {
      await end('SIGTERM')
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Any will do: no two brokers of tests meet. */
const CLUSTER_ID = 'MagictaskTestsKafkaAAA'

async function java(flags: readonly string[]): Promise<void> {
  await promisify(execFile)('java', [...flags])
}

async function writeConfig(home: string, broker: string): Promise<string> {
  const controller = `127.0.0.1:${await freePort()}`
  const properties = { ...kafkaProperties({ broker, controller, advertised: broker }), 'log.dirs': join(home, 'data') }
  const file = join(home, 'server.properties')
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  await writeFile(file, lines.join(''))
  return file
}

interface JavaProcess {
  /** Rejects, with the end of its log, when it ends without being told to. */
  readonly gone: Promise<never>
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const TERM_MS = 5_000

function spawnJava(flags: readonly string[], logFile: string): JavaProcess {
  const log = openSync(logFile, 'a')
  const child = spawn('java', [...flags], { stdio: ['ignore', log, log] })
  closeSync(log)
  const guard = endWithUs(child)
  const exited = once(child, 'exit').then(() => guard.kill('SIGKILL'))
  const gone = exited.then(async () => {
    const lines = (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n')
    throw new Error(`Kafka ended: ${lines.slice(-5).join('\n')}`)
  })
  gone.catch(() => undefined) // mostly nobody waits for it
  return {
    gone,
    async end(signal) {
      child.kill(signal)
      const inTime = await Promise.race([exited, systemClock.sleep(TERM_MS).then(() => 'late')])
      if (inTime === 'late') child.kill('SIGKILL')
      await exited
    },
  }
}

/** A shell that waits for the end of our side of a pipe, which closes however this process dies, and then kills the child. */
function endWithUs(child: ChildProcess): ChildProcess {
  const script = 'while read -r _; do :; done; kill -9 "$0"'
  const guard = spawn('sh', ['-c', script, String(child.pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guard.stdin?.on('error', () => undefined)
  guard.unref()
  return guard
}
