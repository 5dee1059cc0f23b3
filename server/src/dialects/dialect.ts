import type { Expected } from '../prices/bound.ts'
import type { Beside, Usage } from '../usage/usage.ts'
import type { AnswerText } from './beside.ts'
import type { Edit } from './edits.ts'
import type { Gap } from './multipart.ts'

/** Where a member of the body's top level stands, so that it can be replaced without touching another byte. */
export interface Span {
  readonly start: number
  readonly end: number
}

export type Loose = Readonly<Record<string, unknown>>

/** What the path of a call says, where its dialect says it there and not in the body (Gemini). */
export interface PathSays {
  readonly model: string
  readonly stream: boolean
  /** What a call is about that a provider keeps: `/videos/{id}/remix`. */
  readonly id?: string
}

/** What the gateway has to know of a call; the rest of its body is the upstream's business. */
export interface ParsedCall {
  readonly model: string
  readonly stream: boolean
  /** The most output tokens of each choice that the caller asked for. */
  readonly outputLimit: number | undefined
  /** No provider takes a lower limit (contract 3.4). */
  readonly leastOutput: number
  readonly choices: number
  /** The parsed body, for counting its input. A long one is not kept, but parsed again for whoever asks late. */
  body(): Loose
  /** Top-level members that may have to be edited, by name. */
  readonly spans: ReadonlyMap<string, Span>
  /** The body is a form: its fields are written as they are, without quotes. */
  readonly isForm?: boolean
  /** Of calls that bring or make pictures or sound. */
  readonly media?: Media
  /** What it names that a provider keeps. Absent: nothing, as in nearly all calls. */
  readonly names?: readonly Named[] | undefined
  /** The provider keeps the answer, under an id that it issues. */
  readonly stored?: boolean
  /** What goes on at its provider when the call has its answer. Absent: nothing, as of nearly all calls. */
  readonly job?: JobAsked | undefined
  /** In whose words the body is, where no provider takes it as it is: it goes out translated, whoever gets it. */
  readonly written?: DialectName
}

/** A figure that nobody knows before a call has run: as fairly as can be, and at most. */
export interface Estimate {
  readonly fair: number
  readonly most: number
}

/** What a call of pictures or sound is measured by, beside the tokens of its texts. */
export interface Media {
  readonly makes: 'images' | 'speech' | 'transcript'
  /** Bytes of the body that are no files: at least as many as the tokens of its texts. */
  readonly textBytes: number
  /** Input tokens of the pictures or recordings that it brings. */
  readonly attached: Estimate
  /** Length of the recordings that it brings. */
  readonly seconds: Estimate
  /** Output tokens of each choice. */
  readonly output: Estimate
  /** Pictures that it asks for. */
  readonly images: number
}

/** What a call begins that goes on when it has its answer. */
export type JobAsked = VideoAsked | BatchAsked | { readonly kind: 'response' }

export interface VideoAsked {
  readonly kind: 'video'
  /** The length that is charged for. */
  readonly seconds: number
  /** `1280x720`; '' = the usual one. */
  readonly size: string
  /** The video that it is made of: its model and size count, and its length where the call names none of its own (0). */
  readonly from?: string
}

export interface BatchAsked {
  readonly kind: 'batch'
  /** The file with its calls. */
  readonly fileId: string
  /** Where all of them go: `/v1/chat/completions`. */
  readonly endpoint: string
  /** What its calls can cost, once the file was read. */
  readonly lines?: readonly BatchLine[]
}

/** One call of a batch: an upper bound of what it can use. */
export interface BatchLine {
  readonly expected: Expected
  /** Output tokens. */
  readonly output: number
  /** Of a call for a video: nothing else is paid for. */
  readonly video?: Pick<VideoAsked, 'seconds' | 'size'> | undefined
}

/** What providers keep for their callers, and give ids to. */
export type IssuedKind =
  | 'response'
  | 'conversation'
  | 'file'
  | 'container'
  | 'video'
  | 'batch'
  | 'item'

/** An id of a provider's in a body. */
export interface Named {
  /** The last two are made by nobody through the gateway. */
  readonly kind: IssuedKind | 'vector store' | 'cached content'
  readonly id: string
  /** The model sees it as an image: its tokens are those of one. */
  readonly isImage: boolean
}

/** An id that a provider issued. */
export interface Issued {
  readonly kind: IssuedKind
  readonly id: string
}

