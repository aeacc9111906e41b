/**
 * The partition that the Java client gives a key, so that other producers agree. kafkajs' own hash gives the same, but
 * its numbers grow with the key: one of a megabyte, which anybody may write, would stop the process for minutes.
 */
export function partitionOfKey(key: string | Buffer, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions
}

const SEED = 0x9747b28c
const MIX = 0x5bd1e995

function murmur2(bytes: Buffer): number {
  const whole = bytes.length & ~3
  let hash = SEED ^ bytes.length
  for (let at = 0; at < whole; at += 4) {
    const word = Math.imul(bytes.readInt32LE(at), MIX)
    hash = Math.imul(hash, MIX) ^ Math.imul(word ^ (word >>> 24), MIX)
  }
  if (whole < bytes.length) hash = Math.imul(hash ^ bytes.readUIntLE(whole, bytes.length - whole), MIX)
  hash = Math.imul(hash ^ (hash >>> 13), MIX)
  return hash ^ (hash >>> 15)
}
