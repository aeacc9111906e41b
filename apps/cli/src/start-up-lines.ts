import { API_BASE, generateSpec } from '@magictask/contracts'
import type { AwayTarget } from '@magictask/models'
import type { AllInOne } from './all-in-one.ts'
import type { Home } from './home.ts'
import { sampleTasks } from './run-sample.ts'

/** What all-in-one runs on, for whoever started it. */
export function runsOnLines({ runsOn, port }: AllInOne, home: Home): readonly string[] {
  const offline = runsOn.targets.every((target) => target.startsWith('offline/'))
  return [
    'Magictask',
    `  PostgreSQL   ${runsOn.postgres}`,
    `  broker       ${runsOn.broker}`,
    `  models       ${offline ? 'offline: answers are made by plain rules, no model is asked' : runsOn.targets.join(', ')}`,
    ...(offline ? ['               (with OPENAI_API_KEY set, OpenAI or a compatible server answers)'] : []),
    `  data         ${home.folder} (log: magictask.log)`,
    `  API          ${addressOf(port)}`,
    '',
  ]
}

/** Why tasks wait, for whoever looks at the screen. */
export function awayLine(away: readonly AwayTarget[]): string {
  const whys = away.map(({ target, says }) => `${target}: ${says}`).join(' ')
  return `Tasks may have to wait. ${whys} Nothing is lost: they go on when it answers.`
}

/** What the sample asks for. */
export function sampleLines(magicTypes: readonly string[]): readonly string[] {
  const tasks = sampleTasks(magicTypes).map(
    ({ campaignSn, magicType, content, num_suggestions: suggestions }) =>
      `  ${campaignSn}  ${magicType}, ${suggestions} suggestions: ${content}`,
  )
  return ['A sample, through the API:', ...tasks, '']
}

/** How to go on: a token, and a command that can be pasted as it is. */
export function howToGoOnLines(
  port: number,
  magicTypes: readonly string[],
  token: string | undefined,
): readonly string[] {
  const [, task] = sampleTasks(magicTypes)
  return [
    ...(token === undefined
      ? ['Tokens are signed by the owner of JWT_PUBLIC_KEY; put one in place of $TOKEN.']
      : ['A token of the tenant demo, for a day (npm run -s token makes others):', '', token]),
    '',
    'To try it:',
    '',
    `curl -s ${addressOf(port)}${generateSpec(magicTypes).path} \\`,
    `  -H ${token === undefined ? '"Authorization: Bearer $TOKEN"' : `'Authorization: Bearer ${token}'`} \\`,
    `  -H 'Content-Type: application/json' -H 'Prefer: wait=30' \\`,
    `  -d '${JSON.stringify([task])}'`,
    '',
    `${addressOf(port)}/openapi.json describes the rest, below ${API_BASE}.`,
    'Serving until Ctrl-C.',
  ]
}

function addressOf(port: number): string {
  return `http://localhost:${port}`
}
