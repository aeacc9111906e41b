import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A script of this folder, in a process of its own. Disposing it ends the process. */
export interface Child extends AsyncDisposable {
  /** The first line that it printed, which is JSON. */
  readonly said: unknown
}

/** Starts `bench/<script>/main.ts`; resolves with what it says first. Throws when it ends without a word. */
export async function startChild(script: string, args: readonly string[] = []): Promise<Child> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script, 'main.ts'), ...args], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = () => child.kill('SIGKILL')
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  return { said: JSON.parse(await firstLineOf(child, script)), [Symbol.asyncDispose]: () => stop(child) }
}

async function firstLineOf({ stdout }: ChildProcess, script: string): Promise<string> {
  if (stdout === null) throw new Error(`${script} has no standard output`)
  for await (const line of createInterface(stdout)) return line
  throw new Error(`${script} ended without a word`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
