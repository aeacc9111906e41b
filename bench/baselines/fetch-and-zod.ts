import { z } from 'zod'
import { INSTRUCTIONS, Title } from './title.ts'

const Completion = z.object({ choices: z.tuple([z.object({ message: z.object({ content: z.string() }) })]) })

/** The least that anybody could do: post the request with Node's own `fetch` and check the answer. */
export function fetchAndZod(baseUrl: string): (content: string) => Promise<unknown> {
  const json_schema = { name: 'title', strict: true, schema: z.toJSONSchema(Title) }
  return async (content) => {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
      body: JSON.stringify({
        model: 'gpt-4o-mini',
        messages: [
          { role: 'system', content: INSTRUCTIONS },
          { role: 'user', content },
        ],
        response_format: { type: 'json_schema', json_schema },
      }),
    })
    const completion = Completion.parse(await response.json())
    return Title.parse(JSON.parse(completion.choices[0].message.content))
  }
}
