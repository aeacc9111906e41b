import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { lockFolder } from '@magictask/store'

/** Where all-in-one keeps what has to outlive it. */
export interface Home {
  /** `.magictask` in the folder of the project. */
  readonly folder: string
  readonly postgresDir: string
  /** Where the database lies instead if we are root. */
  readonly rootPostgresDir: string
  readonly logFile: string
  readonly secretFile: string
  /** What became of the batches of each file that was run. */
  readonly filesDir: string
}

const ROOT_DATA = '/var/lib/magictask'
const HASH_CHARACTERS = 16

/** The home of a project's folder. Nothing is made yet. */
export function homeIn(projectFolder: string): Home {
  const folder = join(projectFolder, '.magictask')
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, HASH_CHARACTERS)
  return {
    folder,
    postgresDir: join(folder, 'postgres'),
    rootPostgresDir: join(ROOT_DATA, hash),
    logFile: join(folder, 'magictask.log'),
    secretFile: join(folder, 'jwt-secret'),
    filesDir: join(folder, 'files'),
  }
}

/** Makes the folder, for its owner's eyes alone: it holds a secret. */
export function makeHome({ folder }: Home): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
}

/** Makes this process the only one that works in the home, until disposed. Throws `FolderInUse` naming the one that does. */
export function occupyHome(home: Home): Disposable {
  makeHome(home)
  return lockFolder(home.folder)
}
