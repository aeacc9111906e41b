import { ApiConfig } from '@magictask/api'
import { readConfig } from '@magictask/runtime'
import { WorkerConfig, workerSettings } from '@magictask/worker'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { ofKind, readYaml } from './manifests.ts'

const deployments = ofKind('Deployment').map((deployment) => ({ name: deployment.metadata.name, ...deployment.spec }))

/** What a program may be told, and by which Deployment and service of the compose file it runs. */
const PROGRAMS = [
  { program: 'api', deployment: 'magictask-api', config: ApiConfig },
  { program: 'worker', deployment: 'llm-worker', config: WorkerConfig },
] as const

/** What a worker does after its calls: five steps of at most 5 s, and the connections. */
const WRITE_AND_CLOSE_S = 30

test.each(PROGRAMS)(
  '$program in Kubernetes is told what it knows, and secrets by Secrets alone',
  ({ deployment, config }) => {
    const container = deployments.find(({ name }) => name === deployment)?.template.spec.containers[0]
    const open = configMapOf(deployment)
    const known = namesIn(config)
    expect(Object.keys(open).filter((name) => !known.includes(name) || SECRET.test(name))).toEqual([])
    expect(container?.ports.map(({ containerPort }) => String(containerPort))).toEqual([open.LLM_PORT])
    const secretName = container?.envFrom.flatMap((from) => ('secretRef' in from ? from.secretRef.name : []))[0]
    const secrets = ofKind('Secret').filter(({ metadata }) => metadata.name === secretName)
    expect(secrets).toHaveLength(2) // the overlays' own
    for (const { stringData } of secrets) {
      expect(Object.keys(stringData).filter((name) => !known.includes(name) || !SECRET.test(name))).toEqual([])
      const given = { ...open, ...stringData }
      expect(() => readConfig(config, given)).not.toThrow()
    }
  },
)

test('api and worker are told the same of what both are told', () => {
  const [api, worker] = [configMapOf('magictask-api'), configMapOf('llm-worker')]
  expect(Object.entries(worker).filter(([name, value]) => (api[name] ?? value) !== value)).toEqual([])
})

test('no more workers than Kafka has partitions for', () => {
  const scaling = ofKind('HorizontalPodAutoscaler').find(({ metadata }) => metadata.name === 'llm-worker')
  expect(scaling?.spec.maxReplicas).toBeLessThanOrEqual(Number(configMapOf('llm-worker').KAFKA_PARTITIONS))
})

test('Kubernetes gives a pod the time to end what it has begun', () => {
  const graceS = Object.fromEntries(
    deployments.map(({ name, template }) => [name, template.spec.terminationGracePeriodSeconds]),
  )
  expect(graceS['llm-worker']).toBeGreaterThanOrEqual(workerGraceS(configMapOf('llm-worker')))
  const preStop = deployments.find(({ name }) => name === 'magictask-api')?.template.spec.containers[0].lifecycle
    ?.preStop
  const preStopS = Number(preStop?.exec.command[1])
  expect(graceS['magictask-api']).toBeGreaterThan(preStopS + apiGraceS(configMapOf('magictask-api')))
})

const Compose = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      environment: z.record(z.string(), z.string()),
      stop_grace_period: z.string(),
      healthcheck: z.object({ test: z.array(z.string()) }),
      read_only: z.boolean().default(false),
    }),
  ),
})
const { services } = Compose.parse(readYaml('docker-compose.yml'))

test.each(PROGRAMS)(
  '$program in the compose file is told what it knows, and can start with it',
  ({ program, config }) => {
    const environment = services[program]?.environment ?? {}
    expect(Object.keys(environment).filter((name) => !namesIn(config).includes(name))).toEqual([])
    expect(() => readConfig(config, withDefaults(environment))).not.toThrow()
    expect(services[program]).toMatchObject({ read_only: true, image: 'magictask:development' })
  },
)

test('compose gives a container the time to end what it has begun', () => {
  const graceS = (program: string) => seconds(services[program]?.stop_grace_period ?? '')
  expect(graceS('worker')).toBeGreaterThanOrEqual(workerGraceS(withDefaults(services.worker?.environment ?? {})))
  expect(graceS('api')).toBeGreaterThan(apiGraceS(withDefaults(services.api?.environment ?? {})))
})

/** What may open a door. `POSTGRES_URL` has a password in it. */
const SECRET = /KEY$|SECRET$|TOKEN$|PASSWORD$|USERNAME$|^POSTGRES_URL$/

type Variables = Readonly<Record<string, string>>

function configMapOf(deployment: string): Variables {
  const { envFrom = [] } = deployments.find(({ name }) => name === deployment)?.template.spec.containers[0] ?? {}
  const name = envFrom.flatMap((from) => ('configMapRef' in from ? from.configMapRef.name : []))[0]
  return ofKind('ConfigMap').find(({ metadata }) => metadata.name === name)?.data ?? {}
}

/** What a worker needs for its end, in seconds, as it would read its configuration itself. */
function workerGraceS(variables: Variables): number {
  const servers = { KAFKA_BOOTSTRAP_SERVERS: 'kafka:9092', POSTGRES_URL: 'postgres://postgres/x' }
  const settings = workerSettings(readConfig(WorkerConfig, { ...servers, ...variables }))
  expect(settings.graceMs).toBeGreaterThan(settings.taskTimeoutMs)
  return settings.graceMs / 1000 + WRITE_AND_CLOSE_S
}

function apiGraceS(variables: Variables): number {
  const demanded = {
    KAFKA_BOOTSTRAP_SERVERS: 'kafka:9092',
    POSTGRES_URL: 'postgres://postgres/x',
    JWT_SECRET: 's'.repeat(32),
  }
  return readConfig(ApiConfig, { ...demanded, ...variables }).SHUTDOWN_GRACE / 1000
}

/** `${NAME:-default}` as it is where nothing is set. */
function withDefaults(environment: Variables): Variables {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')]),
  )
}

function seconds(duration: string): number {
  const [, amount, unit] = /^(\d+)(s|m)$/.exec(duration) ?? []
  return Number(amount) * (unit === 'm' ? 60 : 1)
}

/** Every name that a configuration reads. */
function namesIn(config: z.core.$ZodType): readonly string[] {
  if (config instanceof z.ZodIntersection) return [...namesIn(config.def.left), ...namesIn(config.def.right)]
  if (config instanceof z.ZodObject) return Object.keys(config.shape)
  throw new Error('a configuration is made of objects')
}
