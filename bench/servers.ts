import { startKafka, startPostgres } from '@magictask/testkit'
import { cpuMsOf, cpuMsOfFamily, listenerOn } from './process-cpu.ts'

/** A real Kafka and PostgreSQL, and the CPU that they have used so far, in milliseconds; undefined for one that is not on this machine. */
export interface Servers extends AsyncDisposable {
  readonly kafka: { readonly brokers: readonly string[]; readonly how: string; cpuMs(): number | undefined }
  readonly postgres: { readonly url: string; readonly how: string; cpuMs(): number | undefined }
}

/** Those that the environment names, else some of our own: only of these is the CPU sure to be ours alone. */
export async function startServers(env: Readonly<Record<string, string | undefined>>): Promise<Servers> {
  await using starting = new AsyncDisposableStack()
  const [kafka, postgres] = [starting.use(await startKafka({ env })), starting.use(await startPostgres({ env }))]
  const broker = listenerOn(portOf(`kafka://${kafka.brokers[0]}`), 'java')
  const postmaster = listenerOn(portOf(postgres.url), 'postgres')
  const open = starting.move()
  return {
    kafka: { ...kafka, cpuMs: () => (broker === undefined ? undefined : cpuMsOf(broker)) },
    postgres: { ...postgres, cpuMs: () => (postmaster === undefined ? undefined : cpuMsOfFamily(postmaster)) },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

const POSTGRES_PORT = 5432

function portOf(url: string): number {
  return Number(new URL(url).port || POSTGRES_PORT)
}
