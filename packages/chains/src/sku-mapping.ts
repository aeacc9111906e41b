import { Fault } from '@magictask/domain'
import { contentWithCandidates } from '@magictask/models'
import { z } from 'zod'
import type { Chain, ChainInput } from './chain.ts'
import { contentPrompt } from './content-prompt.ts'
import { visibleText } from './visible-text.ts'

const LONGEST_REASON = 2_000
const LONGEST_SKU = 128

/** What the model is asked for; the candidates of the result are ours. */
const Choice = z.object({
  sku: z.string().trim().max(LONGEST_SKU).nullable(),
  confidence: z.number().min(0).max(1),
  reason: visibleText(LONGEST_REASON),
})

/** How many candidates the model chooses from. */
const CANDIDATES = 10

/**
 * Which of the tenant's SKUs a product description is about; `sku` is null when none of the candidates is.
 *
 * An empty catalogue is a fault of its own, before any call: a null would say that the catalogue was searched in vain, and
 * would come either without the call that every result stands for or with one that could only say null.
 */
export const skuMapping: Chain = {
  magicType: 'sku_mapping',
  promptVersion: 1,
  format: { name: 'sku_mapping', schema: Choice },
  embeds: true,
  context: async ({ catalogue }, { tenant, content }, signal) => {
    const candidates = await catalogue.candidates({ tenant, text: content, limit: CANDIDATES, signal })
    if (candidates.length === 0) throw new Fault('catalogue.empty')
    return { candidates }
  },
  prompt: contentPrompt(
    [
      'You map product descriptions to the SKUs of a catalogue. The content describes a product. Choose the one candidate that is the same',
      'product: kind, model, size, colour and number of pieces have to agree as far as both say them. Answer with its sku exactly as it is',
      'written there, or with null if no candidate is the same product. Never make up a SKU. Say how sure you are (confidence, from 0 to 1),',
      'and the reason in one sentence that names what agrees or differs.',
    ].join('\n'),
    {
      says: [
        'The user message holds nothing but the content, between two tags whose name begins with "content-", and after it the candidates, as',
        'JSON between two tags whose name begins with "candidates-".',
      ].join('\n'),
      show: (input) => contentWithCandidates(input.content, candidatesText(input)),
    },
  ),
  conclude(answer, { candidates = [] }) {
    const { sku, confidence, reason } = Choice.parse(answer)
    if (sku !== null && !candidates.some((candidate) => candidate.sku === sku)) return undefined
    const shown = candidates.map((candidate) => ({ sku: candidate.sku, score: candidate.score }))
    return { sku, confidence, candidates: shown, reason }
  },
  sample: {
    content: '全新 無線藍牙降噪耳機 頭戴式 黑色 續航40小時',
    answer: {
      sku: 'AUD-1001-BK',
      confidence: 0.93,
      candidates: [
        { sku: 'AUD-1001-BK', score: 0.81 },
        { sku: 'AUD-1002-WH', score: 0.55 },
      ],
      reason: '同為黑色頭戴式藍牙降噪耳機，續航時間也相符。',
    },
  },
  basicAnswer: () => ({
    sku: null,
    confidence: 0,
    candidates: [],
    reason: 'Not mapped: no model gave a usable answer.',
  }),
}

const DESCRIPTION_CHARACTERS = 300

function candidatesText({ candidates = [] }: ChainInput): string {
  const shown = candidates.map(({ sku, description }) => ({ sku, description: opening(description) }))
  return JSON.stringify(shown, undefined, 1)
}

function opening(text: string): string {
  return text.slice(0, DESCRIPTION_CHARACTERS).replace(/[\ud800-\udbff]$/, '')
}
