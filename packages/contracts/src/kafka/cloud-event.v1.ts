import { z } from 'zod'

/** The headers of a record of ours: CloudEvents 1.0 in the binary mode of its Kafka binding. `type` is the contract's. */
export function cloudEventV1(type: string) {
  return z.object({
    ce_specversion: z.literal('1.0'),
    ce_id: z
      .string()
      .min(1)
      .meta({ description: 'With the source unlike any other event’s; the same if it comes again.' }),
    ce_type: z.literal(type),
    ce_source: z.string().min(1),
    ce_time: z.iso.datetime().meta({ description: 'When it was written, in UTC.' }),
    'content-type': z.literal('application/json'),
    traceparent: z.string().optional().meta({ description: 'The W3C trace that it belongs to.' }),
  })
}
