import { FAULTS } from '@magictask/domain'
import type { Log, Telemetry } from '@magictask/runtime'
import { codeOf, type Database, type Outcome, type Settled, type Settlement, settleTasks } from '@magictask/store'

interface WriteDeps {
  readonly db: Database
  readonly log: Log
  readonly telemetry: Telemetry
}

/**
 * Writes a settlement. When PostgreSQL refuses it for a value's sake, each entry is written alone: a bad outcome
 * becomes a failed task, a bad call or answer is logged and left out. So no entry holds up another. Throws when the
 * database cannot be reached; the same settlement may then be written again, whatever of it had arrived.
 */
export async function writeSettlement(deps: WriteDeps, settlement: Settlement): Promise<ReadonlyMap<string, Settled>> {
  try {
    const how = await settleTasks(deps.db, settlement)
    const refused = [...how.values()].filter((settled) => settled === 'refused').length
    if (refused > 0) deps.telemetry.record('magictask_settles_refused_total', refused, {})
    return how
  } catch (error) {
    if (!isAboutValues(error)) throw error
    return writeOneByOne(deps, settlement)
  }
}

/** Data exceptions (22) and integrity violations (23): the same values would be refused for ever. */
function isAboutValues(error: unknown): boolean {
  return /^2[23]/.test(codeOf(error) ?? '')
}

async function writeOneByOne(
  deps: WriteDeps,
  { outcomes, calls, answers, charges = [] }: Settlement,
): Promise<ReadonlyMap<string, Settled>> {
  const how = new Map<string, Settled>()
  const leaveOut = (entry: string) => (error: unknown) => {
    if (!isAboutValues(error)) throw error
    deps.log.error('an entry that PostgreSQL refuses is left out', { entry }, error)
  }
  for (const call of calls) await settleTasks(deps.db, { ...NOTHING, calls: [call] }).catch(leaveOut('call'))
  for (const answer of answers) await settleTasks(deps.db, { ...NOTHING, answers: [answer] }).catch(leaveOut('answer'))
  if (charges.length > 0) await settleTasks(deps.db, { ...NOTHING, charges }).catch(leaveOut('charges'))
  for (const outcome of outcomes) {
    for (const [taskId, settled] of await writeOutcome(deps, outcome)) how.set(taskId, settled)
  }
  return how
}

const NOTHING: Settlement = { outcomes: [], calls: [], answers: [] }

async function writeOutcome(deps: WriteDeps, outcome: Outcome): Promise<ReadonlyMap<string, Settled>> {
  try {
    return await settleTasks(deps.db, { ...NOTHING, outcomes: [outcome] })
  } catch (error) {
    if (!isAboutValues(error)) throw error
    deps.log.error('an outcome that PostgreSQL refuses fails its task', { task: outcome.taskId }, error)
    return settleTasks(deps.db, { ...NOTHING, outcomes: [failed(outcome)] })
  }
}

function failed({ taskId, fence }: Outcome): Outcome {
  const error = JSON.stringify({ code: 'worker.defect', detail: FAULTS['worker.defect'].says })
  return { taskId, fence, state: 'failed', results: '[]', error, degraded: false }
}
