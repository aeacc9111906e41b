import { jsonObject, PLAIN_OBJECT } from '../json-value.ts'
import { LIMITS } from '../limits.ts'

/** What a task says about how it is to be run, besides what its chain reads. */
const KNOWN = {
  fallback: {
    type: 'boolean',
    description:
      'Whether a stand-in is taken when models answer and none of them does so in the right shape: true when left out.',
  },
  cache_enabled: {
    type: 'boolean',
    description: 'Whether an earlier answer to the same question will do: when left out, true for a single suggestion.',
  },
} as const

/** The parameters of a task: an object of any content, in which those that everybody reads are of their type. */
export const TaskParams = jsonObject(LIMITS.paramsBytes)
  .superRefine((params, context) => {
    for (const name of Object.keys(KNOWN)) {
      const isWrong = Object.hasOwn(params, name) && typeof params[name] !== 'boolean'
      if (isWrong) context.addIssue({ code: 'custom', path: [name], message: 'has to be true or false' })
    }
  })
  .meta({ ...PLAIN_OBJECT, properties: KNOWN })
