import type { Loose, Named } from './dialect.ts'
import { isObject } from './judged.ts'
import { isInBucket, isKeptByGoogle } from './kept-by-google.ts'

/**
 * Finds what bodies name that a provider keeps, where the dialects have it: nowhere else, since arguments of tools may well
 * have a member `file_id` of their own. Contents that are texts, as most are, name nothing.
 */

type Found = Named[] | undefined

/** Files in the messages of a chat. */
export function namedInChat(messages: unknown): Found {
  if (!Array.isArray(messages)) return undefined
  let found: Found
  for (const message of messages) {
    const content = message?.content
    if (!Array.isArray(content)) continue
    for (const part of content) {
      if (isObject(part?.file)) found = file(found, part.file.file_id)
      else if (isObject(part?.image_url)) found = ofBucket(found, part.image_url.url)
    }
  }
  return found
}

/** Clouds read buckets with the rights of whoever pays, not of who asks. */
function ofBucket(before: Found, url: unknown): Found {
  return typeof url === 'string' && isInBucket(url) ? file(before, url) : before
}

/** Of Gemini's: files that Google keeps, caches and stores. */
export function namedInContents(body: Loose): Found {
  const { contents, tools } = body
  // Its parser takes every member in two spellings.
  let found = named(undefined, { kind: 'cached content', id: body.cachedContent })
  found = named(found, { kind: 'cached content', id: body.cached_content })
  found = inContents(found, contents)
  found = inContents(found, body.systemInstruction)
  found = inContents(found, body.system_instruction)
  for (const tool of listOf(tools)) {
    if (isObject(tool)) found = inSearch(inSearch(found, tool.fileSearch), tool.file_search)
  }
  return found
}

function inSearch(before: Found, search: unknown): Found {
  if (!isObject(search)) return before
  return inStores(inStores(before, search.fileSearchStoreNames), search.file_search_store_names)
}

function inStores(before: Found, ids: unknown): Found {
  let found = before
  for (const id of listOf(ids)) found = named(found, { kind: 'vector store', id })
  return found
}

/** Google's parser takes one where a list is due. */
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? NOTHING : [value]

const NOTHING: readonly unknown[] = []

function inContents(before: Found, contents: unknown): Found {
  let found = before
  for (const content of listOf(contents)) {
    if (isObject(content)) found = inContentParts(found, content.parts)
  }
  return found
}

function inContentParts(before: Found, parts: unknown): Found {
  let found = before
  for (const part of listOf(parts)) {
    if (!isObject(part)) continue
    found = inKeptFile(inKeptFile(found, part.fileData), part.file_data)
    found = inResult(inResult(found, part.functionResponse), part.function_response)
  }
  return found
}

const inResult = (before: Found, result: unknown): Found =>
  isObject(result) ? inContentParts(before, result.parts) : before

function inKeptFile(before: Found, kept: unknown): Found {
  if (!isObject(kept)) return before
  let found = before
  for (const uri of [kept.fileUri, kept.file_uri])
    if (typeof uri === 'string' && isKeptByGoogle(uri)) found = file(found, uri)
  return found
}

/** Of Anthropic's: files in blocks, and in blocks of results; and where code is to run. */
export function namedInMessages({ messages, container }: Loose): Found {
  const id = isObject(container) ? container.id : container
  let found = named(undefined, { kind: 'container', id })
  if (!Array.isArray(messages)) return found
  for (const message of messages) found = inBlocks(found, message?.content, 2)
  return found
}

function inBlocks(before: Found, blocks: unknown, depth: number): Found {
  if (!Array.isArray(blocks) || depth === 0) return before
  let found = before
  for (const block of blocks) {
    if (!isObject(block)) continue
    if (isObject(block.source)) {
      found = file(found, block.source.file_id, block.type === 'image')
      // A document of blocks.
      found = inBlocks(found, block.source.content, depth - 1)
    } else if (block.type === 'container_upload') found = file(found, block.file_id)
    else if (block.content !== undefined) found = inBlocks(found, block.content, depth - 1)
  }
  return found
}

/** Whatever a call of Responses names. */
export function namedInResponses(body: Loose): Found {
  const { previous_response_id, conversation, prompt, tools } = body
  let found = named(undefined, { kind: 'response', id: previous_response_id })
  const id = isObject(conversation) ? conversation.id : conversation
  found = named(found, { kind: 'conversation', id })
  found = inItems(found, body.input)
  if (Array.isArray(tools)) for (const tool of tools) found = inTool(found, tool)
  if (!isObject(prompt) || !isObject(prompt.variables)) return found
  return inParts(found, Object.values(prompt.variables))
}

/** Files in items of Responses. */
export const namedInItems = (items: unknown): Found => inItems(undefined, items)

function inItems(before: Found, items: unknown): Found {
  if (!Array.isArray(items)) return before
  let found = before
  for (const item of items) {
    if (!isObject(item)) continue
    if (refersToItem(item)) found = named(found, { kind: 'item', id: item.id })
    found = inParts(found, item.content)
    const { output } = item
    found = inParts(found, isObject(output) ? [output] : output)
  }
  return found
}

/** Instead of an item, its id; the type may be left out. A picture is there whole, or known to its provider alone. */
const refersToItem = ({ type, role, result }: Loose): boolean =>
  type === 'item_reference' ||
  ((type === undefined || type === null) && role === undefined) ||
  (type === 'image_generation_call' && typeof result !== 'string')

function inParts(before: Found, parts: unknown): Found {
  if (!Array.isArray(parts)) return before
  let found = before
  for (const part of parts) {
    if (!isObject(part)) continue
    found = file(found, part.file_id, IMAGES.has(part.type))
  }
  return found
}

const IMAGES = new Set<unknown>(['input_image', 'computer_screenshot'])

/** Where code runs, with which files; and what of a picture is to be painted. */
function inTool(before: Found, tool: unknown): Found {
  if (!isObject(tool)) return before
  const { container, environment, input_image_mask } = tool
  let found = named(before, { kind: 'container', id: container })
  found = inStores(found, tool.vector_store_ids)
  if (isObject(environment))
    found = named(found, { kind: 'container', id: environment.container_id })
  if (isObject(input_image_mask)) found = file(found, input_image_mask.file_id, true)
  for (const place of [container, environment]) {
    if (!isObject(place) || !Array.isArray(place.file_ids)) continue
    for (const id of place.file_ids) found = file(found, id)
  }
  return found
}

const file = (before: Found, id: unknown, isImage = false): Found =>
  named(before, { kind: 'file', id, isImage })

interface Candidate {
  readonly kind: Named['kind']
  readonly id: unknown
  readonly isImage?: boolean
}

function named(before: Found, { kind, id, isImage = false }: Candidate): Found {
  // What is no text is no id: its provider says so.
  if (typeof id !== 'string' || id === '') return before
  const found = before ?? []
  found.push({ kind, id, isImage })
  return found
}
