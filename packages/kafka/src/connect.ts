import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock, Log, Telemetry } from '@magictask/runtime'
import { type ISocketFactoryArgs, Kafka, type LogEntry, logLevel, type RetryOptions } from 'kafkajs'
import { resumePromptly } from './prompt-resume.ts'
import { calmRequestQueues } from './request-queue.ts'

/** How to reach Kafka, and what its parts report to. */
export interface KafkaSettings {
  /** `host:port`, at least one; the others of the cluster are found through it. */
  readonly brokers: readonly string[]
  readonly clientId: string
  /** TLS with the system's authorities; default no. */
  readonly ssl?: boolean
  /** Default: no login. */
  readonly sasl?: Sasl
  readonly log: Log
  readonly clock: Clock
  /** Left out: nothing is counted. */
  readonly telemetry?: Pick<Telemetry, 'record'>
}

/** The ways of logging in that are known here. */
export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
export type SaslMechanism = (typeof SASL_MECHANISMS)[number]

/** A login. */
export type Sasl = {
  [Mechanism in SaslMechanism]: {
    readonly mechanism: Mechanism
    readonly username: string
    readonly password: string
  }
}[SaslMechanism]

/** The settings of one broker, and the one place where all its clients report to. */
export interface KafkaCluster extends KafkaSettings {
  readonly report: (entry: LogEntry) => void
}

/** A client and the scissors for it. */
export interface Connection {
  readonly kafka: Kafka
  /** Closes every socket and opens no other, so that nothing that kafkajs still retries reaches a broker. */
  cut(): void
}

interface Patience {
  readonly requestTimeoutMs: number
  readonly connectionTimeoutMs?: number
  readonly retries: number
}

/**
 * A client of its own for every publisher, consumer and errand: kafkajs keeps committed offsets by group in the
 * client, so two members of a group that share one take each other's offsets for their own.
 */
export function connect(cluster: KafkaCluster, patience: Patience): Connection {
  calmRequestQueues()
  resumePromptly()
  const sockets = openSockets()
  const kafka = new Kafka({
    brokers: [...cluster.brokers],
    clientId: cluster.clientId,
    ssl: cluster.ssl ?? false,
    ...(cluster.sasl === undefined ? {} : { sasl: cluster.sasl }),
    connectionTimeout: patience.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS,
    requestTimeout: patience.requestTimeoutMs,
    retry: { ...BACKOFF, retries: patience.retries },
    socketFactory: sockets.open,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => {
      if (!sockets.areCut()) cluster.report(entry)
    },
  })
  return { kafka, cut: sockets.cut }
}

const CONNECTION_TIMEOUT_MS = 3_000
const KEEP_ALIVE_MS = 10_000

/** A second at most between two tries: a broker that is back is seen at once. */
const BACKOFF: RetryOptions = { initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2 }

/** Sockets without Nagle's delay, which kafkajs would leave on: requests are small, and somebody waits for each. */
function openSockets() {
  const opened = new Set<Socket>()
  let isCut = false
  return {
    open({ host, port, ssl, onConnect }: ISocketFactoryArgs): Socket {
      if (isCut) throw new Error('this client was cut off')
      const socket = ssl
        ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...ssl }, onConnect)
        : connectTcp({ host, port }, onConnect)
      socket.setKeepAlive(true, KEEP_ALIVE_MS)
      socket.setNoDelay(true)
      opened.add(socket)
      socket.once('close', () => opened.delete(socket))
      return socket
    },
    cut() {
      isCut = true
      // With an error, because kafkajs does not notice a socket that closes without one.
      for (const socket of opened) socket.destroy(new Error('this client was cut off'))
    },
    areCut: () => isCut,
  }
}
