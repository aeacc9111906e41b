import type { FaultCode } from '@magictask/domain'
import type { ProviderError } from './provider-error.ts'

type Rows = readonly (readonly [FaultCode, string])[]

/*
  What providers call their errors: a `code`, `type`, `status` or `reason` of the body, which says more than the status.
    OpenAI    https://platform.openai.com/docs/guides/error-codes
    Kimi      https://platform.kimi.ai/docs/api/errors
    DeepSeek  https://api-docs.deepseek.com/quick_start/error_codes (by status and message only)
    Qwen      https://www.alibabacloud.com/help/en/model-studio/error-code
    Anthropic https://docs.anthropic.com/en/api/errors
    Google    https://ai.google.dev/gemini-api/docs/troubleshooting
    llama.cpp https://github.com/ggml-org/llama.cpp/tree/master/tools/server
*/
const WORDS: Rows = [
  [
    'provider.quota_exhausted',
    'insufficient_quota billing_hard_limit_reached exceeded_current_quota_error billing_error Arrearage',
  ],
  [
    'provider.auth_refused',
    'invalid_api_key incorrect_api_key_error invalid_authentication_error authentication_error permission_error ' +
      'InvalidApiKey API_KEY_INVALID PERMISSION_DENIED UNAUTHENTICATED unsupported_country_region_territory',
  ],
  ['provider.capacity', 'engine_overloaded_error overloaded_error server_overloaded UNAVAILABLE'],
  [
    'provider.rate_limited',
    'rate_limit_exceeded rate_limit_reached_error rate_limit_error limit_requests limit_burst_rate RESOURCE_EXHAUSTED ' +
      'Throttling Throttling.RateQuota Throttling.AllocationQuota Throttling.BurstRate',
  ],
  [
    'provider.context_too_long',
    'context_length_exceeded string_above_max_length request_too_large exceed_context_size_error',
  ],
  ['provider.model_unknown', 'model_not_found resource_not_found_error not_found_error ModelNotFound NOT_FOUND'],
  ['answer.refused', 'content_filter content_policy_violation data_inspection_failed DataInspectionFailed'],
]

/** What only one provider calls so, by its name: others give the same numbers another meaning. */
const WORDS_OF: ReadonlyMap<string, ReadonlyMap<string, FaultCode>> = new Map([
  [
    'zhipu', // https://docs.z.ai/api-reference/api-code
    byWord([
      ['provider.quota_exhausted', '1113'],
      ['provider.auth_refused', '1000 1001 1002 1003 1004 1110 1111 1112 1121'],
      ['provider.capacity', '1305'],
      ['provider.rate_limited', '1302 1303'],
      ['provider.context_too_long', '1261'],
      ['provider.model_unknown', '1211'],
      ['answer.refused', '1301'],
    ]),
  ],
])

const BY_WORD = byWord(WORDS)

function byWord(rows: Rows): ReadonlyMap<string, FaultCode> {
  return new Map(rows.flatMap(([code, words]) => words.split(' ').map((word) => [word, code] as const)))
}

interface Sentence {
  readonly pattern: RegExp
  readonly code: FaultCode
  /** With others it is not believed: an error may quote the prompt, and a server that failed says nothing of the request. */
  readonly statuses: readonly (number | undefined)[]
}

const OF_REQUEST = [undefined, 400, 403, 404, 413, 422]

/**
 * Where a provider says it in a sentence alone. Of these no word is kept, only which of them it was. What would speak for
 * the whole account is believed only where no prompt is quoted, or as the beginning of all that is said.
 */
const SENTENCES: readonly Sentence[] = [
  {
    pattern:
      /context length|context size|context limit|prompt is too long|token length too long|model token limit|range of input length|input token count/i,
    code: 'provider.context_too_long',
    statuses: OF_REQUEST,
  },
  { pattern: /insufficient.{0,20}balance|in arrears/i, code: 'provider.quota_exhausted', statuses: [429] },
  { pattern: /^your credit balance is too low/i, code: 'provider.quota_exhausted', statuses: [400, 403] },
  {
    pattern: /^(?:incorrect api key provided|api key not valid)/i,
    code: 'provider.auth_refused',
    statuses: [400, 403],
  },
  { pattern: /content exists risk|blocked by content filter/i, code: 'answer.refused', statuses: OF_REQUEST },
  {
    pattern: /model.{0,80}(?:not exist|not found|does not exist)/i,
    code: 'provider.model_unknown',
    statuses: OF_REQUEST,
  },
]

/** What a provider's own words for an error mean; undefined where they mean nothing that is known. */
export function faultForWords({ words, sentence, meant }: ProviderError, provider: string): FaultCode | undefined {
  const own = WORDS_OF.get(provider)
  const codes = words.map((word) => own?.get(word) ?? BY_WORD.get(word))
  const bySentence = ({ pattern, statuses }: Sentence) => statuses.includes(meant) && pattern.test(sentence)
  return codes.find((code) => code !== undefined) ?? SENTENCES.find(bySentence)?.code
}
