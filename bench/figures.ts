/** One line of the table: what it says, and what is to be reached; without a limit it is shown for comparison only. */
export interface Figure {
  readonly says: string
  readonly unit: 'x' | 'ms' | 's' | 'MB' | '' | '/s'
  readonly atMost?: number
  readonly atLeast?: number
}

/** Every figure there is, in the order of the table. `x` is a ratio of two things that were measured in the same round. */
// biome-ignore format: a table, one line a figure
export const FIGURES = {
  'cpu-0ms': { says: 'CPU of api and worker a task, model at 0 ms, against the LangChain call', unit: 'x', atMost: 0.8 },
  'cpu-0ms-ours': { says: '  api and worker', unit: 'ms' },
  'cpu-0ms-langchain': { says: '  the bare loop of the LangChain call', unit: 'ms' },
  'cpu-0ms-fetch': { says: '  a bare loop of fetch and zod', unit: 'ms' },
  'throughput-0ms': { says: '  tasks stored', unit: '/s' },
  'cpu-ask': { says: 'CPU of one call through all that a worker does for it, less a bare fetch and zod', unit: 'ms', atMost: 0.5 },
  'cpu-ask-ours': { says: '  through routing, limits, breaker, validation and usage', unit: 'ms' },
  'cpu-ask-fetch': { says: '  a bare loop of fetch and zod', unit: 'ms' },
  'cache-hit': { says: 'CPU of an answer that is found again, against the same call, model at 0 ms', unit: 'x', atMost: 0.1 },
  'cpu-300ms': { says: 'the same, model at 300 ms', unit: 'x', atMost: 0.8 },
  'cpu-300ms-ours': { says: '  api and worker', unit: 'ms' },
  'cpu-300ms-langchain': { says: '  the bare loop of the LangChain call', unit: 'ms' },
  'cpu-api': { says: 'CPU of the api alone a task, model at 0 ms', unit: 'ms', atMost: 0.15 },
  'cpu-servers': { says: 'CPU of PostgreSQL and Kafka a task, model at 0 ms', unit: 'ms', atMost: 0.2 },
  'cpu-postgres': { says: '  PostgreSQL', unit: 'ms' },
  'cpu-kafka': { says: '  Kafka', unit: 'ms' },
  'utilisation': { says: 'slots busy at 300 ms, 64 slots, 2,000 tasks, against 64 bare fetches', unit: 'x', atLeast: 0.97 },
  'utilisation-ours': { says: '  sum of latencies / (64 x wall), submit to stored', unit: '' },
  'utilisation-fetch': { says: '  64 bare fetches', unit: '' },
  'alone': { says: 'one task alone, submit to stored, over the model\'s own time (median)', unit: 'ms', atMost: 30 },
  'rate-errors': { says: '100 requests of one task a second, model at 300 ms: errors', unit: '', atMost: 0 },
  'rate-mean': { says: '  submit to result, mean', unit: 's', atMost: 0.6 },
  'rate-p99': { says: '  submit to result, 99th percentile', unit: 's', atMost: 1.5 },
  'calls': { says: 'model calls / suggestions asked for, no fault (exactly 1)', unit: '', atMost: 1, atLeast: 1 },
  'over-admission': { says: 'calls at once beyond a limit of 5, 4 workers, one killed every 3 s', unit: '', atMost: 0 },
  'limit-in-use-100ms': { says: 'share of a limit of 2 in use while tasks wait, calls of 100 ms, one worker', unit: '', atLeast: 0.95 },
  'limit-in-use-300ms': { says: '  calls of 300 ms', unit: '', atLeast: 0.95 },
  'limit-in-use-two': { says: '  calls of 300 ms, two workers', unit: '', atLeast: 0.92 },
  'calls-rate-limited': { says: 'model calls / tasks, 64 slots, a provider that takes 20 a second and answers 429 to the rest', unit: '', atMost: 1.2 },
  'calls-outage': { says: 'model calls / tasks, a provider that is away for 20 s and for longer (--outage, in seconds)', unit: '', atMost: 1.1 },
  'failed-outage': { says: '  tasks failed', unit: '', atMost: 0 },
  'back-after-20s': { says: '  first answer after it was back from 20 s', unit: 's', atMost: 5 },
  'back-after-long': { says: '  first answer after it was back from longer', unit: 's' },
  'jain': { says: 'Jain index of tokens served to 9 tenants with backlogs from 100 to 50,000 tasks, while all have work', unit: '', atLeast: 0.99 },
  'backlog-cpu': { says: 'CPU of api, worker and PostgreSQL a task, 1,000,000 waiting behind it against a few, 1,000 tenants', unit: 'x', atMost: 1.3 },
  'backlog-cpu-ours': { says: '  api and worker', unit: 'x' },
  'backlog-cpu-postgres': { says: '  PostgreSQL', unit: 'x' },
  'heap-growth': { says: 'worker\'s heap after collection, 100,000 tasks waiting less 1,000', unit: 'MB', atMost: 20 },
  'rss': { says: 'worker\'s resident memory, 100,000 tasks waiting', unit: 'MB', atMost: 350 },
  'rss-peak': { says: '  its peak under load, model at 0 ms', unit: 'MB' },
  'round-trips': { says: 'statements and produce requests a task, while there is a backlog', unit: '', atMost: 0.25 },
  'statements': { says: '  statements', unit: '' },
  'produce-requests': { says: '  produce requests', unit: '' },
} as const satisfies Record<string, Figure>

export type FigureName = keyof typeof FIGURES

/** What was measured; a figure that could not be had is missing. */
export type Measured = Readonly<Partial<Record<FigureName, number>>>

/** The names of all figures, in the order of the table. */
export const FIGURE_NAMES: readonly FigureName[] = Object.keys(FIGURES).filter(isFigure)

function isFigure(name: string): name is FigureName {
  return Object.hasOwn(FIGURES, name)
}

/** Whether a value is what is to be reached; undefined where nothing is, or nothing was measured. */
export function isReached({ atMost, atLeast }: Figure, value: number | undefined): boolean | undefined {
  if (value === undefined || (atMost === undefined && atLeast === undefined)) return undefined
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY)
}
