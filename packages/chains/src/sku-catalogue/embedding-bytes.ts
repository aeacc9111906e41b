import type { Embedding } from '@magictask/models'

/** An embedding as it is stored: 32-bit floats, little-endian, as every machine that this runs on has them. */
export function bytesOf(embedding: Embedding): Buffer {
  return Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength)
}

/** The embedding that was stored. Copied: what a driver hands out begins anywhere in its memory. */
export function embeddingFrom(bytes: Buffer): Embedding {
  const embedding = new Float32Array(Math.floor(bytes.length / Float32Array.BYTES_PER_ELEMENT))
  new Uint8Array(embedding.buffer).set(bytes.subarray(0, embedding.byteLength))
  return embedding
}
