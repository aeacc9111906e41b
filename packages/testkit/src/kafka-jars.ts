import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Environment } from '@magictask/runtime'
import { KAFKA_VERSION } from './kafka-properties.ts'

/**
 * The folder with Kafka's jars, fetched by Maven the first time and kept in the user's cache. Two processes that fetch
 * at once do not disturb each other: a folder is there whole or not at all.
 */
export async function kafkaJars(env: Environment): Promise<string> {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const folder = join(cache, 'magictask', `kafka-${KAFKA_VERSION}`)
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const unfinished = await mkdtemp(`${folder}.unfinished-`)
  try {
    await fetchJars(unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error // else another process was first
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  return folder
}

const FETCH_LIMIT_MS = 300_000

async function fetchJars(folder: string): Promise<void> {
  await writeFile(join(folder, 'pom.xml'), POM)
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
  const flags = ['-B', '-q', copy, '-DincludeScope=runtime', `-DoutputDirectory=${folder}`]
  try {
    await promisify(execFile)('mvn', flags, { cwd: folder, timeout: FETCH_LIMIT_MS })
  } catch (error) {
    throw new Error(`mvn did not fetch Kafka's jars: ${whatMavenSaid(error)}`, { cause: error })
  }
}

/** Maven writes its errors to standard output. */
function whatMavenSaid(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const output = 'stdout' in error && typeof error.stdout === 'string' ? error.stdout.trim() : ''
  return output === '' ? error.message : output.slice(0, 500)
}

const LOG4J_VERSION = '2.24.3'

function dependency(group: string, artifact: string, version: string): string {
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
}

/** The broker, and the logging that its distribution adds to it. */
const POM = `<project>
<modelVersion>4.0.0</modelVersion><groupId>magictask</groupId><artifactId>kafka-for-tests</artifactId><version>1</version>
<dependencies>
${dependency('org.apache.kafka', 'kafka_2.13', KAFKA_VERSION)}
${['log4j-api', 'log4j-core', 'log4j-slf4j-impl'].map((artifact) => dependency('org.apache.logging.log4j', artifact, LOG4J_VERSION)).join('\n')}
</dependencies>
</project>
`
