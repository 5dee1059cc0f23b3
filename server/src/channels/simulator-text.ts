/** What the simulator was asked, as far as it cares. */
export interface SimulatorQuestion {
  readonly model: string
  /** All text of the input, message by message. */
  readonly texts: readonly string[]
  readonly lastUserText: string
  /** The most tokens of each answer. */
  readonly limit: number
  readonly stop: readonly string[]
  readonly choices: number
  readonly stream: boolean
  readonly includeUsage: boolean
}

/** One answer, cut into the pieces that it streams as; each counts as a token. */
export interface SimulatorAnswer {
  readonly pieces: readonly string[]
  readonly finish: 'stop' | 'length'
}

/** What a question lacks. */
export interface Misasked {
  readonly misasked: string
  readonly param: string
}

type Loose = Readonly<Record<string, unknown>>

const MOST_CHOICES = 128
const ECHOED_CHARACTERS = 60
/** Around each message, and once for the beginning of the answer. */
const FRAME_TOKENS = 4

/** Reads a chat completions body. Tools and everything else it does not know are left alone. */
export function readQuestion(body: Buffer): SimulatorQuestion | Misasked {
  const parsed = parse(body)
  if (parsed === undefined) return { misasked: 'the body is not a JSON object', param: '' }
  const { messages, model, stop } = parsed
  if (!Array.isArray(messages) || messages.length === 0) {
    return { misasked: 'messages must be an array with at least one message', param: 'messages' }
  }
  const choices = parsed.n ?? 1
  if (!isWhole(choices, MOST_CHOICES)) {
    return { misasked: `n must be a whole number from 1 to ${MOST_CHOICES}`, param: 'n' }
  }
  const limits = [parsed.max_completion_tokens, parsed.max_tokens].filter((limit) => limit != null)
  if (!limits.every((limit) => isWhole(limit, Number.MAX_SAFE_INTEGER))) {
    return { misasked: 'the output limit must be a positive whole number', param: 'max_tokens' }
  }
  const asked = messages.filter(isObject)
  const options = isObject(parsed.stream_options) ? parsed.stream_options : {}
  return {
    model: typeof model === 'string' ? model : '',
    texts: asked.map(textOf),
    lastUserText: textOf(asked.findLast(({ role }) => role === 'user') ?? {}),
    limit: Math.min(...limits.map(Number)),
    stop: (Array.isArray(stop) ? stop : [stop]).filter(isWord),
    choices,
    stream: parsed.stream === true,
    includeUsage: options.include_usage === true,
  }
}

/** The same question always gets the same answer. */
export function answerTo(question: SimulatorQuestion): SimulatorAnswer {
  const said = [...question.lastUserText]
  const beginning = said.slice(0, ECHOED_CHARACTERS).join('')
  const echo =
    said.length === 0
      ? 'You sent no text.'
      : `You sent ${said.length} characters that begin with "${beginning.trim()}".`
  const whole = `This is the Turnpike simulator, not a language model. ${echo} Add a channel with a provider's API key to reach real models.`
  const ends = question.stop.map((word) => whole.indexOf(word)).filter((at) => at >= 0)
  const pieces = piecesOf(whole.slice(0, Math.min(whole.length, ...ends)))
  return pieces.length > question.limit
    ? { pieces: pieces.slice(0, question.limit), finish: 'length' }
    : { pieces, finish: 'stop' }
}

/** Usage as a provider reports it, counted from what was really sent and answered. */
export function usageOf(question: SimulatorQuestion, answer: SimulatorAnswer) {
  const prompt = question.texts.reduce(
    (sum, text) => sum + piecesOf(text).length + FRAME_TOKENS,
    FRAME_TOKENS,
  )
  const completion = answer.pieces.length * question.choices
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  }
}

/** Words, numbers and signs with the blank before them: close to what tokenizers do, without a vocabulary. */
const PIECE = /\s*(?:[A-Za-z]{1,12}|\d{1,3}|[\p{L}\p{M}]{1,2}|\S)/gu

const piecesOf = (text: string): readonly string[] => text.match(PIECE) ?? []

function parse(body: Buffer): Loose | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'))
    return isObject(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isWord = (value: unknown): value is string => typeof value === 'string' && value !== ''

const isWhole = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most

/** A message's text; of content in parts, those that are text. */
function textOf(message: Loose): string {
  const { content } = message
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .filter(isObject)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join(' ')
    .trim()
}
