import type { Queue } from '@magictask/domain'
import type { Tree } from './layers.ts'
import type { RouteEntry } from './models-file.ts'

/*
  What is known without a configuration, in the shape of the file. Every figure is to be had from its `source`; what
  could not be found is not here, and a price that is not here makes an unknown cost. Prices are standard ones in US
  dollars, of the first tier where they rise with the length of the prompt.
*/

const OPENAI_SAYS = { asOf: '2026-03-31', source: 'https://developers.openai.com/api/docs/pricing' }
const OPENAI_SAID = { asOf: '2026-05-01', source: 'https://developers.openai.com/api/docs/pricing' }
const DEEPSEEK_SAYS = { asOf: '2026-04-30', source: 'https://api-docs.deepseek.com/quick_start/pricing' }
const ZHIPU_SAYS = { asOf: '2026-01-22', source: 'https://docs.z.ai/guides/overview/pricing' }
const KIMI_SAYS = { asOf: '2026-03-26', source: 'https://platform.moonshot.ai/docs/pricing/chat' }
const ANTHROPIC_SAYS = { asOf: '2026-03-21', source: 'https://docs.anthropic.com/en/docs/about-claude/pricing' }
const GOOGLE_SAYS = { asOf: '2026-03-31', source: 'https://ai.google.dev/gemini-api/docs/pricing' }

const openai: Tree = {
  kind: 'openai-compatible',
  baseUrl: 'https://api.openai.com/v1',
  keyVariable: 'OPENAI_API_KEY',
  model: 'gpt-4o-mini',
  capabilities: { strictJsonSchema: true, jsonObject: true, tools: true, vision: true },
  quirks: { maxTokensField: 'max_completion_tokens' },
  models: {
    'gpt-4o-mini': {
      contextTokens: 128_000,
      price: { ...OPENAI_SAYS, inputUsd: 0.15, cachedInputUsd: 0.075, outputUsd: 0.6 },
      quality: 40,
    },
    'gpt-4.1-mini': {
      contextTokens: 1_047_576,
      price: { ...OPENAI_SAYS, inputUsd: 0.4, cachedInputUsd: 0.1, outputUsd: 1.6 },
      quality: 50,
    },
    'gpt-5-mini': {
      contextTokens: 272_000,
      price: { ...OPENAI_SAYS, inputUsd: 0.25, cachedInputUsd: 0.025, outputUsd: 2 },
      quirks: { temperature: 'fixed' },
      quality: 60,
    },
  },
  embeddingModels: {
    'text-embedding-3-small': { price: { ...OPENAI_SAID, inputUsd: 0.02 } },
    'text-embedding-3-large': { price: { ...OPENAI_SAID, inputUsd: 0.13 } },
  },
}

/** JSON mode takes any object, thinking is on unless it is turned off, and cached tokens have a field of their own. */
const deepseek: Tree = {
  kind: 'openai-compatible',
  baseUrl: 'https://api.deepseek.com',
  keyVariable: 'DEEPSEEK_API_KEY',
  model: 'deepseek-v4-flash',
  capabilities: { strictJsonSchema: false, jsonObject: true, tools: true },
  quirks: { extraBody: { thinking: { type: 'disabled' } } },
  models: {
    'deepseek-v4-flash': {
      contextTokens: 1_000_000,
      price: { ...DEEPSEEK_SAYS, inputUsd: 0.14, cachedInputUsd: 0.0028, outputUsd: 0.28 },
      quality: 60,
    },
    'deepseek-v4-pro': {
      contextTokens: 1_000_000,
      price: { ...DEEPSEEK_SAYS, inputUsd: 1.74, cachedInputUsd: 0.0145, outputUsd: 3.48 },
      quality: 80,
    },
  },
}

/** The temperature ends at 1, and of tools only the choice `auto` is taken. What is not free is billed in yuan, by the length of prompt and answer: no price. */
const zhipu: Tree = {
  kind: 'openai-compatible',
  baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
  keyVariable: 'ZHIPU_API_KEY',
  model: 'glm-4.7-flash',
  capabilities: { strictJsonSchema: false, jsonObject: true, tools: true },
  quirks: {
    temperature: { min: 0, max: 1 },
    toolChoice: 'auto',
    usageInStream: 'unasked',
    extraBody: { thinking: { type: 'disabled' } },
  },
  models: {
    'glm-4.7-flash': {
      contextTokens: 200_000,
      price: { ...ZHIPU_SAYS, inputUsd: 0, cachedInputUsd: 0, outputUsd: 0 },
      quality: 45,
    },
    'glm-4.7': {
      contextTokens: 200_000,
      quality: 70,
    },
    'glm-4.6': {
      contextTokens: 200_000,
      quality: 65,
    },
  },
}

