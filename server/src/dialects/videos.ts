import { Refused } from '../errors.ts'
import type { Dialect, Loose, Named, Operation, ParsedCall, PathSays } from './dialect.ts'
import { formBoundary, readForm, refuseLong } from './forms.ts'
import { isObject, kept, modelOf } from './judged.ts'
import { readMembers } from './members.ts'
import { type FormBytes, type Gap, type Part, partsOf } from './multipart.ts'
import { openai } from './openai.ts'

/** OpenAI's videos: made of a text, and of another video. What is charged is how long they are, and of which size. */

const FIELDS: readonly string[] = ['model', 'prompt', 'seconds', 'size', 'n']
const MEMBERS: readonly string[] = [...FIELDS, 'input_reference', 'video']
/** Where the caller names no length. */
const USUAL_SECONDS = 4
/** Longer ones nobody makes, and a mistyped number shall not cost a fortune. */
const MOST_SECONDS = 3_600
const SECONDS = /^[1-9]\d{0,3}$/
const SIZE = /^[1-9]\d{1,4}x[1-9]\d{1,4}$/

/** A body, however it is written. */
interface Written extends Pick<ParsedCall, 'body' | 'spans'> {
  readonly said: Loose
  readonly isForm: boolean
  /** Ids in fields of a form. */
  readonly named: NamedInForm
}

const videos = (operation: Operation, judge: (written: Written, path: PathSays) => Judged) =>
  ({
    ...openai,
    operation,
    // All that it answers with has one.
    contentMember: 'id',
    limitEdits: () => [],
    readUsage: () => undefined,
    readIssued: ({ id }) => (typeof id === 'string' && id !== '' ? [{ kind: 'video', id }] : []),
    readsForms: true,
    parseCall(payload, path, headers, gaps): ParsedCall {
      const written = writtenIn(payload, headers, gaps)
      const { model, job, names } = judge(written, path)
      return {
        ...{ model, job, names, stored: true, stream: false },
        ...{ outputLimit: 0, leastOutput: 0, choices: 1 },
        ...{ body: written.body, spans: written.spans, isForm: written.isForm },
      }
    },
  }) satisfies Dialect

type Judged = Pick<ParsedCall, 'model' | 'job' | 'names'>

/** @throws Refused `invalid_request` */
function writtenIn(
  payload: Buffer,
  headers: readonly string[],
  gaps: readonly Gap[] | undefined,
): Written {
  const boundary = formBoundary(headers)
  if (boundary === undefined) {
    const { body, spans } = readMembers(payload, MEMBERS)
    return { body: kept(payload, body), spans, said: body, isForm: false, named: {} }
  }
  const form = { payload, boundary, gaps }
  const { body, spans } = readForm(form, FIELDS)
  return { body, spans, said: body(), isForm: true, named: namedInForm(form) }
}

/** What a form names in fields that are written like members of an object. */
interface NamedInForm {
  readonly video?: string
  readonly file?: string
}

const FIELDS_OF: ReadonlyMap<string, keyof NamedInForm | 'url'> = new Map([
  ['video[id]', 'video'],
  ['input_reference[file_id]', 'file'],
  ['input_reference[image_url]', 'url'],
])

/** @throws Refused for other spellings, which a provider may read all the same, and for a film of the caller's own. */
function namedInForm(form: FormBytes): NamedInForm {
  const found: { [name in keyof NamedInForm | 'url']?: string } = {}
  for (const part of partsOf(form)) {
    const [base = ''] = part.name.toLowerCase().split('[', 1)
    if (base !== 'video' && base !== 'input_reference') continue
    if (part.isFile && part.name === 'input_reference') continue
    const field = FIELDS_OF.get(part.name)
    if (part.isFile || field === undefined || found[field] !== undefined) {
      if (base === 'video') throw notUploaded()
      throw new Refused('invalid_request', 'input_reference must be a file, or name one once')
    }
    found[field] = field === 'url' ? '' : wordIn(form.payload, part)
  }
  return found
}

function wordIn(payload: Buffer, part: Part): string {
  refuseLong(part)
  return payload.toString('utf8', part.start, part.end)
}

function makes({ said, named }: Written): Judged {
  const { input_reference: reference, seconds } = said
  const fileId = isObject(reference) ? reference.file_id : named.file
  const names: readonly Named[] | undefined =
    typeof fileId === 'string' && fileId !== ''
      ? [{ kind: 'file', id: fileId, isImage: true }]
      : undefined
  const length = seconds === undefined ? USUAL_SECONDS : secondsOf(seconds)
  refuseMany(said)
  return {
    model: modelOf(said.model),
    job: { kind: 'video', seconds: length, size: sizeOf(said.size) },
    names,
  }
}

/** What is made of another video has its model and size: others would be charged at the wrong price. */
const remakes =
  (isLonger: boolean) =>
  (written: Written, path: PathSays): Judged => {
    const { said } = written
    refuseMany(said)
    for (const name of isLonger ? ['model', 'size'] : ['model', 'size', 'seconds']) {
      if (said[name] === undefined) continue
      throw new Refused('unsupported_parameter', `leave out ${name}: it is that of the video`)
    }
    const from = path.id ?? written.named.video ?? idOf(said.video)
    return {
      model: '',
      job: { kind: 'video', seconds: isLonger ? secondsOf(said.seconds) : 0, size: '', from },
      names: [{ kind: 'video', id: from, isImage: false }],
    }
  }

function idOf(video: unknown): string {
  const id = isObject(video) ? video.id : undefined
  if (typeof id === 'string' && id !== '') return id
  throw notUploaded()
}

/** How long it is, and so what it costs, nobody would know. */
const notUploaded = () =>
  new Refused('invalid_request', 'video must name one that was made here: {"id": "video_..."}')

function secondsOf(said: unknown): number {
  const text = typeof said === 'number' ? String(said) : said
  const seconds = typeof text === 'string' && SECONDS.test(text) ? Number(text) : 0
  if (seconds >= 1 && seconds <= MOST_SECONDS) return seconds
  throw new Refused(
    'invalid_request',
    `seconds must be a whole number from 1 to ${MOST_SECONDS}, such as "8"`,
  )
}

/** In one spelling, since its price is looked up by it. */
function sizeOf(said: unknown): string {
  if (said === undefined) return ''
  if (typeof said === 'string' && SIZE.test(said)) return said
  throw new Refused('invalid_request', 'size must be width x height in pixels, such as "1280x720"')
}

/** Each would have to be paid. */
function refuseMany({ n }: Loose): void {
  if (n === undefined || n === 1) return
  throw new Refused('unsupported_parameter', 'n is not offered for videos: ask for one at a time')
}

export const VIDEOS: readonly Dialect[] = [
  videos('videos', makes),
  videos('videos/remix', remakes(false)),
  videos('videos/edits', remakes(false)),
  videos('videos/extensions', remakes(true)),
]
