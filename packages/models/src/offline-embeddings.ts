import { setImmediate as nextTurn } from 'node:timers/promises'
import { Embeddings } from '@langchain/core/embeddings'
import { type Embedder, type Embedding, unit } from './embed.ts'
import { simplified } from './offline/simplified.ts'

/**
 * The embedder that needs no key and no network: texts are alike as far as they share words and pieces of words. It
 * knows no meaning, so it finds nothing across languages. The same text has the same embedding, everywhere.
 */
export function openOfflineEmbeddings(): Embedder {
  const model = new OfflineEmbeddings({})
  return {
    model: 'offline-ngrams-1',
    async embed(texts, signal) {
      const embeddings: Embedding[] = []
      for (let from = 0; from < texts.length; from += AT_ONCE) {
        signal.throwIfAborted()
        for (const text of texts.slice(from, from + AT_ONCE)) embeddings.push(model.embed(text))
        if (from + AT_ONCE < texts.length) await nextTurn() // ten thousand at a time must not stop the process
      }
      return embeddings
    },
  }
}

/** The embedding of one text. */
export function offlineEmbedding(text: string): Embedding {
  const weights = new Float64Array(DIMENSIONS)
  for (const [piece, count] of piecesOf(text)) {
    const hash = fnv1a(piece)
    // The highest bit is the sign: pieces that fall together cancel out as often as they add up.
    const weight = Math.sqrt(count) * weightOf(piece)
    const at = hash % DIMENSIONS
    weights[at] = (weights[at] ?? 0) + (hash >>> 31 === 1 ? -weight : weight)
  }
  return unit(weights)
}

const AT_ONCE = 100
const DIMENSIONS = 512

class OfflineEmbeddings extends Embeddings {
  embed(text: string): Embedding {
    return offlineEmbedding(text)
  }

  override async embedQuery(text: string): Promise<number[]> {
    return [...this.embed(text)]
  }

  override embedDocuments(texts: string[]): Promise<number[][]> {
    return Promise.all(texts.map((text) => this.embedQuery(text)))
  }
}

const READ_CHARACTERS = 4_000
const WORDS = /\p{Script=Han}+|[\p{L}\p{M}\p{N}]+/gu
const HAN = /^\p{Script=Han}/u

/** The pieces of a text and how often it has each. */
function piecesOf(text: string): ReadonlyMap<string, number> {
  const pieces = new Map<string, number>()
  const add = (piece: string) => pieces.set(piece, (pieces.get(piece) ?? 0) + 1)
  const plain = simplified(text.slice(0, READ_CHARACTERS).normalize('NFKC').toLowerCase())
  for (const [word] of plain.matchAll(WORDS)) {
    if (HAN.test(word)) hanPieces(word, add)
    else latinPieces(word, add)
  }
  return pieces
}

/** Chinese words are mostly of two characters and have no blanks between them. */
function hanPieces(run: string, add: (piece: string) => void): void {
  const characters = Array.from(run)
  for (const [at, character] of characters.entries()) {
    add(character)
    const next = characters[at + 1]
    if (next !== undefined) add(character + next)
  }
}

const PIECE_CHARACTERS = 3

/** A word, and every three characters of it with its ends marked, so that `bottles` is near `bottle`. */
function latinPieces(word: string, add: (piece: string) => void): void {
  add(`${WHOLE}${word}`)
  const marked = `<${word}>`
  for (let at = 0; at + PIECE_CHARACTERS <= marked.length; at++) add(marked.slice(at, at + PIECE_CHARACTERS))
}

const WHOLE = '='

/** A whole word or two characters together say more than a piece or one character. */
function weightOf(piece: string): number {
  if (piece.startsWith(WHOLE)) return 2
  return HAN.test(piece) && piece.length > 1 ? 1.5 : 0.6
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
