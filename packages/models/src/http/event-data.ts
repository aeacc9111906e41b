import { createParser } from 'eventsource-parser'

/** The data of a stream's events, one by one, each parsed as JSON; throws where it is none. */
export async function* eventData(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let come: string[] = []
  const parser = createParser({ onEvent: ({ data }) => come.push(data) })
  for await (const piece of bytes) {
    parser.feed(decoder.decode(piece, { stream: true }))
    const ready = come
    come = []
    for (const data of ready) if (data !== OPENAI_END) yield JSON.parse(data)
  }
}

/** Gateways write it at the end of every stream, whoever's it is. */
const OPENAI_END = '[DONE]'