/** The temperature ends at 1, a tool cannot be demanded, and a stream says its usage in its last choice. */
const kimi: Tree = {
  kind: 'openai-compatible',
  baseUrl: 'https://api.moonshot.ai/v1',
  keyVariable: 'KIMI_API_KEY',
  model: 'kimi-k2-0905-preview',
  capabilities: { strictJsonSchema: false, jsonObject: true, tools: true },
  quirks: { temperature: { min: 0, max: 1 }, toolChoice: 'auto', usageInStream: 'unasked' },
  models: {
    'kimi-k2-0905-preview': {
      contextTokens: 262_144,
      price: { ...KIMI_SAYS, inputUsd: 0.6, cachedInputUsd: 0.15, outputUsd: 2.5 },
      quality: 65,
    },
    'kimi-k2.5': {
      contextTokens: 262_144,
      price: { ...KIMI_SAYS, inputUsd: 0.6, cachedInputUsd: 0.1, outputUsd: 3 },
      capabilities: { vision: true },
      quirks: { temperature: 'fixed', extraBody: { thinking: { type: 'disabled' } } },
      quality: 75,
    },
  },
}

/** JSON object mode is refused unless the prompt holds the word; thinking is a field of the request. */
const qwen: Tree = {
  kind: 'openai-compatible',
  baseUrl: 'https://dashscope.aliyuncs.com/compatible-mode/v1',
  keyVariable: 'DASHSCOPE_API_KEY',
  model: 'qwen-plus',
  capabilities: { strictJsonSchema: false, jsonObject: true, tools: true },
  quirks: { temperature: { min: 0, max: 1.99 }, extraBody: { enable_thinking: false } },
  models: {
    'qwen-plus': { contextTokens: 1_000_000, quality: 60 },
    'qwen-flash': { contextTokens: 1_000_000, quality: 45 },
    'qwen-vl-plus': {
      contextTokens: 128_000,
      capabilities: { vision: true, tools: false },
      quirks: { extraBody: {} },
      quality: 45,
    },
  },
}

const anthropic: Tree = {
  kind: 'anthropic',
  keyVariable: 'ANTHROPIC_API_KEY',
  model: 'claude-haiku-4-5',
  capabilities: { tools: true, vision: true },
  quirks: { temperature: { min: 0, max: 1 } },
  models: {
    'claude-haiku-4-5': {
      contextTokens: 200_000,
      price: { ...ANTHROPIC_SAYS, inputUsd: 1, cachedInputUsd: 0.1, outputUsd: 5 },
      parameters: { maxOutputTokens: 8_192 },
      quality: 70,
    },
    'claude-sonnet-4-5': {
      contextTokens: 200_000,
      price: { ...ANTHROPIC_SAYS, inputUsd: 3, cachedInputUsd: 0.3, outputUsd: 15 },
      parameters: { maxOutputTokens: 8_192 },
      quality: 90,
    },
  },
}

const google: Tree = {
  kind: 'google',
  keyVariable: 'GOOGLE_API_KEY',
  model: 'gemini-2.5-flash',
  capabilities: { strictJsonSchema: true, jsonObject: true, vision: true },
  models: {
    'gemini-2.5-flash': {
      contextTokens: 1_048_576,
      price: { ...GOOGLE_SAYS, inputUsd: 0.3, cachedInputUsd: 0.03, outputUsd: 2.5 },
      quality: 65,
    },
    'gemini-2.5-flash-lite': {
      contextTokens: 1_048_576,
      price: { ...GOOGLE_SAYS, inputUsd: 0.1, cachedInputUsd: 0.01, outputUsd: 0.4 },
      quality: 45,
    },
  },
}

/** Under everything that a file or the environment says. The first that has a key answers where no route says who. */
export const BUILT_IN: Tree = { providers: { openai, deepseek, zhipu, kimi, qwen, anthropic, google } }

/** Who answers a queue that no file gives a route; whatever is configured, where none of these has a key. */
export const DEFAULT_CANDIDATES: Readonly<Record<Queue, RouteEntry['candidates']>> = {
  'text.paid': [
    { provider: 'deepseek', maxWorkers: 5 },
    { provider: 'zhipu', maxWorkers: 3 },
  ],
  'text.free': [{ provider: 'zhipu', maxWorkers: 2 }],
  'vision.paid': [],
  'vision.free': [],
}
