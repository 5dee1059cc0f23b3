import { Refused } from '../errors.ts'
import type {
  Dialect,
  Estimate,
  EventSays,
  Loose,
  Media,
  Operation,
  ParsedCall,
} from './dialect.ts'
import { formBoundary, readForm } from './forms.ts'
import { choicesOf, count, flag, isObject, kept, modelOf } from './judged.ts'
import { readImageUsage } from './media-usage.ts'
import { readMembers } from './members.ts'
import type { FormBytes } from './multipart.ts'
import { openai } from './openai.ts'

/** OpenAI's images: made, edited and varied. */

const FIELDS: readonly string[] = [
  ...['model', 'prompt', 'n', 'stream', 'size', 'quality', 'partial_images', 'output_format'],
  'svg',
]
const MEMBERS: readonly string[] = [...FIELDS, 'image', 'images', 'mask', 'markup']

/** Of a picture of a million pixels, by OpenAI's table for GPT image models; what it does not name is taken for twice as dear. */
const TOKENS_BY_QUALITY: Readonly<Record<string, number>> = { low: 272, medium: 1_056, high: 4_160 }
const TOKENS_OF_BETTER = 8_320
const PIXELS = 1_024 * 1_024
/** Where the provider chooses the size: the largest of those it chose from before any size could be asked for. */
const USUAL_PIXELS = 1_024 * 1_536
const TOKENS_OF_PARTIAL = 100
/** Of a picture that is looked at closely, as edits do. */
const TOKENS_IN: Estimate = { fair: 4_500, most: 16_384 }
const NOTHING: Estimate = { fair: 0, most: 0 }

/** What a body brings, however it is written. */
interface Brought extends Pick<ParsedCall, 'body' | 'spans' | 'isForm'> {
  readonly pictures: number
  /** Bytes of the body that are no pictures. */
  readonly textBytes: number
}

/** How an operation may be written. */
interface Written {
  readonly form: boolean
  readonly json: boolean
}

function images(operation: Operation, written: Written): Dialect {
  return {
    ...openai,
    operation,
    contentMember: 'data',
    limitEdits: () => [],
    readUsage: readImageUsage,
    readEvent,
    ...(written.form && { readsForms: true }),
    parseCall(payload, _path, headers, gaps) {
      const boundary = formBoundary(headers)
      const brought = broughtIn({ payload, boundary, gaps }, written)
      const body = brought.body()
      refuseSecondModel(body)
      const n = choicesOf(body, 'n')
      const output = outputOf(body)
      return {
        model: modelOf(body.model),
        stream: flag(body, 'stream'),
        outputLimit: output.most,
        // It is no limit that could be lowered.
        leastOutput: output.most,
        choices: n,
        body: brought.body,
        spans: brought.spans,
        isForm: brought.isForm === true,
        media: mediaOf(brought, { n, output }),
      }
    },
  }
}

/** `boundary`: that of a form; `undefined`: it is JSON. */
type BodyBytes = Omit<FormBytes, 'boundary'> & { readonly boundary: string | undefined }

function broughtIn({ payload, boundary, gaps }: BodyBytes, written: Written): Brought {
  if (boundary !== undefined && written.form) {
    const form = readForm({ payload, boundary, gaps }, FIELDS)
    const { body, spans, files, textBytes } = form
    return { body, spans, isForm: true, pictures: files, textBytes }
  }
  if (!written.json) throw new Refused('invalid_request', 'send multipart/form-data here')
  if (boundary !== undefined) throw new Refused('invalid_request', 'send application/json here')
  const { body, spans } = readMembers(payload, MEMBERS)
  const found = [body.image, body.images, body.mask, body.markup].flat().filter(isGiven)
  refuseStored(found)
  const pictureBytes = found.reduce((sum: number, one) => sum + lengthOf(one), 0)
  const textBytes = Math.max(0, payload.length - pictureBytes)
  return { body: kept(payload, body), spans, pictures: found.length, textBytes }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

/** The address of a picture, which may hold all of it. */
function lengthOf(picture: unknown): number {
  const url = isObject(picture) ? picture.image_url : picture
  const text = isObject(url) ? url.url : url
  return typeof text === 'string' ? text.length : 0
}

/** A file that a provider keeps may be anybody's. */
function refuseStored(pictures: readonly unknown[]): void {
  if (!pictures.some((one) => isObject(one) && isGiven(one.file_id))) return
  throw new Refused(
    'object_not_found',
    'file_id names nothing that this gateway keeps: send the picture as a data URL in image_url',
  )
}

/** It would be used without being asked about, and charged at another model's price. */
function refuseSecondModel({ svg, output_format }: Loose): void {
  if (!isGiven(svg) && output_format !== 'svg') return
  throw new Refused(
    'unsupported_parameter',
    'svg is not offered here, because a second model writes it: ask for png, webp or jpeg',
  )
}

function outputOf(body: Loose): Estimate {
  const { size, quality } = body
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(String(size)) ?? []
  const pixels = width === undefined ? USUAL_PIXELS : Number(width) * Number(height)
  const partial = (count(body, 'partial_images', 0) ?? 0) * TOKENS_OF_PARTIAL
  const tokens = (ofMillion: number) => Math.ceil((pixels / PIXELS) * ofMillion) + partial
  if (isGiven(quality) && quality !== 'auto') {
    const known = tokens(TOKENS_BY_QUALITY[String(quality)] ?? TOKENS_OF_BETTER)
    return { fair: known, most: known }
  }
  return {
    fair: tokens(TOKENS_BY_QUALITY.medium as number),
    most: tokens(TOKENS_BY_QUALITY.high as number),
  }
}

function mediaOf(
  { pictures, textBytes }: Brought,
  { n, output }: { readonly n: number; readonly output: Estimate },
): Media {
  return {
    makes: 'images',
    textBytes,
    attached: { fair: pictures * TOKENS_IN.fair, most: pictures * TOKENS_IN.most },
    seconds: NOTHING,
    output,
    images: n,
  }
}

/** Each picture ends with an event of its own, which has its figures. */
function readEvent({ type, usage, error }: Loose): EventSays {
  const isDone = typeof type === 'string' && type.endsWith('.completed')
  return {
    ends: isDone ? 1 : 0,
    isLast: false,
    usage: isDone && isObject(usage) ? usage : undefined,
    adds: true,
    isError: type === 'error' || isObject(error),
  }
}

export const IMAGES: readonly Dialect[] = [
  images('images/generations', { form: false, json: true }),
  images('images/edits', { form: true, json: true }),
  images('images/variations', { form: true, json: false }),
]
