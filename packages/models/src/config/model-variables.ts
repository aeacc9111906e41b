import { z } from 'zod'
import { EmbedderVariables } from '../embedders.ts'

const said = z.string().optional()

/**
 * The variables that say who answers; part of the configuration of a process that asks models. `readModelsConfig` reads
 * them, and every other value of the configuration file as `MAGICTASK__` and its path.
 */
export const ModelVariables = EmbedderVariables.extend({
  MAGICTASK_CONFIG: said,
  OPENAI_MODEL: said,
  DEEPSEEK_API_KEY: said,
  ZHIPU_API_KEY: said,
  KIMI_API_KEY: said,
  DASHSCOPE_API_KEY: said,
  ANTHROPIC_API_KEY: said,
  GOOGLE_API_KEY: said,
})