/** What a refusal looks like in a dialect. */
export interface Spoken {
  /** Ours, or a provider's. */
  readonly code: string
  /** HTTP status. */
  readonly status: number
  readonly message: string
  readonly requestId: string
  /** Setting `errors.type`. */
  readonly type: string
}

/** A model as lists show it. */
export interface ListedModel {
  readonly id: string
  readonly createdAt: number
  readonly ownedBy: string
}

/** The families of clients and providers. `openai` is chat completions, `responses` OpenAI's newer API. */
export const DIALECT_NAMES = ['openai', 'responses', 'anthropic', 'gemini'] as const
export type DialectName = (typeof DIALECT_NAMES)[number]

/** What is asked of a model, by the last words of its path. `chat` is what every dialect has; the others are OpenAI's or Gemini's. */
export type Operation =
  | 'chat'
  | 'completions'
  | 'embeddings'
  | 'moderations'
  | 'rerank'
  | `images/${'generations' | 'edits' | 'variations'}`
  | `audio/${'speech' | 'transcriptions' | 'translations'}`
  | 'compact'
  | 'videos'
  | 'batches'
  | `videos/${'remix' | 'edits' | 'extensions'}`
  | 'embedContent'
  | 'batchEmbedContents'
  | 'realtime'

/** What one event of a stream tells its meter. */
export interface EventSays {
  /** So many choices end with it. */
  readonly ends: number
  /** Nothing that matters comes after it. */
  readonly isLast: boolean
  /** What of the report of usage is in it; later ones replace single figures of earlier ones. */
  readonly usage: Loose | undefined
  /** Its figures are those of one choice: they are added to what others reported. */
  readonly adds?: boolean
  /** What of its use is told outside of the report. Tools add up. */
  readonly beside?: Beside | undefined
  /** The answer begins with it: what it reports is the input only. */
  readonly isBeginning?: boolean
  /** A provider's error: the caller must not see all of it. */
  readonly isError: boolean
  /** The answer as far as it is there, with the ids that its provider issued. */
  readonly issuing?: Loose | undefined
}

/** What a call, a refusal, a usage report and a list look like to one family of clients. */
export interface Dialect {
  readonly name: DialectName
  readonly operation: Operation
  /**
   * `headers`: the caller's, names and values in turn; they say how a form is written. `gaps`: what of a long form is not at hand.
   * @throws Refused `invalid_request` for what no upstream should have to read.
   */
  parseCall(
    payload: Buffer,
    path: PathSays,
    headers: readonly string[],
    gaps?: readonly Gap[],
  ): ParsedCall
  /** Its calls may be forms with files. Absent: they are JSON, whatever their headers say. */
  readonly readsForms?: boolean
  /** Lowers the output limit that the body holds, or adds one: under the name `added`, where a dialect has several. */
  limitEdits(payload: Buffer, parsed: ParsedCall, limit: Limit): readonly Edit[]
  /** Puts another model's name into the body. Absent: it stands there as `model`, or only in the path. */
  modelEdits?(payload: Buffer, parsed: ParsedCall, model: string): readonly Edit[]
  /** Its answers are no texts of a model: nothing is paid for but the input. */
  readonly writesNothing?: boolean
  /** The JSON body of a refusal. */
  shapeError(refusal: Spoken): string
  /** The same inside a running stream. */
  shapeErrorEvent(refusal: Spoken): string
  /** Where an answer's report of usage stands: the quoted name of a member of its top level. */
  readonly usageMember: string
  /** The member that no answer lacks, and that holds what the model wrote. */
  readonly contentMember: string
  /** Reads the parsed report of usage; `undefined` when it holds no figures. */
  readUsage(reported: unknown): Usage | undefined
  /**
   * Reads what an answer tells of its use outside of the report, from the end of its text or, where that is not enough, all of
   * it; of a stream that is metered by its bytes, from the event with the report. Absent: nothing is told there.
   */
  readBeside?(tail: string, answer?: AnswerText): Beside | undefined
  /**
   * What an event of a stream says, and the words in it that a model wrote; the latter are added to `written`. Absent: its
   * streams are metered by their bytes, which costs less (relay/meter/stream.ts).
   */
  readEvent?(event: Loose, written: string[]): EventSays
  /** The ids that an answer tells of. Absent: its provider keeps nothing. */
  readIssued?(answer: Loose): readonly Issued[]
  /** How many tokens an input has, for whoever asked to count them. Absent: nobody can ask. */
  shapeCount?(tokens: number): string
  shapeModels(models: readonly ListedModel[]): string
  shapeModel(model: ListedModel): string
}

export interface Limit {
  readonly tokens: number
  readonly added: string
}
