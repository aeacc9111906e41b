import type { AnswerFormat, Message } from '../ask.ts'
import type { ModelConfig } from '../config/models-config.ts'
import { jsonSchemaOf } from '../json-schema.ts'
import { worded } from '../schema-in-prompt.ts'
import type { StructuredWay } from '../target.ts'

/** A question as this model is asked it: in the best way that it has, with only the parameters that it takes. */
export interface Question {
  readonly messages: readonly Message[]
  /** Fields of the request besides `model` and `messages`. */
  readonly fields: Readonly<Record<string, unknown>>
}

/** Puts questions to one model; what does not differ from call to call is made once a format. */
export function questions(model: ModelConfig): (messages: readonly Message[], format: AnswerFormat) => Question {
  const made = new WeakMap<AnswerFormat, Question['fields']>()
  const [way = 'text'] = model.capabilities.structured
  return (messages, format) => {
    let fields = made.get(format)
    if (fields === undefined) {
      fields = { ...shapeFields(way, format, model), ...parameterFields(model) }
      made.set(format, fields)
    }
    return { messages: worded(messages, format, model), fields }
  }
}

function shapeFields(way: StructuredWay, format: AnswerFormat, { quirks }: ModelConfig): Question['fields'] {
  const { name } = format
  switch (way) {
    case 'json-schema':
      return {
        response_format: { type: 'json_schema', json_schema: { name, strict: true, schema: jsonSchemaOf(format) } },
      }
    case 'json-object':
      return { response_format: { type: 'json_object' } }
    case 'tool':
      return {
        tools: [{ type: 'function', function: { name, description: TOOL, parameters: jsonSchemaOf(format) } }],
        tool_choice: quirks.toolChoice === 'auto' ? 'auto' : { type: 'function', function: { name } },
      }
    case 'text':
      return {}
  }
}

const TOOL = 'Takes the answer.'

function parameterFields({ parameters, quirks }: ModelConfig): Question['fields'] {
  const { temperature, maxOutputTokens } = parameters
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { [quirks.maxTokensField]: maxOutputTokens }),
    ...quirks.extraBody,
  }
}
