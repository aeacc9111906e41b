import { HumanMessage, SystemMessage } from '@langchain/core/messages'
import type { ChatResult } from '@langchain/core/outputs'
import { ChatOpenAICompletions, type OpenAIClient, wrapOpenAIClientError } from '@langchain/openai'
import { Fault } from '@magictask/domain'
import type { Clock } from '@magictask/runtime'
import { z } from 'zod'
import type { AnswerFormat, Message, Provider, TokenUsage } from './ask.ts'
import { boundedPost } from './bounded-post.ts'
import { jsonSchemaOf } from './json-schema.ts'
import type { ModelReply } from './model-reply.ts'
import { providerThrough } from './provider-through.ts'

/** How to reach a server that speaks OpenAI's chat completions. */
export interface OpenAiCompatible {
  readonly name: string
  readonly apiKey: string
  readonly model: string
  /** OpenAI's own when left out. */
  readonly baseUrl?: string
  readonly clock: Clock
  /** The longest answer that is read, in bytes: 4 MiB when left out. */
  readonly maxAnswerBytes?: number
}

/** A provider that speaks OpenAI's chat completions. One ask is one HTTP request, without any time-out but its signal. */
export function openOpenAiCompatible(options: OpenAiCompatible): Provider {
  const model = openModel(options)
  const send: Parameters<typeof providerThrough>[0]['send'] = async (request, signal) => {
    // Not `invoke`: above `_generate` sit LangChain's callbacks, which an environment variable can make send every
    // prompt elsewhere (LANGSMITH_TRACING) or print it (LANGCHAIN_VERBOSE).
    const result = await model._generate(request.messages.map(toLangChain), {
      ...callOptionsOf(request.format),
      signal,
    })
    return replyFrom(result)
  }
  return providerThrough({ name: options.name, model: options.model, clock: options.clock, send })
}

/** Where OpenAI itself is. */
export const OPENAI_URL = 'https://api.openai.com/v1'
const FOUR_MIB = 4 * 1024 * 1024
/** The longest that a timer can be; the SDK's own time-out is ten minutes. */
const NEVER_MS = 2 ** 31 - 1

function openModel(options: OpenAiCompatible): CreateOnlyCompletions {
  return new CreateOnlyCompletions({
    apiKey: options.apiKey,
    model: options.model,
    maxRetries: 0,
    timeout: NEVER_MS,
    __includeRawResponse: true,
    configuration: {
      // Always said, or LangChain would look for an address in the environment.
      baseURL: options.baseUrl ?? OPENAI_URL,
      fetch: boundedPost(options.maxAnswerBytes ?? FOUR_MIB),
      logLevel: 'off',
    },
  })
}

type Completions = OpenAIClient.Chat.Completions.ChatCompletion
type CompletionChunks = AsyncIterable<OpenAIClient.Chat.Completions.ChatCompletionChunk>

/** LangChain's own asks the SDK to parse, which throws away an answer that was paid for when anything is wrong with it. */
class CreateOnlyCompletions extends ChatOpenAICompletions {
  override completionWithRetry(
    request: OpenAIClient.Chat.ChatCompletionCreateParamsStreaming,
    options?: OpenAIClient.RequestOptions,
  ): Promise<CompletionChunks>
  override completionWithRetry(
    request: OpenAIClient.Chat.ChatCompletionCreateParamsNonStreaming,
    options?: OpenAIClient.RequestOptions,
  ): Promise<Completions>
  override async completionWithRetry(
    request: OpenAIClient.Chat.ChatCompletionCreateParams,
    options: OpenAIClient.RequestOptions = {},
  ): Promise<CompletionChunks | Completions> {
    try {
      const clientOptions = this._getClientOptions({ ...options, maxRetries: 0 })
      return await this.client.chat.completions.create(request, clientOptions)
    } catch (thrown) {
      throw wrapOpenAIClientError(thrown)
    }
  }
}

type CallOptions = CreateOnlyCompletions['ParsedCallOptions']

/** Made once a format: with it the provider is bound to the schema. */
function callOptionsOf(format: AnswerFormat): CallOptions {
  const known = callOptions.get(format)
  if (known !== undefined) return known
  const json_schema = { name: format.name, strict: true, schema: { ...jsonSchemaOf(format) } }
  const options: CallOptions = { response_format: { type: 'json_schema', json_schema } }
  callOptions.set(format, options)
  return options
}

const callOptions = new WeakMap<AnswerFormat, CallOptions>()

function toLangChain(message: Message): SystemMessage | HumanMessage {
  return message.role === 'system' ? new SystemMessage(message.text) : new HumanMessage(message.text)
}

/** More than a ledger's column holds is no count. */
const count = z.int32().min(0).optional().catch(undefined)
const Counts = z.object({ promptTokens: count, completionTokens: count })
/** What LangChain does not pass on: the words of a refusal, and a count of zero. */
const Raw = z.object({
  usage: z.object({ prompt_tokens: count, completion_tokens: count }).optional().catch(undefined),
  choices: z
    .tuple([z.object({ message: z.object({ refusal: z.string().optional().catch(undefined) }) })])
    .rest(z.unknown()),
})

function replyFrom(result: ChatResult): ModelReply {
  const [generation] = result.generations
  const counted = Counts.safeParse(result.llmOutput?.tokenUsage).data ?? {}
  if (generation === undefined && counted.promptTokens === undefined) {
    throw new Fault('provider.unavailable', {
      detail: 'The provider answered with something that is not a chat completion.',
    })
  }
  const raw = Raw.safeParse(generation?.message.additional_kwargs.__raw_response).data
  const finishReason: unknown = generation?.generationInfo?.finish_reason
  return {
    text: typeof generation?.text === 'string' ? generation.text : '',
    finishReason: typeof finishReason === 'string' ? finishReason : undefined,
    refused: (raw?.choices[0].message.refusal ?? '') !== '',
    usage: usageOf(
      raw?.usage?.prompt_tokens ?? counted.promptTokens,
      raw?.usage?.completion_tokens ?? counted.completionTokens,
    ),
  }
}

function usageOf(promptTokens: number | undefined, completionTokens: number | undefined): TokenUsage {
  return {
    ...(promptTokens === undefined ? {} : { promptTokens }),
    ...(completionTokens === undefined ? {} : { completionTokens }),
  }
}
