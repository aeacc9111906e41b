import type { FaultCode } from '@magictask/domain'

/*
  What providers call their errors: a `code`, `type`, `status` or `reason` of the body, which says more than the status.
    OpenAI    https://platform.openai.com/docs/guides/error-codes
    Kimi      https://platform.kimi.ai/docs/api/errors
    DeepSeek  https://api-docs.deepseek.com/quick_start/error_codes (by status and message only)
    Qwen      https://www.alibabacloud.com/help/en/model-studio/error-code
    Zhipu     https://docs.z.ai/api-reference/api-code (numbers)
    Anthropic https://docs.anthropic.com/en/api/errors
    Google    https://ai.google.dev/gemini-api/docs/troubleshooting
*/
const WORDS: readonly (readonly [FaultCode, string])[] = [
  [
    'provider.quota_exhausted',
    'insufficient_quota billing_hard_limit_reached exceeded_current_quota_error billing_error Arrearage 1113',
  ],
  [
    'provider.auth_refused',
    'invalid_api_key incorrect_api_key_error invalid_authentication_error authentication_error permission_error ' +
      'InvalidApiKey API_KEY_INVALID PERMISSION_DENIED UNAUTHENTICATED 1000 1001 1002 1003 1004 1110 1111 1112 1121',
  ],
  ['provider.capacity', 'engine_overloaded_error overloaded_error server_overloaded UNAVAILABLE 1305'],
  [
    'provider.rate_limited',
    'rate_limit_exceeded rate_limit_reached_error rate_limit_error limit_requests limit_burst_rate RESOURCE_EXHAUSTED ' +
      'Throttling Throttling.RateQuota Throttling.AllocationQuota Throttling.BurstRate 1302 1303',
  ],
  ['provider.context_too_long', 'context_length_exceeded string_above_max_length request_too_large 1261'],
  ['provider.model_unknown', 'model_not_found resource_not_found_error not_found_error ModelNotFound NOT_FOUND 1211'],
  ['answer.refused', 'content_filter content_policy_violation data_inspection_failed DataInspectionFailed 1301'],
]

const BY_WORD: ReadonlyMap<string, FaultCode> = new Map(
  WORDS.flatMap(([code, words]) => words.split(' ').map((word) => [word, code] as const)),
)

/** Where a provider says it in a sentence alone. Of these no word is kept, only which of them it was. */
const SENTENCES: readonly (readonly [RegExp, FaultCode])[] = [
  [
    /context length|prompt is too long|token length too long|model token limit|range of input length|input token count/i,
    'provider.context_too_long',
  ],
  [/insufficient.{0,20}balance|in arrears|credit balance is too low/i, 'provider.quota_exhausted'],
  [/content exists risk|blocked by content filter/i, 'answer.refused'],
  [/model.{0,80}(?:not exist|not found|does not exist)/i, 'provider.model_unknown'],
]

/** What a provider's own words for an error mean; undefined where they mean nothing that is known. */
export function faultForWords(words: readonly string[], sentence: string): FaultCode | undefined {
  const byWord = words.map((word) => BY_WORD.get(word)).find((code) => code !== undefined)
  return byWord ?? SENTENCES.find(([pattern]) => pattern.test(sentence))?.[1]
}
