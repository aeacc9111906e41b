import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Environment } from '@magictask/runtime'

/** One of our apps, as a process of its own. Disposing it kills it and waits for its end. */
export interface AppProcess extends AsyncDisposable {
  readonly pid: number
  /** Where its HTTP server answers. */
  readonly url: string
  /** What it has written so far, standard output and error together. */
  log(): string
  /** Sends a signal; SIGTERM unless said otherwise. */
  kill(signal?: NodeJS.Signals): void
  /** How it ended: its exit code, or the signal that killed it. Never rejects. */
  readonly exited: Promise<number | NodeJS.Signals>
}

interface StartAppOptions {
  /** Nothing else of the test's environment reaches the app. */
  readonly env?: Environment
  /** The variable that names its port; a free one is chosen and set, unless `env` sets it. */
  readonly portVariable: string
  /** Arguments after the app's `main.ts`. */
  readonly args?: readonly string[]
  /** How long to wait until `/readyz` says yes; a minute unless said otherwise. Nothing is waited for if 0. */
  readonly readyWithinMs?: number
}

/** Starts `apps/<app>/src/main.ts`. Throws with its log when it ends, or does not become ready in time. */
export async function startApp(app: 'api' | 'worker' | 'cli', options: StartAppOptions): Promise<AppProcess> {
  const port = Number(options.env?.[options.portVariable] ?? (await freePort()))
  const main = fileURLToPath(new URL(`../../../apps/${app}/src/main.ts`, import.meta.url))
  const child = spawn(process.execPath, [main, ...(options.args ?? [])], {
    env: { ...options.env, [options.portVariable]: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const running = watch(child, port)
  try {
    await untilReady(app, running, options.readyWithinMs ?? 60_000)
    return running
  } catch (error) {
    await running[Symbol.asyncDispose]()
    throw error
  }
}

function watch(child: ChildProcess, port: number): AppProcess {
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
  }
  // A test that runs into its time-out never disposes of it: it ends with the test's process at the latest.
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('error', (error) => {
      log += String(error)
      resolve(1)
    })
    child.once('close', (code, signal) => {
      process.off('exit', end)
      resolve(signal ?? code ?? 1)
    })
  })
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}`,
    log: () => log,
    kill: (signal = 'SIGTERM') => void child.kill(signal),
    exited,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const LOOK_PAUSE_MS = 50

async function untilReady(app: string, running: AppProcess, withinMs: number): Promise<void> {
  let ended: number | NodeJS.Signals | undefined
  void running.exited.then((how) => {
    ended = how
  })
  const deadline = performance.now() + withinMs
  while (withinMs > 0 && !(await isReady(running.url))) {
    if (ended !== undefined) throw new Error(`${app} ended with ${ended} before it was ready:\n${running.log()}`)
    if (performance.now() > deadline) throw new Error(`${app} was not ready in time:\n${running.log()}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_PAUSE_MS))
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}

/** A port of the loopback that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
}
