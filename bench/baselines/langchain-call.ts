import { ChatPromptTemplate } from '@langchain/core/prompts'
import { ChatOpenAI } from '@langchain/openai'
import { INSTRUCTIONS, Title } from './title.ts'

/** The documented way: a prompt piped into a model with structured output, built once and invoked for every content. */
export function langchainCall(baseUrl: string): (content: string) => Promise<unknown> {
  const prompt = ChatPromptTemplate.fromMessages([
    ['system', INSTRUCTIONS],
    ['user', '{content}'],
  ])
  const model = new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'sk-bench', configuration: { baseURL: baseUrl } })
  const chain = prompt.pipe(model.withStructuredOutput(Title))
  return (content) => chain.invoke({ content })
}
