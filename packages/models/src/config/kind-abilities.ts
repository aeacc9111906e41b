import type { StructuredWay } from '../target.ts'
import type { KINDS } from './models-file.ts'

type Kind = (typeof KINDS)[number]

/** What a kind of provider is spoken to with, whatever a model of it could do besides. */
export interface KindAbilities {
  /** The ways in which its models are asked for structured answers, and whether one has a way where nobody says so. */
  readonly ways: Readonly<Partial<Record<StructuredWay, boolean>>>
  /** Members of its requests that are ours to say, by their paths: `quirks.extraBody` may not. */
  readonly ownFields: readonly (readonly string[])[]
}

/** Of every kind. */
export const KIND_ABILITIES: Readonly<Record<Kind, KindAbilities>> = {
  'openai-compatible': {
    ways: { 'json-schema': true, 'json-object': true, tool: false },
    ownFields: [
      ...['model', 'messages', 'stream', 'stream_options', 'response_format', 'tools', 'tool_choice'],
      ...['temperature', 'max_tokens', 'max_completion_tokens'],
    ].map((field) => [field]),
  },
  anthropic: {
    ways: { tool: true },
    ownFields: [...['model', 'messages', 'system', 'stream', 'tools', 'tool_choice', 'temperature', 'max_tokens']].map(
      (field) => [field],
    ),
  },
  google: {
    ways: { 'json-schema': true, 'json-object': true },
    ownFields: [
      ...['model', 'contents', 'systemInstruction'].map((field) => [field]),
      ...['temperature', 'maxOutputTokens', 'responseSchema', 'responseMimeType'].map((field) => [
        'generationConfig',
        field,
      ]),
    ],
  },
}

/** The capability that says of a model whether it has a way. */
export const CAPABILITY_OF = { 'json-schema': 'strictJsonSchema', 'json-object': 'jsonObject', tool: 'tools' } as const
