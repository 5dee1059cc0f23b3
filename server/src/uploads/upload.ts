import type { Edit } from '../dialects/edits.ts'
import type { Gap } from '../dialects/multipart.ts'
import type { DiskFile } from './disk-file.ts'
import type { CutForm } from './form-cutter.ts'

/** A body that goes out piece by piece. It is read anew for each who asks. */
export interface StreamedBody extends AsyncIterable<Buffer> {
  readonly bytes: number
}

/** A stretch of the file. */
interface Stretch {
  readonly from: number
  readonly bytes: number
}

/** A long form that has come: its fields are at hand, and the contents of its files on the disk. */
export class Upload {
  /** The form without what was left out of its files. */
  readonly payload: Buffer
  readonly gaps: readonly Gap[]
  /** Of the whole form. */
  readonly bytes: number
  readonly #file: DiskFile

  constructor({ payload, gaps }: CutForm, file: DiskFile) {
    this.payload = payload
    this.gaps = gaps
    this.bytes = gaps.reduce((sum, gap) => sum + gap.bytes, payload.length)
    this.#file = file
  }

  /** The whole form with these edits of `payload`, and otherwise byte for byte. */
  edited(edits: readonly Edit[]): StreamedBody {
    const pieces = [...this.#pieces(edits)]
    const file = this.#file
    return {
      bytes: pieces.reduce((sum, piece) => sum + lengthOf(piece), 0),
      async *[Symbol.asyncIterator]() {
        for (const piece of pieces) {
          if (Buffer.isBuffer(piece)) yield piece
          else yield* file.read(piece.from, piece.bytes)
        }
      },
    }
  }

  /** No edit reaches over a gap: what is edited was read. */
  *#pieces(edits: readonly Edit[]): Generator<Buffer | Stretch> {
    const texts = edits.map(({ start, end, text }) => ({ start, end, put: Buffer.from(text) }))
    const stretches = this.#stretches()
    let from = 0
    for (const { start, end, put } of [...texts, ...stretches].sort((a, b) => a.start - b.start)) {
      yield this.payload.subarray(from, start)
      yield put
      from = end
    }
    yield this.payload.subarray(from)
  }

  /** Where each stretch of the file belongs. */
  #stretches() {
    let from = 0
    return this.gaps.map(({ at, bytes }) => {
      const put: Stretch = { from, bytes }
      from += bytes
      return { start: at, end: at, put }
    })
  }
}

const lengthOf = (piece: Buffer | Stretch): number =>
  Buffer.isBuffer(piece) ? piece.length : piece.bytes
