import { LIMITS } from '../limits.ts'
import { BLANK, plainText, spokenText } from '../plain-text.ts'

/** A SKU: how a tenant names a thing it sells. It stands in paths, so it is more than dots and has no blanks at its ends. */
export const Sku = plainText({ min: 1, max: LIMITS.skuCharacters })
  .refine((sku) => sku === sku.trim(), 'has to be without blanks at its ends')
  .refine((sku) => sku !== '.' && sku !== '..', 'has to be more than dots')
  .meta({ pattern: `^(?!\\.{1,2}$)[^\\u0000${BLANK}](?:[^\\u0000]*[^\\u0000${BLANK}])?$` })

/** What a SKU is, in words that somebody else might use for it too. */
export const SkuDescription = spokenText({ min: 1, max: LIMITS.skuDescriptionCharacters })
