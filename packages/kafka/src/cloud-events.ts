import type { Headers } from './broker.ts'

interface CloudEvent {
  /** Together with the source unlike any other event's. */
  readonly id: string
  readonly type: string
  /** Who wrote it, as a URI reference. */
  readonly source: string
  readonly time: Date
  /** The W3C trace that it belongs to. */
  readonly traceparent?: string | undefined
}

/** The headers of a JSON event in the binary mode of CloudEvents 1.0's Kafka binding. */
export function cloudEventHeaders(event: CloudEvent): Headers {
  return {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_time: event.time.toISOString(),
    'content-type': 'application/json',
    ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  }
}
